"""A run directory whose command asks for more than before."""

import json
import warnings

import pytest

from rlnas.errors import UserError
from rlnas.study.run_directory import RunDirectory

FIRST = {"env": "A", "seeds": 2, "versions": {"torch": "1"}}


def begin(path, settings=FIRST, done=True):
    RunDirectory(path, "study", settings).close()
    if done:
        (path / "result.json").write_text("{}")
    return path


def grow(path, **changes):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")  # what is said before and after the lock is taken is said once
        RunDirectory(path, "study", FIRST | changes, growing=("seeds",)).close()
    return json.loads((path / "study.json").read_text()), [str(warning.message) for warning in caught]


@pytest.mark.parametrize("settings", [FIRST, {"env": "A", "versions": {"torch": "1"}}])
def test_a_number_grows_and_the_result_stays(tmp_path, settings):
    assert grow(begin(tmp_path, settings), seeds=5) == (FIRST | {"seeds": 5}, [])
    assert list(json.loads((tmp_path / "study.json").read_text())) == list(FIRST)
    assert (tmp_path / "result.json").read_text() == "{}"


def test_the_versions_stay_and_others_are_said(tmp_path):
    found, said = grow(begin(tmp_path), seeds=5, versions={"torch": "2"})
    assert found == FIRST | {"seeds": 5}
    assert said == [f"{tmp_path}: other versions than when the run began: torch is '1' there, not '2'."]
    assert grow(tmp_path, seeds=5, versions={"torch": "2"}) == (found, [])


@pytest.mark.parametrize(
    ("changes", "done", "difference"),
    [
        ({"seeds": 1}, True, "seeds is 2 there, not 1"),
        ({"seeds": 0}, True, "seeds is 2 there, not 0"),
        ({"seeds": 3}, False, "seeds is 2 there, not 3"),
        ({"seeds": 3, "env": "B"}, True, "env is 'A' there, not 'B'"),
    ],
)
def test_nothing_else_changes(tmp_path, changes, done, difference):
    begin(tmp_path, done=done)
    with pytest.raises(UserError, match=f"belongs to another command: {difference}"):
        grow(tmp_path, **changes)
    assert json.loads((tmp_path / "study.json").read_text()) == FIRST


def test_a_number_that_is_none_is_refused(tmp_path):
    begin(tmp_path, FIRST | {"seeds": "2"})
    with pytest.raises(UserError, match="belongs to another command: seeds is '2' there, not 3"):
        grow(tmp_path, seeds=3)
