"""The one interface to vector environments that algorithms know."""

from dataclasses import dataclass, field

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
    """What observations are scaled by: `low` becomes 0 and `high`, which is above it, 1.

    Both have one number for all numbers of an observation, or the observation's shape.
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

    Environments reset themselves on the step *after* the one that ended an episode (Gymnasium's next-step autoreset):
    the observation of the ending step is the true last one, and the step that resets is not a transition.

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


class VectorEnv:
    """Base of vector environments: `num_envs` environments that step together.

    Attributes:
        observation_shape: of one observation; maps have their channels first.
        observation_bounds: what networks scale observations by; `None` where they take them as they are, bytes
            divided by 255.
        max_steps: steps after which the environment itself ends a game; `None` where it does not say.
        axes: which axis of a map is its channels, in words, where that is not certain.
        remarks: what is odd about the environment but does not stop it: one sentence for each kind of oddity.
        running_scores: `(n,)` float64, the unclipped returns so far of the games in progress.
    """

    observation_shape: tuple[int, ...]
    observation_dtype: np.dtype
    observation_bounds: Bounds | None = None
    actions: ActionSpace
    max_steps: int | None = None
    axes: str = ""

    def __init__(self, num_envs: int):
        self.num_envs = num_envs
        self.remarks: dict[str, str] = {}
        self.running_scores = np.zeros(num_envs)
        self._lengths = np.zeros(num_envs, dtype=np.int64)
        self._over = np.zeros(num_envs, dtype=bool)

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        """Starts a new episode in every environment; `seeds` has shape `(n,)`. Returns observations `(n, *shape)`.

        Environments that were closed are made again.
        """
        raise NotImplementedError

    def step(self, actions: np.ndarray) -> Step:
        """Plays one action in every environment: `(n, *actions.shape)`, of the type `actions.dtype`.

        Raises:
            EnvironmentFault: if an action is out of range, or an environment raises or returns something unusable.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Frees the environments. More than one call does no harm."""
        raise NotImplementedError

    def _forget_games(self) -> None:
        """Forgets the games in progress."""
        self.running_scores[:], self._lengths[:], self._over[:] = 0, 0, False

    def _count(self, reward: np.ndarray, ended: np.ndarray, truncated: np.ndarray) -> list[Episode]:
        """Counts one step, and returns the games that it ended; those that had ended before it are reset by it.

        `reward` is unclipped; `ended`: the game is over, for whichever reason; `truncated`: by a time limit.
        """
        self.running_scores += np.where(self._over, 0, reward)
        self._lengths += ~self._over
        finished = []
        for i in map(int, np.flatnonzero(ended)):
            finished.append(Episode(float(self.running_scores[i]), int(self._lengths[i]), bool(truncated[i]), i))
            self.running_scores[i] = self._lengths[i] = 0
        self._over = ended
        return finished
