"""Bad input to `rlnas table` and `rlnas compare` gets one clear sentence and exit code 2; nothing is written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from rlnas.spaces import load_space
from rlnas.table import StoredSearch, write_searches
from rlnas.table.files import write_table

from .test_refuses import refuse

SPACE = load_space("minatar-1")
BUILD = ["table", "build", "--env", "MinAtar/Breakout-v1", "--space", "minatar-1", "--steps", "1k"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    row = {
        "seed": 1,
        "status": "done",
        "reason": "",
        "steps": 100,
        "episodes": 9,
        "budgets": [50, 100],
        "total_reward": [1.0, 2.0],
        "reward_mean": [1.0, 1.5],
        "parameters": 1,
        "multiply_adds": 2,
        "measured_inference_ms": 0.1,
        "measured_training_ms": 0.2,
        "measured_wall_seconds": 3.0,
    }
    path = tmp_path / "made.parquet"
    rows = [{"architecture": architecture.id, **row} for architecture in SPACE]
    write_table(path, rows, {"env": "MinAtar/Breakout-v1", "space": SPACE.to_dict(), "steps": 100, "seeds": [1]})
    return path


@pytest.mark.parametrize(
    ("arguments", "parts"),
    [
        (["--env", "MinAtar/Brakeout-v1"], ["'MinAtar/Brakeout-v1'", "Did you mean 'MinAtar/Breakout-v"]),
        (["--space", "paper-1"], ["(4, 84, 84)", "(4, 10, 10)"]),
        (["--steps", "0"], ["steps", "'0'"]),
        (["--seeds", "0"], ["seeds must be a whole number from 1 to 10,000, not '0'"]),
        (["--first-seed", "-1"], ["-1"]),
        (["--seeds", str(10**12)], ["seeds must be a whole number from 1 to 10,000, not '1000000000000'"]),
        (["--architectures", "k1=1,k2=1", "k1=1,k2=1"], ["architectures must be a list of names, each named once"]),
        (["--architectures", "k1=1,k2=3", "k2=3,k1=1"], ["architecture 'k1=1,k2=3' is named twice"]),
        (["--architectures", "k1=9,k2=1"], ["'9'", "Allowed: 1, 2, 3, 4, 5"]),
        (["--baselines", "nature-cnn"], ["(4, 84, 84)"]),
        (["--workers", "0"], ["workers", "0"]),
        (["--ppo-options", "clp=0.1"], ["Did you mean 'clip'?"]),
    ],
)
def test_bad_build_arguments(
    arguments: list[str], parts: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    message = refuse(capsys, [*BUILD, "--out", str(tmp_path / "run"), *arguments])
    assert all(part in message for part in parts), message
    assert not (tmp_path / "run").exists()


def test_a_space_too_large_for_a_table(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = ["table", "build", "--env", "ALE/Breakout-v5", "--space", "paper-large", "--steps", "1k", "--out"]
    assert "512,000,000,000 architectures" in refuse(capsys, [*run, str(tmp_path / "run")])
    assert not (tmp_path / "run").exists()


def test_bad_tables(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "unknown table 'minatar-brakeout'" in refuse(capsys, ["table", "show", "minatar-brakeout"])
    assert "cannot be read" in refuse(capsys, ["table", "show", str(tmp_path / "none.parquet")])
    assert "its budgets are 50, 100" in refuse(capsys, ["table", "show", str(table), "--budget", "70"])
    assert "merge needs tables" in refuse(capsys, ["table", "merge", "--out", str(tmp_path / "a.parquet")])
    assert "ends in .parquet" in refuse(capsys, ["table", "merge", str(table), "--out", str(tmp_path / "a.csv")])
    assert "study.json" in refuse(capsys, ["table", "collect", str(tmp_path), "--out", str(tmp_path / "a.parquet")])
    assert "exists already" in refuse(capsys, ["table", "measure", str(table), "--out", str(table)])
    data = bytearray(table.read_bytes())
    data[100] ^= 1
    table.write_bytes(bytes(data))
    measure = ["table", "measure", str(table), "--out", str(tmp_path / "a.parquet")]
    for command in (["table", "show", str(table)], ["compare", "--table", str(table)], measure):
        assert "its checksum does not fit" in refuse(capsys, command)
    assert not list(tmp_path.glob("a.*"))


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--searches", "none"], "none"),
        (["--strategies", "spso"], "spso"),
        (["--budget", "70"], "70"),
        (["--top-k", "0"], "0"),
        (["--repeats", "0"], "0"),
        (["--save-searches", "a.txt"], "a new file that ends in .json"),
        (["--top-k", "26"], "at most 25, the architectures compared, not 26"),
        (["--seeds", "1", "9"], "no runs with seed 9"),
    ],
)
def test_bad_comparisons(
    arguments: list[str], part: str, table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert part in refuse(capsys, ["compare", "--table", str(table), "--out", str(out), *arguments])
    assert not out.exists()


def test_several_tables_that_cannot_be_compared(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "more").mkdir()
    twin = shutil.copy(table, tmp_path / "more" / table.name)
    out = tmp_path / "out"
    command = ["compare", "--out", str(out), "--table", str(table)]
    assert "need files of different names: 'made' (breakout-v1-minatar-1), 'made'" in refuse(
        capsys, [*command, str(twin)]
    )
    assert "unknown table 'minatar-brakeout'" in refuse(capsys, [*command, "minatar-brakeout"])
    assert "--table is given 2 times" in refuse(capsys, [*command, "--table", "minatar-breakout"])
    assert "name at least one table" in refuse(capsys, ["compare", "--table"])
    assert "minatar-freeway: " in refuse(capsys, [*command, "minatar-freeway", "--budget", "50"])
    (tmp_path / "empty.json").write_text(json.dumps({"schema": 1, "searches": []}))
    searches = [*command, "minatar-freeway", "--searches"]
    assert "there is no search in" in refuse(capsys, [*searches, str(tmp_path / "empty.json")])
    search = StoredSearch(strategy="spos", seed=1, env="MinAtar/Asterix-v1", space="minatar-1", steps=9, cost_steps=9,
                          ranking=(("k1=1,k2=1", 1.0),))  # fmt: skip
    write_searches(tmp_path / "asterix.json", [search])
    assert "its environment is 'MinAtar/Asterix-v1'" in refuse(capsys, [*searches, str(tmp_path / "asterix.json")])
    assert not out.exists()
    out.mkdir()
    (out / "overview").write_text("precious")
    assert "overview' is a file: name a folder" in refuse(capsys, [*command, "minatar-freeway"])
    assert [entry.name for entry in out.iterdir()] == ["overview"]


def test_searches_of_another_game_or_damaged(table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    search = StoredSearch(strategy="spos", seed=1, env="MinAtar/Asterix-v1", space="minatar-1", steps=9, cost_steps=9,
                          ranking=(("k1=1,k2=1", 1.0),))  # fmt: skip
    write_searches(tmp_path / "asterix.json", [search])
    command = ["compare", "--table", str(table), "--out", str(tmp_path / "out"), "--searches"]
    assert "MinAtar/Asterix-v1" in refuse(capsys, [*command, str(tmp_path / "asterix.json")])
    (tmp_path / "empty.json").write_text(json.dumps({"schema": 1, "searches": []}))
    assert "there is no search in" in refuse(capsys, [*command, str(tmp_path / "empty.json")])
    (tmp_path / "searches.json").write_text(json.dumps({"schema": 99}))
    assert "searches.json" in refuse(capsys, [*command, str(tmp_path / "searches.json")])
    assert not (tmp_path / "out").exists()


def test_a_comparison_is_not_written_over_a_file(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").write_text("precious")
    command = ["compare", "--table", str(table), "--out", str(tmp_path / "out")]
    assert "is a file: name a folder to write to" in refuse(capsys, command)
    assert (tmp_path / "out").read_text() == "precious"
