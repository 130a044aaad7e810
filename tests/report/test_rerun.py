import shlex
from pathlib import Path

import pytest

from rlnas import experiments as api
from rlnas.cli.main import COMMANDS, main
from rlnas.experiments.prepare import prepare_search, prepare_training
from rlnas.files import read_object
from rlnas.report.data import read_run
from rlnas.report.rerun import command
from rlnas.spaces import load_space

from .helpers import read, space, study_json, write


class Stop(Exception):
    pass


def again(run: Path, monkeypatch) -> dict:
    """What `rlnas` makes of the command in a run's report: the settings that it would run with."""
    found = []

    def catch(path, settings, *others):
        found.append(settings)
        raise Stop

    monkeypatch.setattr(api, "run_search", catch)
    monkeypatch.setattr(api, "run_training", catch)
    program, *arguments = shlex.split(command(read_run(run)))
    assert program == "rlnas"
    assert arguments[0] in COMMANDS
    with pytest.raises(Stop):
        main(arguments)
    return found[0].model_dump(mode="json")


SEARCH = {
    "env": "CartPole-v1",
    "space": None,
    "strategy": "spos",
    "steps": "30k",
    "train_steps": None,
    "out": None,
    "seed": 0,
    "top_k": 3,
    "train_seeds": None,
    "baselines": None,
    "table": None,
    "threads": 1,
    "checkpoint_steps": "100k",
    "device": "cpu",
    "imports": (),
    "strategy_options": {},
    "env_options": {},
    "ppo_options": {},
}
CHANGED = {
    "train_steps": "1234567",
    "max_params": "50k",
    "max_multiply_adds": 123_456,
    "max_latency": 12.5,
    "warm_start": True,
    "seed": 7,
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


@pytest.mark.parametrize(
    "changes",
    [
        {},
        CHANGED,
        {"baselines": []},
        {"strategy": "enas"},
        {"strategy": "random", "env": "MinAtar/Breakout-v1", "space": "minatar-1", "table": "minatar-breakout"},
    ],
    ids=["defaults", "changed", "no hand-made network", "enas", "table"],
)
def test_the_command_of_a_search_gives_its_settings_again(tmp_path, monkeypatch, changes):
    if "table" in changes:
        pytest.importorskip("minatar")
    _, settings = prepare_search(**{**SEARCH, **changes})
    write(tmp_path / "study.json", settings.model_dump(mode="json"))
    assert again(tmp_path, monkeypatch) == read_object(tmp_path / "study.json")


@pytest.mark.parametrize("changes", [{}, {"threads": 2, "ppo_options": {"gamma": 0.5}, "steps": "1001"}])
def test_the_command_of_a_training_gives_its_settings_again(tmp_path, monkeypatch, changes):
    own = ("env", "space", "steps", "out", "seed", "threads", "checkpoint_steps", "device", "imports", "env_options")
    values = {name: SEARCH[name] for name in (*own, "ppo_options")}
    _, settings = prepare_training(arch="depth=2,width=64,norm=none,act=tanh", **{**values, **changes})
    write(tmp_path / "trial.json", settings.model_dump(mode="json"))
    assert again(tmp_path, monkeypatch) == read_object(tmp_path / "trial.json")


def test_the_command_of_a_search_in_a_space_of_ones_own_takes_the_file_that_the_page_holds(tmp_path, monkeypatch):
    mine = load_space("mlp").with_input((4,)).to_dict()
    (tmp_path / "mine.json").write_text("")
    text = 'name = "my \\"own\\" space"\ninput = [4]\n[[layers]]\ntype = "linear"\n'
    (tmp_path / "SPACE.toml").write_text(text + 'features = {choice = "width", options = [8, 16]}\n')
    monkeypatch.chdir(tmp_path)
    _, settings = prepare_search(**{**SEARCH, "space": "SPACE.toml", "baselines": []})
    assert settings.space["name"] != mine["name"]
    run = tmp_path / "run"
    write(run / "study.json", settings.model_dump(mode="json"))
    shown = read(run).text.partition('name = "')
    (tmp_path / "SPACE.toml").write_text("".join(shown[1:]).partition("All settings")[0])
    assert again(run, monkeypatch) == read_object(run / "study.json")


def test_a_setting_that_has_no_words_of_its_own_is_an_option_of_its_name_once(tmp_path):
    study_json(tmp_path, max_params=5000, warm_start=True)
    run = read_run(tmp_path)
    run.settings.update(names=["a", "b c"], more={"latency": 2.5})
    words = shlex.split(command(run))
    for expected in (["--max-params", "5000"], ["--names", "a", "b c"], ["--more", "latency=2.5"]):
        at = words.index(expected[0])
        assert words[at : at + len(expected)] == expected
    assert "--warm-start" in words
    assert "True" not in words
    flags = [word for word in words if word.startswith("--")]
    assert len(flags) == len(set(flags))


def test_command_of_a_catalogue_space(tmp_path):
    changed = {"ppo": {"epochs": 5, "value_clip": None}, "env_settings": {"fire": False}, "imports": ["my.envs"]}
    study_json(tmp_path, env="ALE/Pong-v5", space=load_space("paper-1").to_dict(), seed=3, **changed)
    text = read(tmp_path).text
    assert (
        "rlnas search --env ALE/Pong-v5 --import my.envs --space paper-1 --strategy spos "
        "--strategy-options eval_episodes=2 "
        "--steps 10M --train-steps 500k --top-k 2 --train-seeds 1 --seed 3 --checkpoint-steps 100k --threads 1 "
        "--baselines nature-cnn --env-options fire=false --ppo-options epochs=5 value_clip=none --device cpu "
        "--out NEW"
    ) in text
    assert "not in the catalogue" not in text


def test_command_names_what_differs_from_the_defaults_of_the_environment(tmp_path):
    study_json(tmp_path, env="CartPole-v1", ppo={"rollout_steps": 32, "reward_clip": "sign"})
    words = read(tmp_path).text.split("--ppo-options ")[1].split()
    assert "reward_clip=sign" in words
    assert not any(word.startswith("rollout_steps") for word in words)


@pytest.mark.parametrize("name", ["mine", "paper-1"])
def test_command_of_another_space_needs_its_file(tmp_path, name):
    study_json(tmp_path, space=space(name).to_dict())
    text = read(tmp_path).text
    assert "--space SPACE.toml" in text
    assert f"The space {name} is not in the catalogue" in text
