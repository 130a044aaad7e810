import gymnasium
import numpy as np
import pytest
from gymnasium.envs.registration import EnvSpec
from gymnasium.spaces import Box, Discrete

from rlnas.defaults import defaults, defaults_by_name
from rlnas.envs import (
    DiscreteActions,
    EnvSettings,
    Episode,
    Step,
    VectorEnv,
    families,
    film_env,
    known_ids,
    known_to_workers,
    make_env,
    options_of,
    registered_by,
)
from rlnas.envs.atari import Atari, AtariEnv
from rlnas.envs.families import find_spaces
from rlnas.envs.family import Defaults, EnvFamily
from rlnas.envs.gym import GymEnv
from rlnas.envs.minatar import GridCamera
from rlnas.errors import UserError
from rlnas.user_imports import import_modules

SETTINGS = EnvSettings(num_envs=2)


def test_an_id_leads_to_its_kind_of_environment():
    atari, gym = make_env("ALE/Breakout-v5", SETTINGS), make_env("CartPole-v1", SETTINGS, num_envs=3)
    assert isinstance(atari, AtariEnv)
    assert isinstance(gym, GymEnv)
    assert (atari.num_envs, gym.num_envs) == (2, 3)
    atari.close()
    gym.close()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        ("ALE/Breakot-v5", "ALE/Breakout-v5"),
        ("CartPole-v9", "CartPole-v1"),
        ("cartpole-v1", "CartPole-v1"),
        ("Breakout", "ALE/Breakout-v5"),
    ],
)
def test_an_unknown_id_is_refused_with_the_nearest_match(wrong, right):
    with pytest.raises(UserError, match=f"unknown environment '{wrong}'. Did you mean '{right}'"):
        make_env(wrong, SETTINGS)


@pytest.mark.parametrize(("wrong", "others"), [("Poole-v1", "ALE/"), ("ALE/Poole-v1", "Acrobot")])
def test_only_environments_of_the_same_kind_are_suggested(wrong, others):
    with pytest.raises(UserError) as caught:
        make_env(wrong, SETTINGS)
    assert others not in str(caught.value).partition("Allowed")[2]


def test_atari_games_without_the_extra_name_it(monkeypatch):
    monkeypatch.delitem(gymnasium.registry, "ALE/Pong-v5")
    monkeypatch.setattr(Atari, "ids", lambda self: [])
    with pytest.raises(UserError, match=r"'ALE/Pong-v5' needs the extra 'atari': pip install .* -e '\.\[atari\]'"):
        make_env("ALE/Pong-v5", SETTINGS)


@pytest.mark.parametrize(("name", "kwargs"), [("ALE/Odd-v5", {}), ("ALE/Pong-ram-v5", {"game": "pong"})])
def test_a_game_without_pixels_is_refused(monkeypatch, name, kwargs):
    monkeypatch.setitem(gymnasium.registry, name, EnvSpec(name, entry_point="none:None", kwargs=kwargs))
    with pytest.raises(UserError, match="is not a game with pixel observations"):
        make_env(name, SETTINGS)


def test_options_are_those_that_mean_something_for_an_environment():
    assert options_of("CartPole-v1") == ("num_envs", "channels", "scale_actions")
    assert options_of("MinAtar/Breakout-v1") == ("num_envs", "sticky_actions")
    assert "max_frames" in options_of("ALE/Pong-v5")
    assert "channels" not in options_of("ALE/Pong-v5")


