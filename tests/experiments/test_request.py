"""Requests: what Python, the command line and files make of them, and the command that repeats a run."""

import inspect
import pickle
import pydoc
import shlex
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

import rlnas
from rlnas.cli.main import COMMANDS, main, request_of
from rlnas.cli.reading import read_request
from rlnas.errors import UserError
from rlnas.experiments import CompareTablesRequest, ReproduceRequest, ResumeRequest, SearchRequest, TrainRequest
from rlnas.experiments.request import Request, options_of
from rlnas.spaces import Choice, Linear, Space, load_space
from rlnas.study.settings import StudySettings
from rlnas.trials.settings import TrialSettings

ALL = {"env": "CartPole-v1", "space": "mlp", "device": "cpu", "steps": "30k", "threads": 1}
CHANGED = {
    "train_steps": "1234567",
    "max_params": "50k",
    "max_multiply_adds": 123_456,
    "max_latency": 12.5,
    "warm_start": True,
    "seed": 1000,
    "top_k": 2,
    "train_seeds": 3,
    "confirm_seeds": 4,
    "threads": 2,
    "checkpoint_steps": "12345",
    "imports": ("json",),
    "baselines": ["depth=1,width=64,norm=none,act=tanh", "mlp-64-64"],
    "strategy_options": {"eval_episodes": 5},
    "env_options": {"num_envs": 4},
    "ppo_options": {"epochs": 5, "value_clip": None, "clip": 0.3, "normalize_advantages": False},
}


def words_of(request: Request) -> list[str]:
    """The words of a request's command behind the command itself."""
    program, *words = shlex.split(request.command())
    assert program == "rlnas"
    command = request.words.split()
    assert words[: len(command)] == command
    return words[len(command) :]


def again(settings: StudySettings | TrialSettings) -> StudySettings | TrialSettings:
    """The settings of the command that repeats a run."""
    request = SearchRequest if isinstance(settings, StudySettings) else TrainRequest
    return read_request(request, words_of(request.of(settings)))[0].resolve().settings  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "changes",
    [
        {},
        CHANGED,
        {"baselines": []},
        {"strategy": "enas", "random_networks": 2, "space": None},
        {"strategy": "random", "env": "MinAtar/Breakout-v1", "space": "minatar-1", "table": "minatar-breakout"},
    ],
    ids=["defaults", "changed", "no hand-made network", "enas", "table"],
)
def test_the_command_of_a_search_gives_its_settings_again(changes):
    if "table" in changes:
        pytest.importorskip("minatar")
    settings = SearchRequest(**ALL | changes).resolve().settings
    assert again(settings) == settings


@pytest.mark.parametrize("changes", [{}, {"threads": 2, "ppo_options": {"gamma": 0.5}, "steps": "1001"}])
def test_the_command_of_a_training_gives_its_settings_again(changes):
    settings = TrainRequest(arch="depth=2,width=64,norm=none,act=tanh", **ALL | changes).resolve().settings
    assert again(settings) == settings


def test_every_setting_of_a_study_is_an_option_of_a_search():
    apart = {"env_settings": "env_options", "algorithm": "ppo_options", "algorithm_options": "ppo_options"}
    apart |= {"ppo": "ppo_options", "versions": "imports"}
    known = options_of(SearchRequest)
    assert [name for name in StudySettings.model_fields if apart.get(name, name) not in known] == []


def test_the_command_of_a_search_in_a_space_of_ones_own_takes_a_file(tmp_path, monkeypatch):
    mine = Space('my "own"', (4,), [Linear(Choice("width", [8, 16]))])
    settings = SearchRequest(**ALL | {"space": mine, "baselines": []}).resolve().settings
    words = words_of(SearchRequest.of(settings))
    assert words[words.index("--space") + 1] == "SPACE.toml"
    from rlnas.spaces.toml import dump_toml

    (tmp_path / "SPACE.toml").write_text(dump_toml(mine))
    monkeypatch.chdir(tmp_path)
    assert again(settings) == settings


