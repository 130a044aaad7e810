"""A `result.json` that is not what it should be is refused by every command that reads it, in one sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rlnas.cli.main import main
from rlnas.spaces import load_space
from rlnas.study import StudySettings

SPACE = load_space("mlp")
NAMES = [architecture.id for architecture in SPACE][:2]
SETTINGS = StudySettings(
    env="CartPole-v1", space=SPACE.to_dict(), strategy="random", steps=64, train_steps=64, top_k=2, baselines=()
)

COMMANDS = {
    "report": ["report", "RUN"],
    "resume": ["resume", "RUN"],
    "export": ["export", "RUN", "--to", "torch"],
    "evaluate": ["evaluate", "RUN"],
    "play": ["play", "RUN", "--video", "games.gif"],
    "compare": ["compare", "--table", "minatar-breakout", "--searches", "RUN"],
}


def result() -> dict[str, Any]:
    """A result of a study of two networks."""
    score = {"status": "done", "reason": "", "steps": 64, "episodes": 3, "total_reward": 1.5, "reward_mean": 1.0}
    costs = {"parameters": 10, "multiply_adds": 20, "total_reward": 1.5, "reward_mean": 1.0}
    kind = {"space": "mlp", "baseline": False, "candidate": True, "proxy": 1.5, **costs}
    return {
        "schema": 1,
        **{"env": "CartPole-v1", "space": "mlp", "strategy": "random", "seed": 0, "steps": 64, "train_steps": 64},
        "best": NAMES[0],
        "architectures": [
            {"name": name, "architecture": dict(SPACE.architecture(name)), **kind, "trials": [{"seed": 1, **score}]}
            for name in NAMES
        ],
        "remarks": [],
        "ranking": [{"architecture": name, "proxy": 1.5} for name in NAMES],
        "search": {"fit_steps": 0, "evaluated_architectures": 0, "evaluation_steps": 0},
    }


def changed(*place: Any, to: Any = None, gone: bool = False) -> str:
    """The result as JSON, with another value in a place, or none."""
    data = at = result()
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = to
    if gone:
        del at[place[-1]]
    return json.dumps(data)


TRIAL = ("architectures", 1, "trials", 0)
FAULTS: dict[str, Callable[[], str]] = {
    "no JSON": lambda: "{",
    "a list": lambda: "[]",
    "another schema": lambda: changed("schema", to=9),
    "a text as a number": lambda: changed(*TRIAL, "steps", to="64"),
    "a number as a text": lambda: changed("env", to=3),
    "a list as a network": lambda: changed("architectures", 1, to=[]),
    "no trials": lambda: changed("architectures", 1, "trials", to=[]),
    "no score": lambda: changed(*TRIAL, "total_reward", gone=True),
    "no search": lambda: changed("search", gone=True),
    "no proxy": lambda: changed("ranking", 0, "proxy", gone=True),
    "a best that was not trained": lambda: changed("best", to="k=1"),
    "a network twice": lambda: changed("architectures", 1, to=result()["architectures"][0]),
    "a confirmation of an unknown network": lambda: changed("confirmation", to=[{"name": "k=1", "trials": []}]),
    "a score of 400 digits": lambda: changed(*TRIAL, "total_reward", to=10**400),
    "a seed of 5,000 digits": lambda: changed(*TRIAL, "seed", to=7).replace('"seed": 7', '"seed": ' + "9" * 5000),
    "more steps than 64 bits hold": lambda: changed(*TRIAL, "steps", to=2**70),
    "infinity": lambda: changed("ranking", 0, "proxy", to=7.25).replace("7.25", "1e999"),
    "not a number": lambda: changed("ranking", 0, "proxy", to=7.25).replace("7.25", "NaN"),
    "deep lists": lambda: changed("remarks", to="deep").replace('"deep"', "[" * 5000 + "]" * 5000),
    "deep objects": lambda: changed("limits", to="deep").replace('"deep"', '{"a":' * 150 + "1" + "}" * 150),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_result_that_is_not_what_it_should_be_is_refused(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    (run / "study.json").write_text(SETTINGS.model_dump_json())
    for fault, text in FAULTS.items():
        (run / "result.json").write_text(text())
        with pytest.raises(SystemExit) as end:
            main([str(run) if word == "RUN" else word for word in COMMANDS[command]])
        said = capsys.readouterr()
        assert end.value.code == 2, fault
        assert len(said.err.strip().splitlines()) == 1, (fault, said.err)
        assert str(run) in said.err, fault
        assert len(said.err) < 1000, fault
        assert sorted(path.name for path in run.iterdir() if path.name != ".lock") == ["result.json", "study.json"]


def test_the_result_without_a_fault_is_reported(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text(SETTINGS.model_dump_json())
    (tmp_path / "result.json").write_text(json.dumps(result()))
    main(["report", str(tmp_path)])
    assert (tmp_path / "report.html").exists()
