import pytest

from rlnas.errors import UserError
from rlnas.table import merge

from .helpers import NAMES, make_table, row


def part(path, seeds, names=NAMES, **changes):
    return make_table(path, [row(name, seed) for name in names for seed in seeds], seeds=list(seeds), **changes)


def test_a_table_grows_by_seeds_and_by_architectures(tmp_path):
    whole = part(tmp_path / "whole.parquet", (1, 2, 3))
    parts = [part(tmp_path / "a.parquet", (1, 2)), part(tmp_path / "b.parquet", (3,), NAMES[:10])]
    parts.append(part(tmp_path / "c.parquet", (3,), NAMES[8:], architectures=NAMES[8:]))
    merged = merge(parts, tmp_path / "merged.parquet")
    assert merged.complete
    assert merged.seeds == [1, 2, 3]
    assert merged.results_digest == whole.results_digest


def test_tables_of_other_settings_are_refused(tmp_path):
    one, other = part(tmp_path / "a.parquet", (1,)), part(tmp_path / "b.parquet", (2,), steps=200)
    with pytest.raises(UserError, match="'a' and 'b' cannot be merged: steps is 100 in one and 200 in the other"):
        merge([one, other], tmp_path / "merged.parquet")
    assert not (tmp_path / "merged.parquet").exists()


def test_tables_that_disagree_are_refused(tmp_path):
    one = part(tmp_path / "a.parquet", (1,))
    other = make_table(tmp_path / "b.parquet", [row(NAMES[3], 1, episodes=6)])
    with pytest.raises(UserError, match=f"disagree on architecture '{NAMES[3]}' with seed 1: the second is 'b'"):
        merge([one, other], tmp_path / "merged.parquet")
    slower = make_table(tmp_path / "c.parquet", [row(NAMES[3], 1, measured_wall_seconds=7.0)], seeds=[1])
    assert merge([one, slower], tmp_path / "merged.parquet").results_digest == one.results_digest
