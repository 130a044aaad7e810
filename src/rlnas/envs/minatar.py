"""MinAtar: five miniature Atari games on a 10x10 grid (Young and Tian, 2019)."""

import colorsys
import contextlib
import importlib.util
import logging
from functools import partial
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.spaces import Space as GymSpace

from rlnas.envs.actions import DiscreteActions
from rlnas.envs.base import Step, VectorEnv
from rlnas.envs.family import Camera, Defaults, EnvFamily
from rlnas.envs.settings import Channels, EnvSettings

GAMES = {name: name.lower() for name in ("Asterix", "Breakout", "Freeway", "Seaquest")}
GAMES |= {"SpaceInvaders": "space_invaders"}
VERSIONS = ("v0", "v1")
"""`v0` has all six actions, `v1` only those that do something in the game; the ids are MinAtar's own."""

FPS = 10
"""MinAtar has no clock; at this speed a person can follow."""


def _environment_class() -> Any:
    """MinAtar's `Environment`; its warnings about plotting packages, which only its own window needs, are dropped."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        from minatar import Environment
    finally:
        logging.disable(before)
    return Environment


class MinAtarEnv(VectorEnv):
    """MinAtar games, stepped one after another in this process, with MinAtar's own rising difficulty.

    Observations are grids `(channels, 10, 10)` of bools; the number of channels depends on the game. `num_envs`
    overrides `settings.num_envs`.
    """

    def __init__(self, env_id: str, settings: EnvSettings, num_envs: int | None = None):
        super().__init__(num_envs or settings.num_envs)
        game, _, version = env_id.rpartition("/")[2].partition("-")
        self._make = partial(_environment_class(), GAMES[game], sticky_action_prob=settings.sticky_actions)
        example = self._make()
        self._numbers = example.minimal_action_set() if version == "v1" else list(range(example.num_actions()))
        self.actions = DiscreteActions(len(self._numbers))
        height, width, channels = example.state_shape()
        self.observation_shape = (channels, height, width)
        self.observation_dtype = np.dtype(np.bool_)
        self._games: list[Any] = []

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        # New objects: MinAtar's own reset does not forget the last action, which a sticky one would repeat.
        self._games = [self._make() for _ in range(self.num_envs)]
        for game, seed in zip(self._games, seeds, strict=True):
            game.seed(int(seed))
            game.reset()
        self._forget_games()
        return self._observe()

    def step(self, actions: np.ndarray) -> Step:
        self.actions.check(actions, self.num_envs)
        reward = np.zeros(self.num_envs, dtype=np.float32)
        ended = np.zeros(self.num_envs, dtype=bool)
        resetting = self._over
        for i, game in enumerate(self._games):
            if resetting[i]:
                game.reset()
            else:
                reward[i], ended[i] = game.act(self._numbers[actions[i]])
        # Only Freeway has a time limit, which MinAtar reports like any other end.
        late = [getattr(game.env, "terminate_timer", 0) < 0 for game in self._games]
        truncated = ended & np.array(late)
        episodes = self._count(reward, ended, truncated)
        return Step(self._observe(), reward, ended & ~truncated, truncated, ~resetting, episodes)

    def _observe(self) -> np.ndarray:
        return np.stack([game.state() for game in self._games]).transpose(0, 3, 1, 2)

    def close(self) -> None:
        self._games = []


class GridCamera(Camera):
    """Draws grids `(channels, height, width)` of bools, one colour for each channel, the last channel on top."""

    fps = FPS

    def __init__(self, channels: int):
        # Hues around the circle from blue on, bright and less bright by turns, on a dark ground.
        colours = [(0.07, 0.07, 0.10)]
        colours += [colorsys.hsv_to_rgb((0.6 + i / channels) % 1, 0.65, (1.0, 0.7)[i % 2]) for i in range(channels)]
        self.palette = np.rint(np.array(colours) * 255).astype(np.uint8)
        """`(1 + channels, 3)`; the first colour is that of empty fields."""

    def draw(self, observation: np.ndarray) -> np.ndarray:
        numbers = np.arange(1, len(observation) + 1)[:, None, None]
        return self.palette[(observation * numbers).max(axis=0)]


class MinAtar(EnvFamily):
    """The games of the package `minatar`."""

    prefix = "MinAtar/"
    options = ("num_envs", "sticky_actions")
    extra = "minatar"
    packages = ("minatar",)
    defaults = Defaults(
        "MinAtar's own sticky actions, and a sweep on its Breakout (docs/ppo.md)",
        {"num_envs": 32, "sticky_actions": 0.1},
        {"rollout_steps": 64, "learning_rate": 1e-3, "clip": 0.2, "value_clip": None, "reward_clip": "none"},
    )

    def ids(self) -> list[str]:
        if importlib.util.find_spec("minatar") is None:
            return []
        return [f"{self.prefix}{game}-{version}" for game in GAMES for version in VERSIONS]

    def load(self) -> None:
        with contextlib.suppress(ImportError):
            _environment_class()

    def make(self, env_id: str, settings: EnvSettings, num_envs: int, threads: int = 1) -> VectorEnv:
        return MinAtarEnv(env_id, settings, num_envs)

    def film(self, env_id: str, settings: EnvSettings) -> tuple[VectorEnv, Camera]:
        env = self.make(env_id, settings, 1)
        return env, GridCamera(env.observation_shape[0])

    def spaces(self, env_id: str, shape: tuple[int, ...], outputs: int, channels: Channels) -> tuple[Box, GymSpace]:
        return Box(0, 1, shape, np.bool_), Discrete(outputs)  # type: ignore[arg-type]
