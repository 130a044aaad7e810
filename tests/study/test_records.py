"""What the files of a run hold, checked when they are read."""

from __future__ import annotations

import contextlib
import copy
import json
from pathlib import Path
from typing import Any

import polars
import pytest

from rlnas.errors import UserError
from rlnas.spaces import load_space
from rlnas.study.networks import folder_name, networks_to_train
from rlnas.study.records import StudyResult, read_paths, read_ranking
from rlnas.study.results import read_study_result
from rlnas.study.settings import StudySettings
from rlnas.study.study import trained_trial
from rlnas.trials.episodes import EpisodeTable
from rlnas.trials.metrics import METRICS
from rlnas.trials.records import checked_record
from rlnas.trials.trial import read_result

from .test_results import network, study


def values(data: Any, place: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The places of all that is in plain data, but for the options of an architecture."""
    found = [place] if place else []
    inner = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    return [*found, *(deep for key, value in inner if key != "architecture" for deep in values(value, (*place, key)))]


def put(data: Any, place: tuple[Any, ...], value: object) -> Any:
    data = copy.deepcopy(data)
    at = data
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    return data


def test_a_value_of_another_type_is_named_wherever_it_stands(tmp_path):
    own = ("name", *METRICS, "trials")
    confirmation = [{key: network("k=1", (7003,))[key] for key in own}]
    file = study(tmp_path, confirmation=confirmation, limits={"max_params": 10}) / "result.json"
    whole = json.loads(file.read_text())
    assert json.dumps(read_study_result(tmp_path).plain()) == json.dumps(whole)
    for place in values(whole):
        file.write_text(json.dumps(put(whole, place, {"odd": [True]})))
        with pytest.raises(UserError, match=r"result\.json' is damaged or of another version: |has a result of schema"):
            read_study_result(tmp_path)
    numbers = [place for place in values(whole) if place[-1] in ("seed", "steps", "episodes", "parameters")]
    for place in numbers:
        for odd in (True, "3", -1, 1.5, None):
            with pytest.raises(UserError, match="is damaged"):
                checked_record(StudyResult, put(whole, place, odd), file)


def test_a_best_that_was_not_trained_is_refused(tmp_path):
    study(tmp_path, best="k=3")
    with pytest.raises(UserError, match="the best, 'k=3', is not one of its networks"):
        read_study_result(tmp_path)


OUTSIDE = ["../../outside", "/etc", "..", ".", "", "a/b", "a\0b", ".hidden", "k=1\n"]


@pytest.mark.parametrize("name", OUTSIDE)
def test_a_name_never_leads_out_of_the_run(tmp_path, name):
    with pytest.raises(UserError, match="is not the name of a network"):
        folder_name(name)
    study(tmp_path, best=name, architectures=[network(name)])
    with pytest.raises(UserError, match=r"result\.json' is damaged .*: architectures\.0\.name"):
        trained_trial(tmp_path)


def test_names_that_are_not_of_the_space_are_refused():
    space = load_space("minatar-1")
    settings = StudySettings(env="MinAtar/Breakout-v1", space=space.to_dict(), steps=64, train_steps=64, baselines=())
    assert [found.name for found in networks_to_train(["k1=1,k2=1"], settings, space)] == ["k1=1,k2=1"]
    for name in ("k1=1", "../../outside", "k1=9,k2=1"):
        with pytest.raises(UserError, match="space 'minatar-1'"):
            networks_to_train([name], settings, space)
        with pytest.raises(UserError, match="space 'minatar-1'"):
            networks_to_train([], settings.model_copy(update={"random_networks": (name,)}), space)


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"architecture": "k=1"}]', '[{"architecture": 1, "proxy": 1}]'])
def test_a_ranking_of_another_form_is_refused(tmp_path, text):
    (tmp_path / "ranking.json").write_text(text)
    with pytest.raises(UserError, match=r"ranking\.json' is damaged"):
        read_ranking(tmp_path / "ranking.json")


@pytest.mark.parametrize("line", ["{}", "1", "{", '{"path": "k=1", "steps": "1", "returns": []}', "\udcff"])
def test_a_path_log_of_another_form_is_refused(tmp_path, line):
    good = '{"path": "k=1", "steps": 64, "returns": [1, 2.5]}\n'
    (tmp_path / "paths.jsonl").write_bytes((good + line).encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=r"paths\.jsonl' "):
        read_paths(tmp_path / "paths.jsonl")
    (tmp_path / "paths.jsonl").write_text(good)
    assert read_paths(tmp_path / "paths.jsonl")[0].returns == [1.0, 2.5]


GAMES: dict[str, list[Any]] = {"step": [10, 20], "return": [1.0, 2.0], "length": [10, 10]}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"step": ["a", "b"]}, "has String as 'step', not Int64"),
        ({"step": [1.5, 2.5]}, "has Float64 as 'step', not Int64"),
        ({"return": [1, 2]}, "has Int64 as 'return', not Float64"),
        ({"return": [1.0, None]}, "lacks a finite value of 'return'"),
        ({"return": [1.0, float("nan")]}, "lacks a finite value of 'return'"),
        ({"length": [[1], [2]]}, r"has List\(Int64\) as 'length'"),
        ({"step": [20, 10]}, "has games out of order"),
    ],
)
def test_games_of_another_form_are_refused(tmp_path: Path, changes, message):
    polars.DataFrame(GAMES | changes, strict=False).write_parquet(tmp_path / "episodes.parquet")
    with pytest.raises(UserError, match=rf"episodes\.parquet' {message}"):
        EpisodeTable.read(tmp_path / "episodes.parquet")


def test_games_without_a_column_or_damaged_are_refused(tmp_path):
    file = tmp_path / "episodes.parquet"
    polars.DataFrame({"step": [1]}).write_parquet(file)
    with pytest.raises(UserError, match="cannot be read"):
        EpisodeTable.read(file)
    polars.DataFrame(GAMES).write_parquet(file)
    assert EpisodeTable.read(file).score == [1.0, 2.0]
    whole = file.read_bytes()
    for place in range(0, len(whole), 7):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 255]) + whole[place + 1 :])
        with contextlib.suppress(UserError):  # Parquet has no checksum
            EpisodeTable.read(file)


@pytest.mark.parametrize(
    "changes",
    [{"steps": "many"}, {"curve": [1.0]}, {"total_reward": "1e999"}, {"seed": -1}, {"odd": 1}, {"remarks": "text"}],
)
def test_a_result_of_a_training_of_another_form_is_refused(tmp_path, changes):
    good = {"architecture": "k=1", "space": "tiny", "seed": 1, "parameters": 1, "multiply_adds": 1}
    (tmp_path / "result.json").write_text(json.dumps(good))
    assert read_result(tmp_path) is not None
    (tmp_path / "result.json").write_text(json.dumps(good | changes))
    with pytest.raises(UserError, match=r"result\.json' is damaged"):
        read_result(tmp_path)