def test_a_users_module_brings_its_environments(tmp_path, monkeypatch):
    (tmp_path / "my_rlnas_envs.py").write_text(
        "import gymnasium\ngymnasium.register('Mine/Pole-v0', 'gymnasium.envs.classic_control:CartPoleEnv')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import_modules(("my_rlnas_envs",))
    assert "Mine/Pole-v0" in known_ids()
    assert "BreakoutNoFrameskip-v4" not in known_ids()
    make_env("Mine/Pole-v0", SETTINGS).close()
    monkeypatch.delitem(gymnasium.registry, "Mine/Pole-v0")


def test_a_module_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="module 'no_such_module_of_mine' cannot be imported: ModuleNotFoundError"):
        import_modules(("no_such_module_of_mine",))
    (tmp_path / "my_broken_envs.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="'my_broken_envs' cannot be imported: ZeroDivisionError"):
        import_modules(("my_broken_envs",))


def test_an_atari_id_without_its_prefix_is_completed():
    with pytest.raises(UserError, match="Did you mean 'ALE/Breakout-v5'"):
        make_env("Breakout-v5", EnvSettings())


@pytest.fixture
def registered():
    """Registers environments for the length of a test."""
    names = []

    def register(name, entry, **options):
        gymnasium.register(name, entry, **options)
        names.append(name)

    yield register
    for name in names:
        del gymnasium.registry[name]


def test_what_this_process_registers_is_known_here_only(registered):
    registered("RlnasTest/Mine-v0", lambda: None)
    registered("RlnasTest/Text-v0", "some_module.envs:Mine")
    registered("RlnasTest/Short-v0", "gymnasium.envs.classic_control:CartPoleEnv", max_episode_steps=50)
    for name in ("RlnasTest/Mine-v0", "RlnasTest/Text-v0", "RlnasTest/Short-v0"):
        assert not known_to_workers(name)
    assert registered_by("RlnasTest/Mine-v0") == __name__
    assert registered_by("RlnasTest/Text-v0") == "some_module.envs"
    for known in ("CartPole-v1", "ALE/Breakout-v5", "MinAtar/Breakout-v1", "HalfCheetah-v5"):
        assert known_to_workers(known)


def test_what_a_module_registers_is_known_to_those_that_import_it(registered, tmp_path, monkeypatch):
    entry = "gymnasium.envs.classic_control:CartPoleEnv"
    (tmp_path / "short_envs.py").write_text(
        f"import gymnasium\nprint('hello')\ngymnasium.register('RlnasTest/Short-v0', {entry!r})\n"
    )
    (tmp_path / "other_envs.py").write_text("")
    (tmp_path / "here_only.py").write_text("raise ImportError('not twice')")
    monkeypatch.syspath_prepend(tmp_path)
    registered("RlnasTest/Short-v0", entry)
    assert known_to_workers("RlnasTest/Short-v0", ["other_envs", "short_envs"])
    assert not known_to_workers("RlnasTest/Short-v0", ["other_envs"])
    with pytest.raises(UserError, match="cannot import short_envs, here_only: here_only raised ImportError: not twice"):
        known_to_workers("RlnasTest/Short-v0", ["short_envs", "here_only"])


class Doors(VectorEnv):
    """One of two doors; the second pays 1, and every game ends there."""

    observation_shape, observation_dtype, actions = (1, 2, 2), np.dtype(np.bool_), DiscreteActions(2)

    def reset(self, seeds):
        self._forget_games()
        return np.zeros((self.num_envs, 1, 2, 2), dtype=bool)

    def step(self, actions):
        fresh, reward = self._over, np.where(self._over, 0, actions).astype(np.float32)
        ended = ~fresh
        episodes = self._count(reward, ended, np.zeros_like(ended))
        return Step(
            np.ones((self.num_envs, 1, 2, 2), dtype=bool), reward, ended, np.zeros_like(ended), ~fresh, episodes
        )

    def close(self):
        pass


class Toys(EnvFamily):
    prefix, options, packages = "Toy/", ("num_envs",), ("numpy",)
    defaults = Defaults("a whim", {"num_envs": 3}, {"clip": 0.3})

    def ids(self):
        return ["Toy/Doors-v0"]

    def make(self, env_id, settings, num_envs, threads=1):
        return Doors(num_envs)

    def film(self, env_id, settings):
        return Doors(1), GridCamera(1)

    def spaces(self, env_id, shape, outputs, channels):
        return Box(0, 1, shape, np.bool_), Discrete(outputs)


def test_a_family_that_is_added_to_the_table_is_used_everywhere(monkeypatch):
    monkeypatch.setattr(families, "FAMILIES", (Toys(), *families.FAMILIES))
    assert "Toy/Doors-v0" in known_ids()
    env = make_env("Toy/Doors-v0", SETTINGS)
    env.reset(np.array([1, 2]))
    assert [episode.score for episode in env.step(np.array([1, 0])).episodes] == [1, 0]
    assert options_of("Toy/Doors-v0") == ("num_envs",)
    assert defaults_by_name("Toy/Doors-v0") == defaults("Toy/Doors-v0", env) == Toys.defaults
    assert known_to_workers("Toy/Doors-v0")
    frames = []
    filmed, fps = film_env("Toy/Doors-v0", SETTINGS, frames.append)
    filmed.reset(np.array([1]))
    assert filmed.step(np.array([1])).episodes == [Episode(1.0, 1, False, 0)]
    assert (len(frames), fps) == (2, GridCamera.fps)
    assert find_spaces("Toy/Doors-v0", (1, 2, 2), 2) == (Box(0, 1, (1, 2, 2), np.bool_), Discrete(2))
    with pytest.raises(UserError, match="Did you mean 'Toy/Doors-v0'"):
        make_env("Doors-v0", SETTINGS)
