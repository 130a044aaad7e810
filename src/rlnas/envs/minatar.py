"""MinAtar: five miniature Atari games on a 10x10 grid (Young and Tian, 2019)."""

from __future__ import annotations

import importlib.util
import logging
import re
from functools import partial
from typing import Any

import numpy as np

from rlnas.envs.actions import ActionSpace, DiscreteActions
from rlnas.envs.base import Bounds, EpisodeCounter, Step
from rlnas.envs.settings import EnvSettings
from rlnas.errors import needs_extra, unknown

MINATAR_PREFIX = "MinAtar/"
GAMES = {
    "Asterix": "asterix",
    "Breakout": "breakout",
    "Freeway": "freeway",
    "Seaquest": "seaquest",
    "SpaceInvaders": "space_invaders",
}
VERSIONS = ("v0", "v1")
"""`v0` has all six actions, `v1` only those that do something in the game; the ids are MinAtar's own."""


def minatar_ids() -> list[str]:
    """The ids of the games, whether or not MinAtar is installed."""
    return [f"{MINATAR_PREFIX}{game}-{version}" for game in GAMES for version in VERSIONS]


def minatar_installed() -> bool:
    """Whether the package `minatar` can be imported."""
    return importlib.util.find_spec("minatar") is not None


def _environment_class() -> Any:
    """MinAtar's `Environment`; its warnings about plotting packages, which only its own window needs, are dropped."""
    if not minatar_installed():
        raise needs_extra("MinAtar games need", "minatar")
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        from minatar import Environment
    finally:
        logging.disable(before)
    return Environment


class MinAtarEnv:
    """MinAtar games, stepped one after another in this process, with MinAtar's own rising difficulty.

    Observations are grids `(channels, 10, 10)` of bools; the number of channels depends on the game.

    Args:
        env_id: e.g. `"MinAtar/Breakout-v1"`.
        settings: the options; of them only `num_envs` and `sticky_actions` mean something here.
        num_envs: overrides `settings.num_envs`.

    Raises:
        UserError: if there is no such game, or MinAtar is not installed.
    """

    def __init__(self, env_id: str, settings: EnvSettings, num_envs: int | None = None):
        found = re.fullmatch(r"(\w+)-(v\d)", env_id.removeprefix(MINATAR_PREFIX))
        if found is None or found[1] not in GAMES or found[2] not in VERSIONS:
            raise unknown("environment", env_id, minatar_ids())
        self.num_envs = num_envs or settings.num_envs
        self._make = partial(_environment_class(), GAMES[found[1]], sticky_action_prob=settings.sticky_actions)
        example = self._make()
        self._numbers = example.minimal_action_set() if found[2] == "v1" else list(range(example.num_actions()))
        self.actions: ActionSpace = DiscreteActions(len(self._numbers))
        self.remarks: dict[str, str] = {}
        height, width, channels = example.state_shape()
        self.observation_shape: tuple[int, ...] = (channels, height, width)
        self.observation_dtype = np.dtype(np.bool_)
        self.observation_bounds: Bounds | None = None
        self.max_steps: int | None = None
        self._games: list[Any] = []
        self._counter = EpisodeCounter(self.num_envs)
        self._over = np.zeros(self.num_envs, dtype=bool)

    @property
    def running_scores(self) -> np.ndarray:
        """See `VectorEnv.running_scores`."""
        return self._counter.score

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        """Starts a new game in every environment; see `VectorEnv.reset`."""
        # New objects: MinAtar's own reset does not forget the last action, which a sticky one would repeat.
        self._games = [self._make() for _ in range(self.num_envs)]
        for game, seed in zip(self._games, seeds, strict=True):
            game.seed(int(seed))
            game.reset()
        self._counter.reset()
        self._over[:] = False
        return self._observe()

    def step(self, actions: np.ndarray) -> Step:
        """Plays one action in every environment; see `VectorEnv.step`."""
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
        episodes = self._counter.add(reward, ~resetting, ended, truncated)
        self._over = ended
        return Step(self._observe(), reward, ended & ~truncated, truncated, ~resetting, episodes)

    def _observe(self) -> np.ndarray:
        return np.stack([game.state() for game in self._games]).transpose(0, 3, 1, 2)

    def close(self) -> None:
        """Frees the games."""
        self._games = []
