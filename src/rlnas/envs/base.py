"""The one interface to vector environments that the PPO engine knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from rlnas.envs.actions import ActionSpace


@dataclass(frozen=True)
class Episode:
    """A finished full game.

    Attributes:
        score: the unclipped return, undiscounted.
        length: environment steps, without the dummy steps of autoresets.
        truncated: whether a time limit ended it.
        environment: index of the environment that played it.
        cut: whether an evaluation stopped it, so that it is no full game; it is truncated then.
    """

    score: float
    length: int
    truncated: bool
    environment: int
    cut: bool = False


@dataclass(frozen=True)
class Bounds:
    """What observations are scaled by: `low` becomes 0 and `high` 1.

    Attributes:
        low: the smallest values, one for all numbers of an observation or one for each, shaped as an observation.
        high: the largest, likewise; above `low`.
    """

    low: np.ndarray
    high: np.ndarray

    def __str__(self) -> str:
        if self.low.size == 1:
            return f"{self.low.item():g}..{self.high.item():g}"
        return "the bounds of each number"


@dataclass(frozen=True)
class Step:
    """What a vector environment returns for one action in each of its `n` environments.

    Environments reset themselves on the step *after* the one that ended an episode (Gymnasium's next-step
    autoreset): the observation of the ending step is the true last one, and the step that resets is not a
    transition.

    Attributes:
        observation: `(n, *shape)`, the observations after the action.
        reward: `(n,)` float32, unclipped.
        terminated: `(n,)` bool: nothing follows, for learning. A lost life counts where the settings say so.
        truncated: `(n,)` bool: cut off by a time limit; the value of `observation` stands for what would follow.
        valid: `(n,)` bool: the policy's action was really played. False for autoreset steps and forced actions.
        episodes: the full games that ended on this step.
    """

    observation: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    valid: np.ndarray
    episodes: list[Episode] = field(default_factory=list)


class VectorEnv(Protocol):
    """`n` environments that step together.

    Attributes:
        num_envs: how many.
        observation_shape: of one observation; maps have their channels first.
        observation_dtype: its type.
        observation_bounds: what networks scale observations by; `None` where they take them as they are, bytes
            divided by 255.
        actions: what can be done on each step.
        max_steps: steps after which the environment itself ends a game; `None` where it does not say.
    """

    num_envs: int
    observation_shape: tuple[int, ...]
    observation_dtype: np.dtype
    observation_bounds: Bounds | None
    actions: ActionSpace
    max_steps: int | None

    @property
    def remarks(self) -> dict[str, str]:
        """What is odd about the environment but does not stop it: one sentence for each kind of oddity."""
        ...

    @property
    def running_scores(self) -> np.ndarray:
        """`(n,)` float64, the unclipped returns so far of the games in progress."""
        ...

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        """Starts a new episode in every environment; `seeds` has shape `(n,)`. Returns observations `(n, *shape)`.

        Environments that were closed are made again.
        """
        ...

    def step(self, actions: np.ndarray) -> Step:
        """Plays one action in every environment: `(n, *actions.shape)`, of the type `actions.dtype`.

        Raises:
            EnvironmentFault: if an environment raises or returns something unusable.
        """
        ...

    def close(self) -> None:
        """Frees the environments. More than one call does no harm."""
        ...


class EpisodeCounter:
    """Adds up the unclipped return and the length of the game that each environment is playing."""

    def __init__(self, num_envs: int):
        self.score = np.zeros(num_envs)
        self.length = np.zeros(num_envs, dtype=np.int64)

    def reset(self) -> None:
        """Forgets the games in progress."""
        self.score[:] = 0
        self.length[:] = 0

    def add(self, reward: np.ndarray, played: np.ndarray, ended: np.ndarray, truncated: np.ndarray) -> list[Episode]:
        """Counts one step and returns the games that it ended.

        Args:
            reward: `(n,)`, unclipped.
            played: `(n,)` bool, False where the step only reset the environment.
            ended: `(n,)` bool, the game is over, for whichever reason.
            truncated: `(n,)` bool, it was a time limit.
        """
        self.score += np.where(played, reward, 0)
        self.length += played
        finished = []
        for i in np.flatnonzero(ended):
            finished.append(Episode(float(self.score[i]), int(self.length[i]), bool(truncated[i]), int(i)))
            self.score[i] = 0
            self.length[i] = 0
        return finished
