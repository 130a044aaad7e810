"""What `rlnas table show` prints."""

import re
from pathlib import Path

import pytest

from rlnas.cli.main import main
from rlnas.cli.printing import console

from .helpers import NAMES, make_table, row, total


def shown(capsys: pytest.CaptureFixture[str], path: Path) -> list[str]:
    main(["table", "show", str(path)])
    return [re.sub(r"\s+", " ", line).strip() for line in capsys.readouterr().out.splitlines()]


def test_a_mean_needs_every_seed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [row(name, seed) for name in NAMES for seed in (1, 2)]
    best, second, third = NAMES[-1], NAMES[-2], NAMES[-3]
    failed = row(best, 2, status="failed", reason="killed")
    unfinished = row(second, 1, total_reward=[None, None], reward_mean=[None, None])
    replaced = {(entry["architecture"], entry["seed"]): entry for entry in (failed, unfinished)}
    make_table(tmp_path / "holes.parquet", [replaced.get((r["architecture"], r["seed"]), r) for r in rows])
    lines = shown(capsys, tmp_path / "holes.parquet")
    (at,) = [number for number, line in enumerate(lines) if line.startswith("network")]
    mean = (total(22, 1) + total(22, 2)) / 2
    assert lines[at + 1].startswith(f"{third} {mean:.2f} 0.18 ")
    for name in (best, second):
        (line,) = [line for line in lines if line.startswith(name)]
        assert line.startswith(f"{name} - - - 1 of 2 ")
        assert lines.index(line) > lines.index(next(line for line in lines if line.startswith(NAMES[0])))


def test_what_was_written_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in (1, 2):
        make_table(tmp_path / f"{seed}.parquet", [row(name, seed) for name in NAMES], seeds=[seed])
    out = tmp_path / "both.parquet"
    main(["table", "merge", *(str(tmp_path / f"{seed}.parquet") for seed in (1, 2)), "--out", str(out)])
    assert capsys.readouterr().out.splitlines()[-1] == f"Table: {out}"


def test_what_a_network_costs_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "width", 120)  # on a narrower terminal the heads take two lines
    rows = [row(name, seed) for name in NAMES for seed in (1, 2)]
    for entry in rows:
        if entry["architecture"] == NAMES[0]:
            # The least of the runs, 0.25 and 0.5.
            entry |= {"parameters": 1234, "multiply_adds": 56789, "measured_inference_ms": entry["seed"] / 4}
        if entry["architecture"] == NAMES[1]:
            entry["measured_inference_ms"] = None
    make_table(tmp_path / "sized.parquet", rows)
    lines = shown(capsys, tmp_path / "sized.parquet")
    assert next(line for line in lines if line.startswith("network")).endswith("parameters multiply-adds latency")
    assert next(line for line in lines if line.startswith(NAMES[0])).endswith(" 2 1,234 56,789 0.25 ms")
    assert next(line for line in lines if line.startswith(NAMES[1])).endswith(" –")
