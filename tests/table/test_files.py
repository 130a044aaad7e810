import hashlib

import polars
import pytest

from rlnas.errors import UserError
from rlnas.table import files
from rlnas.table.files import read_table

from .helpers import NAMES, make_table, row, settings


def test_every_changed_byte_is_found(tmp_path):
    path = tmp_path / "t.parquet"
    make_table(path, [row(name, 1) for name in NAMES[:2]])
    data = path.read_bytes()
    for place in [*range(0, len(data), 17), *range(len(data) - 40, len(data))]:
        path.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(UserError, match=r"has changed since it was written|is damaged"):
            read_table(path)
    path.write_bytes(data[:-100])
    with pytest.raises(UserError, match=r"has changed|is damaged"):
        read_table(path)


def test_rows_and_settings_come_back(tmp_path):
    path = tmp_path / "t.parquet"
    rows = [row(name, seed) for name in NAMES[:3] for seed in (1, 2)]
    make_table(path, rows[::-1])
    frame, found, checksum = read_table(path)
    assert frame.to_dicts() == rows
    assert found == settings()
    assert len(checksum) == 64


def test_the_same_rows_give_the_same_bytes(tmp_path):
    rows = [row(name, seed) for name in NAMES for seed in (1, 2)]
    make_table(tmp_path / "a.parquet", rows)
    make_table(tmp_path / "b.parquet", rows[::-1])
    assert (tmp_path / "a.parquet").read_bytes() == (tmp_path / "b.parquet").read_bytes()


def test_a_table_of_another_version_is_refused(tmp_path, monkeypatch):
    polars.DataFrame({"a": [1]}).write_parquet(tmp_path / "other.parquet")
    with pytest.raises(UserError, match="no table"):
        read_table(tmp_path / "other.parquet")
    monkeypatch.setattr(files, "SCHEMA_VERSION", 2)
    files.write_table(tmp_path / "t.parquet", [row(NAMES[0], 1)], settings())
    monkeypatch.undo()
    with pytest.raises(UserError, match="has schema version 2; this rlnas reads 1"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"total_reward": [0.5, float("nan")]}, "it holds a total_reward that is not finite"),
        ({"reward_mean": [0.5]}, "a run of it has another number of budgets than of reward_mean"),
        ({"budgets": None}, "a run of it has no budgets"),
        ({"reward_mean": None}, "a run of it has no reward_mean"),
        ({"budgets": [100, 50]}, "a run of it has budgets that do not ascend"),
        ({"budgets": [], "total_reward": [], "reward_mean": []}, "a run of it has no budgets"),
    ],
)
def test_rows_that_cannot_be_used_are_refused(tmp_path, changes, message):
    files.write_table(tmp_path / "t.parquet", [row(NAMES[0], 1), row(NAMES[1], 1, **changes)], settings())
    with pytest.raises(UserError, match=f"t.parquet' cannot be used: {message}"):
        read_table(tmp_path / "t.parquet")


def test_settings_that_cannot_be_used_are_refused(tmp_path):
    for name in ("env", "space"):
        known = settings()
        del known[name]
        files.write_table(tmp_path / "t.parquet", [row(NAMES[0], 1)], known)
        with pytest.raises(UserError, match=f"of its settings {name}: "):
            read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("group", ["ppo", "env_settings"])
@pytest.mark.parametrize("value", [None, [1]])
def test_settings_of_trainings_that_are_no_object_are_refused(tmp_path, group, value):
    files.write_table(tmp_path / "t.parquet", [row(NAMES[0], 1)], {**settings(), group: value})
    with pytest.raises(UserError, match=f"of its settings {group}: "):
        read_table(tmp_path / "t.parquet")


def test_columns_of_another_type_are_refused(tmp_path, monkeypatch):
    monkeypatch.setitem(files.COLUMNS, "seed", polars.Float64)
    files.write_table(tmp_path / "t.parquet", [row(NAMES[0], 1)], settings())
    monkeypatch.undo()
    with pytest.raises(UserError, match="its column 'seed' must be Int64, not Float64"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": "12"}, "seeds: "),
        ({"seeds": ["1"]}, r"seeds\.0: "),
        ({"architectures": {"k": 1}}, "architectures: "),
        ({"baselines": [1]}, r"baselines\.0: "),
        ({"versions": ["1"]}, "versions: "),
        ({"steps": "100"}, "steps: "),
    ],
)
def test_settings_of_another_type_are_refused(tmp_path, changes, message):
    files.write_table(tmp_path / "t.parquet", [row(NAMES[0], 1)], settings(**changes))
    with pytest.raises(UserError, match=f"of its settings {message}"):
        read_table(tmp_path / "t.parquet")


@pytest.mark.parametrize("name", ["parameters", "multiply_adds", "steps", "episodes", "reason", "status"])
def test_rows_that_lack_a_value_are_refused(tmp_path, name):
    files.write_table(tmp_path / "t.parquet", [row(NAMES[0], 1), row(NAMES[1], 1, **{name: None})], settings())
    with pytest.raises(UserError, match=f"a run of it has no {name}"):
        read_table(tmp_path / "t.parquet")


def test_a_run_of_another_status_is_refused(tmp_path):
    files.write_table(tmp_path / "t.parquet", [row(NAMES[0], 1, status="perhaps")], settings())
    with pytest.raises(UserError, match="is neither done nor failed"):
        read_table(tmp_path / "t.parquet")


def test_a_file_with_the_right_checksum_and_nothing_else_is_refused(tmp_path):
    blank = b"PAR1 nothing " + files._BLANK
    checksum = hashlib.sha256(blank).hexdigest().encode()
    (tmp_path / "t.parquet").write_bytes(blank.replace(files._BLANK, b"rlnas-sha256:" + checksum))
    with pytest.raises(UserError, match=r"the table .*t\.parquet' cannot be read"):
        read_table(tmp_path / "t.parquet")
