"""Results show themselves in a line, and in notebooks as a small table."""

from pathlib import Path

import pytest

import rlnas
from rlnas import SearchResult, TrainingResult
from rlnas.experiments import Evaluation, Film, ReproductionResult

RESULT = {
    "env": "X-v0",
    "space": "<b>mine</b>",
    "strategy": "spos",
    "best": "k=3",
    "architectures": [{"name": "k=3", "total_reward": 1 / 3}] * 500,
    "ranking": [],
}
TRAINED = {"architecture": "k=3", "seed": 1, "total_reward": None}


@pytest.fixture(scope="module")
def compared():
    return rlnas.compare("minatar-breakout", repeats=5)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (SearchResult(Path("run"), RESULT), "best='k=3', total_reward=0.3333, path='run')"),
        (TrainingResult(Path("run"), TRAINED), "TrainingResult(architecture='k=3', seed=1, total_reward=None"),
        (Evaluation("k=3", [1.0, 2.0] * 500, [1] * 1000), "games=1000, mean_return=1.5)"),
        (Film("k=3", [1.0], [1], Path("x.gif"), 30, 2), "video='x.gif', fps=30, frames=2)"),
    ],
)
def test_results_are_one_line(result, said):
    assert said in repr(result)
    assert len(repr(result)) < 300
    assert "<b>" not in result._repr_html_()
    assert result._repr_html_().startswith("<table><caption>")


def test_a_comparison_and_its_parts_are_one_line(compared):
    view = compared.views["total_reward"]
    several = ReproductionResult(Path("all"), {Path("all/a"): compared}, ())
    for part in (compared, view, view.random, view.random.found[0], several):
        assert len(repr(part)) < 500
        assert "\n" not in repr(part)
        assert 50 < len(part._repr_html_()) < 2_000
    assert "Comparison(table='minatar-breakout', env='MinAtar/Breakout-v1'" in repr(compared)
    assert "comparisons='a'" in repr(several)
