"""A run directory whose command may ask for other numbers than before."""

import json

import pytest

from rlnas.errors import UserError
from rlnas.files import write_json
from rlnas.trials.run_directory import RunDirectory

FIRST = {"env": "A", "seeds": 2, "versions": {"torch": "1"}}
OTHER = {"versions": {"torch": "2"}}


def begin(path, settings=FIRST, result="result.json"):
    RunDirectory(path, "study", settings).close()
    if result:
        (path / result).write_text("{}")
    return path


def again(path, least=2, **changes):
    run = RunDirectory(path, "study", FIRST | changes, free={"seeds": least})
    run.rewrite()
    run.close()
    return json.loads((path / "study.json").read_text())


@pytest.mark.parametrize("settings", [FIRST, {"env": "A", **OTHER}, FIRST | {"seeds": 9}])
@pytest.mark.parametrize("seeds", [2, 5])
def test_a_free_number_becomes_the_runs_and_the_versions_stay(tmp_path, settings, seeds):
    begin(tmp_path, settings)
    assert again(tmp_path, seeds=seeds) == settings | {"seeds": seeds}
    assert list(json.loads((tmp_path / "study.json").read_text())) == list(FIRST)
    assert (tmp_path / "result.json").read_text() == "{}"


def test_nothing_is_written_before_it_is_asked_for(tmp_path):
    begin(tmp_path)
    RunDirectory(tmp_path, "study", FIRST | {"seeds": 5}, free={"seeds": 2}).close()
    assert json.loads((tmp_path / "study.json").read_text()) == FIRST


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        ({"seeds": 1}, "seeds is 2 there, not 1"),
        ({"seeds": 0}, "seeds is 2 there, not 0"),
        ({"seeds": 3, "env": "B"}, "env is 'A' there, not 'B'"),
    ],
)
def test_nothing_else_changes(tmp_path, changes, difference):
    begin(tmp_path)
    with pytest.raises(UserError, match=f"belongs to another command: {difference}"):
        again(tmp_path, **changes)
    with pytest.raises(UserError, match="belongs to another command: seeds is 2 there, not 3"):
        RunDirectory(tmp_path, "study", FIRST | {"seeds": 3})
    assert json.loads((tmp_path / "study.json").read_text()) == FIRST


@pytest.mark.parametrize(("result", "count"), [(None, 1), ("result.json", 0), ("table.parquet", 0)])
def test_other_versions_are_said_once_where_something_is_left_to_do(tmp_path, recwarn, result, count):
    begin(tmp_path, result=result)
    run = RunDirectory(tmp_path, "study", FIRST | OTHER)
    said = [f"{tmp_path}: other versions than when the run began: torch is '1' there, not '2'."]
    assert [str(warning.message) for warning in recwarn] == said * count
    run.close()
    recwarn.clear()
    run.warn()
    assert [str(warning.message) for warning in recwarn] == said


def test_a_run_of_version_0_1_is_not_continued(tmp_path):
    write_json(tmp_path / "run/study.json", {"a": 1, "versions": {"rlnas": "0.1.0"}})
    with pytest.raises(UserError, match=r"begun by rlnas 0\.1, .* not continued"):
        RunDirectory(tmp_path / "run", "study", {"a": 1, "versions": {"rlnas": "0.2.0"}})
