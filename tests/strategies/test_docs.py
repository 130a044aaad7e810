"""The strategies that docs/tutorial-strategy.md and docs/tutorial-halving.md show work."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import rlnas
from rlnas.cli.main import main
from rlnas.spaces import load_space
from rlnas.strategies import STRATEGIES, check_strategy, drive
from rlnas.study import StudySettings, run_study
from rlnas.study.results import search_of_run
from rlnas.table import TableRunner, load
from rlnas.trials.inline import InlineBackend
from rlnas.trials.progress import Progress

DOCS = Path(__file__).parents[2] / "docs"


def snippets(page: str) -> list[str]:
    return re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_a_strategy_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, check = snippets("tutorial-strategy.md")
    (tmp_path / "climb.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    try:
        exec(check, {})
        found = rlnas.search(
            "MinAtar/Breakout-v1",
            "minatar-1",
            "climb",
            1,
            table="minatar-breakout",
            strategy_options={"trainings": 6},
            imports=["climb"],
            out=tmp_path / "run",
        )
        assert len(found.ranking) == 6
        assert [proxy for _, proxy in found.ranking] == sorted((proxy for _, proxy in found.ranking), reverse=True)
        # As in a process that has not imported it yet.
        STRATEGIES.pop("climb")
        monkeypatch.delitem(sys.modules, "climb")
        assert rlnas.resume(tmp_path / "run", imports=["climb"]).ranking == found.ranking
        main(["list", "strategies"])
        assert re.search(r"^climb *$", capsys.readouterr().out, re.MULTILINE)  # it has no docstring
        judged = rlnas.compare(
            "minatar-breakout", strategies=["climb", "spos"], strategy_options={"trainings": "6"}, repeats=2
        )
        climb, spos = judged.views["total_reward"].strategies
        assert (climb.label, spos.label) == ("climb (trainings=6)", "spos")
        assert {search.cost for search in climb.searches} == {6 * 5 * 200_000}
    finally:
        STRATEGIES.pop("climb", None)


@pytest.fixture
def halving() -> Iterator[str]:
    (code,) = snippets("tutorial-halving.md")
    exec(code, {})
    yield "halving"
    STRATEGIES.pop("halving")


def test_successive_halving_on_a_table(halving: str) -> None:
    make = STRATEGIES[halving][0]
    check_strategy(make)
    table = load("minatar-breakout")
    runner = TableRunner(table, budget="200k", metric="total_reward", seeds=table.seeds)
    drive(strategy := make(table.space, 0, 1), runner)
    assert len(strategy.rank()) == 2
    # 8 to 20k and 4 to 60k with one seed; 2 to 200k with all five.
    assert runner.clock == 8 * 20_000 + 4 * 40_000 + 2 * (140_000 + 4 * 200_000)


class Stop(BaseException):
    pass


def test_successive_halving_live(halving: str, tmp_path: Path) -> None:
    settings = StudySettings(
        env="MinAtar/Breakout-v1",
        space=load_space("minatar-1").to_dict(),
        env_settings={"num_envs": 4},
        algorithm_options={"rollout_steps": 16, "minibatches": 2, "epochs": 1},
        strategy=halving,
        strategy_options={"pause": 100},
        steps=1,
        train_steps=512,
        checkpoint_steps=128,
        train_seeds=2,
        top_k=2,
        baselines=(),
    )
    told: list[Progress] = []
    result = run_study(tmp_path / "whole", settings, InlineBackend(told.append))
    assert len(result.ranking) == len(result.networks) == 2
    assert [entry.proxy for entry in result.ranking] == [result.network(e.architecture).score for e in result.ranking]
    # Pauses at 100 and 300 steps fall on the checkpoints at 128 and 384.
    assert result.search.training_steps == 8 * 128 + 4 * 256 + 2 * (128 + 512)
    assert sum(progress.finished for progress in told) == 8 + 4 + 2 * 2 + 2 * 2  # the last are there already
    assert len(list((tmp_path / "whole/trials").glob("*/*/result.json"))) == 4

    def stop(progress: Progress) -> None:
        if progress.done > 256:
            raise Stop

    with pytest.raises(Stop):
        run_study(tmp_path / "torn", settings, InlineBackend(stop))
    assert run_study(tmp_path / "torn", settings, InlineBackend()) == result
    assert (tmp_path / "torn/result.json").read_bytes() == (tmp_path / "whole/result.json").read_bytes()
    search = search_of_run(tmp_path / "whole")
    assert (search.cost_steps, search.trained) == (result.search.training_steps, ())
