"""The strategy that docs/tutorial-strategy.md shows is one."""

import re
import sys
from pathlib import Path

import pytest

import rlnas
from rlnas.cli.main import main
from rlnas.strategies import STRATEGIES

TEXT = (Path(__file__).parents[2] / "docs/tutorial-strategy.md").read_text()


def test_a_strategy_of_ones_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, check = re.findall(r"```python\n(from .*?)```", TEXT, re.DOTALL)
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
        climb, spos = judged.views["total_reward"].contenders
        assert (climb.label, spos.label) == ("climb (trainings=6)", "spos")
        assert {found.cost for found in climb.found} == {6 * 5 * 200_000}
    finally:
        STRATEGIES.pop("climb", None)
