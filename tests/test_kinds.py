"""Odd arguments of public functions: a `UserError` before anything is written, or what they plainly mean."""

import inspect
import math
from pathlib import Path
from types import SimpleNamespace

import gymnasium
import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

import rlnas
from rlnas import kinds, table
from rlnas.envs import EnvSettings
from rlnas.errors import UserError
from rlnas.experiments.resolving import checked
from rlnas.export import export
from rlnas.report import write_report
from rlnas.spaces import Linear, load_space

pytestmark = pytest.mark.usefixtures("inline")


class Broken:
    """What says nothing of itself."""

    def __repr__(self):
        raise RuntimeError("no words")


ENV = gymnasium.make("CartPole-v1")
ODD = [
    *(None, True, False, math.nan, math.inf, -math.inf, -1, 0, 1.5, 10**30, 10**5_000, 1j),
    *("", "x", " ", "x\0y", "\udc80", "../x", "x" * 5_000, "nan", "-1", "1e400", b"x", bytearray(b"x")),
    *([], {}, set(), [None], [[]], ["x", "x"], {1: 2}, {"x": object()}, {"x": Broken()}, range(3)),
    *(object(), Broken(), int, len, Path("x"), Path("x\0y"), Path(), Ellipsis),
    *(np.int64(3), np.float64("nan"), np.bool_(True), np.array([1, 2]), np.array(3), np.str_("x")),
    *(ENV, ENV.spec, type(ENV.unwrapped), load_space("mlp"), ENV.observation_space),
]

SEARCH = {"env": "CartPole-v1", "steps": 64, "out": "run", "device": "cpu"}
TABLE = "minatar-breakout"
LOADED = table.load(TABLE)
CALLS = {
    "search": (rlnas.search, SEARCH | {"space": "mlp-64-64", "strategy": "random"}),
    "train": (rlnas.train, SEARCH | {"space": "mlp-64-64"}),
    "build_table": (rlnas.build_table, SEARCH | {"space": "mlp-64-64"}),
    "reproduce": (rlnas.reproduce, SEARCH | {"strategies": "random"}),
    "resume": (rlnas.resume, {"path": "run"}),
    "evaluate": (rlnas.evaluate, {"path": "run", "device": "cpu"}),
    "play": (rlnas.play, {"run": "run", "video": "film.gif", "device": "cpu"}),
    "collect_table": (rlnas.collect_table, {"run": "run", "out": "new.parquet"}),
    "measure_table": (rlnas.measure_table, {"table": TABLE, "out": "new.parquet"}),
    "compare": (rlnas.compare, {"table": LOADED, "out": "new"}),
    "compare_tables": (rlnas.compare_tables, {"tables": [LOADED], "out": "new"}),
    "load_space": (rlnas.load_space, {"space": "mlp"}),
    "load": (table.load, {"name": TABLE}),
    "merge": (table.merge, {"tables": [LOADED], "path": "new.parquet"}),
    "export": (export, {"run": "run", "to": "torch"}),
    "write_report": (write_report, {"run": "run"}),
    "Choice": (rlnas.Choice, {"name": "k", "options": [1, 2]}),
    "Space": (rlnas.Space, {"name": "mine", "input_shape": (3,), "layers": [Linear(4)]}),
    "Display": (rlnas.Display, {}),
}


def arguments_of(function) -> list[str]:
    found = inspect.signature(function).parameters.values()
    named = [parameter.name for parameter in found if parameter.kind is not parameter.VAR_KEYWORD]
    return [*named, *(("top_k", "seeds") if len(named) < len(found) else ())]