def test_the_command_leaves_out_what_is_usual_for_the_environment():
    changed = {"ppo": {"epochs": 5, "value_clip": None}, "env_settings": {"fire": False}, "imports": ["my.envs"]}
    settings = StudySettings(
        env="ALE/Pong-v5", space=load_space("paper-1").to_dict(), steps=500_000, train_steps=10_000_000, seed=3,
        strategy_options={"eval_episodes": 2}, **changed,
    )  # fmt: skip
    words = words_of(SearchRequest.of(settings))
    expected = [
        *("--env ALE/Pong-v5", "--space paper-1", "--steps 500k", "--train-steps 10M", "--seed 3", "--import my.envs"),
        *("--strategy-options eval_episodes=2", "--env-options fire=false", "--ppo-options epochs=5 value_clip=none"),
        *("--baselines nature-cnn", "--device cpu", "--precision fp32", "--threads 1", "--train-seeds 1", "--out NEW"),
    ]
    assert sorted(words) == sorted(" ".join(expected).split())
    tuned = StudySettings(
        env="CartPole-v1", space=load_space("mlp").to_dict(), steps=1, train_steps=1,
        ppo={"rollout_steps": 32, "reward_clip": "sign"},
    )  # fmt: skip
    options = SearchRequest.of(tuned).ppo_options
    assert options is not None
    assert options["reward_clip"] == "sign"
    assert "rollout_steps" not in options


