"""`rlnas compare`: what it prints and writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from rlnas.cli.main import main
from rlnas.spaces import load_space
from rlnas.table import StoredSearch, read_searches, write_searches
from rlnas.table.files import MEASURED, write_table

SPACE = load_space("minatar-1")
NAMES = [architecture.id for architecture in SPACE]


def made(path: Path, env: str) -> Path:
    """A table, where `rlnas table build` would write it."""
    shared = {"status": "done", "reason": "", "steps": 100, "episodes": 9, "budgets": [100]}
    shared |= {"parameters": 1, "multiply_adds": 2, **dict.fromkeys(MEASURED)}
    rows = [
        {
            "architecture": name,
            "seed": seed,
            "total_reward": [float(n + seed)],
            "reward_mean": [float(n - seed)],
            **shared,
        }
        for n, name in enumerate(NAMES)
        for seed in (1, 2)
    ]
    path.mkdir()
    write_table(path / "table.parquet", rows, {"env": env, "space": SPACE.to_dict(), "steps": 100, "seeds": [1, 2]})
    return path / "table.parquet"


def search(env: str, seed: int, strategy: str = "spos", **changes: object) -> StoredSearch:
    ranking = [(name, float(-place)) for place, name in enumerate(NAMES)]
    fields = {"env": env, "space": SPACE.name, "steps": 800, "cost_steps": 900, "ranking": ranking}
    return StoredSearch.model_validate({"strategy": strategy, "seed": seed, **fields, **changes})


def test_one_table_has_a_folder_of_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    table = made(tmp_path / "a", "One-v0")
    write_searches(tmp_path / "one.json", [search("One-v0", seed) for seed in (1, 2)])
    few = ["--metrics", "total_reward", "--repeats", "20"]
    main(["compare", "--table", str(table), "--searches", "one.json", "--save-searches", "kept.json", *few])
    said = capsys.readouterr().out
    assert "Comparison: comparison-table/comparison.html" in said
    assert "Overview" not in said
    assert "spos" in said
    assert (tmp_path / "comparison-table" / "comparison.html").exists()
    assert read_searches("kept.json") == read_searches("one.json")


def test_several_tables_are_put_side_by_side(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    tables = [str(made(tmp_path / name, env)) for name, env in (("a", "One-v0"), ("b", "Two-v0"))]
    # Two budgets, and a strategy that one of the tables lacks.
    searches = [search("One-v0", 1), search("Two-v0", 1, steps=700), search("Two-v0", 1, "enas")]
    write_searches(tmp_path / "both.json", searches)
    few = ["--metrics", "total_reward", "--repeats", "20", "--strategies", "spos", "enas"]
    main(["compare", "--table", *tables, "--searches", "both.json", *few])
    said = capsys.readouterr().out
    # Both files are called table.parquet, so their folders are called by where they were made.
    folders = ["one-v0-minatar-1", "two-v0-minatar-1"]
    for folder in folders:
        assert f"Comparison: comparisons/{folder}/comparison.html" in said
        assert (tmp_path / "comparisons" / folder / "table-1.csv").exists()
    assert "Overview: comparisons/overview/overview.html" in said
    text = (tmp_path / "comparisons" / "overview" / "overview.md").read_text()
    assert "Searches of 800 steps.](../one-v0-minatar-1/comparison.md)" in text
    assert "Searches of 700 and 800 steps.](../two-v0-minatar-1/comparison.md)" in text
    (line,) = [line for line in text.splitlines() if line.startswith("| enas | total reward")]
    assert line.split(" | ")[2] == "–"
    assert sorted(path.name for path in (tmp_path / "comparisons").iterdir()) == sorted([*folders, "overview"])


def test_an_empty_folder_name_is_not_the_folder_at_hand(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for tables in (["minatar-breakout"], ["minatar-breakout", "minatar-freeway"]):
        with pytest.raises(SystemExit) as stop:
            main(["compare", "--table", *tables, "--out", ""])
        assert stop.value.code == 2
        assert "out must be a path, not ''" in capsys.readouterr().err
    assert [*tmp_path.iterdir()] == []
