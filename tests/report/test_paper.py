"""What the paper printed stands beside a comparison of its spaces and games, and of no others."""

import pytest

from rlnas.report.comparison import report
from rlnas.report.paper import PRINTED, printed
from rlnas.spaces import Space, load_space
from rlnas.table import Table
from rlnas.table.files import write_table

from ..analysis.tables import NAMES, SPACE, quick, row, stored


def papers(path, space: str, env: str) -> Table:
    rows = [row(architecture.id, 1, float(n), float(n)) for n, architecture in enumerate(load_space(space))]
    write_table(path / "paper.parquet", rows, {"env": env, "space": load_space(space).to_dict()})
    return Table.read(path / "paper.parquet")


def test_the_papers_numbers_are_beside_ours(tmp_path):
    found = report(quick(papers(tmp_path, "paper-1", "ALE/Breakout-v5"), []))
    assert "| SPOS | 39.7 ± 18.6 | 144.4 ± 55.0 |" in found.markdown()
    assert "| k2=4,k3=3 (the paper's Nature-CNN) | 57.1 | 157.9 |" in found.markdown()
    assert "What the paper printed" in found.html()
    assert "paper" not in stored(found), "its CSV would say that it was run at our budget"


def test_other_games_and_spaces_have_none(tmp_path, mine):
    assert printed(mine) is None
    assert printed(papers(tmp_path, "paper-1", "ALE/Pong-v5")) is None
    namesake = Space("paper-1", SPACE.input_shape, SPACE.layers)
    write_table(
        tmp_path / "t.parquet", [row(NAMES[0], 1, 1.0, 1.0)], {"env": "ALE/Breakout-v5", "space": namesake.to_dict()}
    )
    assert printed(Table.read(tmp_path / "t.parquet")) is None


@pytest.mark.parametrize(("space", "env"), PRINTED)
def test_the_papers_best_is_an_architecture_of_the_space(space, env):
    best = PRINTED[space, env].best
    assert load_space(space).architecture(best).id == best