@pytest.mark.parametrize(
    "request_",
    [
        SearchRequest(**ALL | CHANGED),
        SearchRequest("CartPole-v1", baselines=()),
        TrainRequest("ALE/Pong-v5", arch={"k2": 1, "k3": 2}, ppo_options={"value_clip": None, "clip": 0.5}),
        ReproduceRequest(["CartPole-v1", "Acrobot-v1"], ["mlp", 'a "b".toml'], strategies="spos", latency=True),
        CompareTablesRequest(["minatar-breakout"], ["runs/a"], seeds=[1, 2], metrics=["total_reward"]),
        ResumeRequest("runs/a", workers=3),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_request_is_read_again_from_its_file_and_from_its_command(request_, tmp_path):
    file = tmp_path / "study.toml"
    request_.save(file)
    from_file, _ = read_request(type(request_), ["--config", str(file)])
    from_words, _ = read_request(type(request_), words_of(request_))
    # Text and numbers are alike in a file; `none` stands for no value.
    assert from_file.command() == from_words.command() == request_.command()


def test_the_command_line_comes_before_the_file(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(
        'env = "Acrobot-v1"\nsteps = 500\nwarm-start = true\ntop_k = 4\n[ppo-options]\nepochs = 4\n'
    )
    read, save = read_request(SearchRequest, ["--config=study.toml"])
    assert save is None
    assert (read.env, read.steps, read.warm_start, read.top_k) == ("Acrobot-v1", 500, True, 4)
    assert read.ppo_options == {"epochs": 4}
    words = "--env CartPole-v1 --steps 10M --no-warm-start --ppo-options clip=0.2 --top-k 3 --save-config new.toml"
    read, save = read_request(SearchRequest, ["--config", "study.toml", *words.split()])
    assert (read.env, read.steps, read.warm_start, read.top_k) == ("CartPole-v1", 10_000_000, False, 3)
    assert read.ppo_options == {"epochs": 4, "clip": "0.2"}  # by their names
    read.save(save)
    assert read_request(SearchRequest, ["--config", "new.toml"])[0].command() == read.command()


@pytest.mark.parametrize("name", ["result.json", "study.toml"])
def test_a_file_of_options_is_new(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text("kept")
    with pytest.raises(UserError, match="a new file that ends in"):
        SearchRequest("CartPole-v1").save(name)
    assert [file.read_text() for file in tmp_path.iterdir()] == ["kept"]


@pytest.mark.parametrize("env", ["NoSuch-v0", "\udc80"])
def test_options_that_are_refused_are_not_kept(env, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["search", "--env", env, "--save-config", "new.toml"])
    assert stop.value.code == 2
    assert list(tmp_path.iterdir()) == []


def test_the_number_of_workers_is_saved_as_it_is_given(tmp_path):
    request, _ = read_request(SearchRequest, ["--env", "CartPole-v1", "--workers", "1"])
    request.save(tmp_path / "one.toml")
    assert read_request(SearchRequest, ["--config", str(tmp_path / "one.toml")])[0].workers == 1
    assert read_request(SearchRequest, ["--env", "CartPole-v1"])[0].workers is None


def test_a_space_of_ones_own_is_not_saved_by_its_name(tmp_path):
    own = Space("own", (4,), (Linear(Choice("width", (8, 16))),))
    with pytest.raises(UserError, match="write it to a TOML file"):
        SearchRequest("CartPole-v1", own).save(tmp_path / "own.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stepps = 3", r"unknown option in 'study.toml': 'stepps'. Did you mean 'steps'\? Allowed: baselines, "),
        ("watch = 3", "unknown option in 'study.toml': 'watch'"),
        ("steps = ", "the file of options 'study.toml' cannot be read"),
        ('env = "CartPole-v1"\nsteps = true', "steps must be a whole number"),
        ("env = []", "env must be the id of a registered environment"),
        ('env = "CartPole-v1"\nbaselines = 3', "baselines must be a list of names"),
        ('env = "CartPole-v1"\nppo-options = 3', "ppo-options must be a dict of options"),
        ("top-k = 1\ntop_k = 2", "names 'top_k' twice"),
        (f"seed = {'[' * 3000}{']' * 3000}", "cannot be read"),
    ],
)
def test_a_file_that_is_wrong_is_refused(text, said, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("study.toml").write_text(text)
    with pytest.raises(UserError, match=said):
        read_request(SearchRequest, ["--config", "study.toml"])


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_has_a_sentence_and_a_form(command):
    for name, option in options_of(request_of(command)).items():
        assert option.words.endswith("."), name
        assert option.form is not None or name in ("watch", "backend")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_a_file(command, capsys):
    with pytest.raises(SystemExit) as stop:
        main([*command.split(), "--help"])
    assert stop.value.code == 0
    shown = capsys.readouterr().out
    assert "--config FILE" in shown
    assert "--save-config FILE" in shown


def test_a_function_has_the_fields_of_its_request():
    parameters = inspect.signature(rlnas.search).parameters
    assert {*parameters} == {field.name for field in fields(SearchRequest)}
    for field in fields(SearchRequest):
        default = inspect.Parameter.empty if field.default is MISSING else field.default
        assert parameters[field.name].default == default
    positional = [name for name, one in parameters.items() if one.kind is one.POSITIONAL_OR_KEYWORD]
    assert positional == ["env", "space", "strategy", "steps"]
    assert parameters["seed"].annotation is int
    assert "max_params: Parameters that a candidate's encoder may have" in (inspect.getdoc(rlnas.search) or "")
    assert list(inspect.signature(rlnas.build_table).parameters)[:3] == ["env", "space", "steps"]
    assert "search(env: str, " in pydoc.plain(pydoc.render_doc(rlnas.search))
    assert pickle.loads(pickle.dumps(rlnas.search)) is rlnas.search
    with pytest.raises(TypeError, match="space"):
        rlnas.build_table("CartPole-v1", steps=1)
    with pytest.raises(TypeError, match="stepps"):
        rlnas.search("CartPole-v1", stepps=1)


def test_sentences_of_options_are_read_when_somebody_looks():
    code = (
        "import rlnas; from rlnas.experiments.request import _syntax as read; assert not read.cache_info().currsize; "
    )
    code += "assert rlnas.search.__doc__; assert read.cache_info().currsize"
    subprocess.run([sys.executable, "-c", code], check=True)