@pytest.fixture
def nothing_runs(monkeypatch, tmp_path):
    """Calls are checked, and what they would do is not done; nor is anything written."""
    monkeypatch.chdir(tmp_path)
    nothing = {
        "rlnas.study": ("run_study", "build_table", "measure_table"),
        "rlnas.report": ("write_report",),
        "rlnas.analysis": ("compare",),
        "rlnas.report.comparison": ("write_comparison",),
        "rlnas.report.overview": ("write_overview",),
    }
    for module, names in nothing.items():
        for name in names:
            monkeypatch.setattr(f"{module}.{name}", lambda *args, **terms: None)
    monkeypatch.setattr("rlnas.table.searches_with", lambda found: None)
    monkeypatch.setattr("rlnas.study.run_trial", lambda *args: SimpleNamespace(model_dump=lambda mode: {}))
    monkeypatch.setattr("rlnas.experiments.reproducing.Reproduction.run", lambda *args: (None, []))
    yield
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("name", CALLS)
def test_odd_arguments_are_refused_or_mean_what_they_say(name, nothing_runs):
    function, usual = CALLS[name]
    wrong = []
    for argument in arguments_of(function):
        for odd in ODD:
            try:
                function(**usual | {argument: odd})
            except UserError as error:
                if len(str(error)) > 1_000 or "\n" in str(error):
                    wrong.append((argument, type(odd), str(error)[:200]))
            except Exception as error:
                wrong.append((argument, type(odd), repr(error)[:200]))
    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("name", CALLS)
def test_every_argument_is_checked_by_its_kind(name, nothing_runs):
    function, usual = CALLS[name]
    for argument in arguments_of(function):
        with pytest.raises(UserError) as refusal:
            function(**usual | {argument: object()})
        assert "<object object at" in str(refusal.value), argument


@pytest.mark.parametrize(
    ("kind", "given", "meant"),
    [
        (kinds.Count, np.int64(3), 3),
        (kinds.Count, "3", 3),
        (kinds.Seed, 0, 0),
        (kinds.Steps, "1.5k", 1_500),
        (kinds.Steps, 1e6, 1_000_000),
        (kinds.Steps, np.float64(64), 64),
        (kinds.Number, np.float32(0.5), 0.5),
        (kinds.Number, "0.5", 0.5),
        (kinds.Flag, np.bool_(True), True),
        (kinds.Names, "nature-cnn", ("nature-cnn",)),
        (kinds.Names, ["a", "b"], ("a", "b")),
        (kinds.Modules, ["a", "b", "a"], ("a", "b")),
        (kinds.Place, "x", Path("x")),
        (kinds.Places, Path("x"), (Path("x"),)),
        (kinds.Seeds, [np.int64(1), 2], (1, 2)),
        (kinds.Architecture, {"k": np.int64(3)}, {"k": 3}),
    ],
)
def test_what_a_kind_makes_of_a_value(kind, given, meant):
    found = TypeAdapter(kind).validate_python(given)
    assert found == meant
    assert type(found) is type(meant)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (kinds.Count, (True, np.bool_(True), 0, 1.0, "1.5", math.nan, "1_0", "", "٣" * 20)),
        (kinds.Steps, (True, 0, 0.5, math.inf, "10T", np.float64("nan"))),
        (kinds.Number, (True, math.nan, "inf", "1e999", 10**400)),
        (kinds.Flag, (1, 0, "yes", None)),
        (kinds.Names, (b"a", {"a": 1}, {"a"}, ["a", "a"], ["a", ""], [1])),
        (kinds.Place, (b"x", "", "a\0b", 3, "x/" * 3_000)),
        (kinds.Seeds, ([True], [1, 1], 1, [-1])),
        (kinds.Options, ([("a", 1)], {1: 2}, "a=1")),
    ],
)
def test_what_a_kind_refuses(kind, values):
    for value in values:
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(value)


@pytest.mark.parametrize("value", [True, np.bool_(False), b"4", math.nan, [4], object(), 10**9])
def test_options_are_checked_as_arguments_are(value):
    with pytest.raises(UserError, match="'num_envs'"):
        checked(EnvSettings, "environment option", {"num_envs": value})


@pytest.mark.parametrize("value", [4, "4", np.int64(4), np.int8(4)])
def test_options_take_numbers_as_arguments_do(value):
    assert checked(EnvSettings, "environment option", {"num_envs": value}).num_envs == 4
