import numpy as np
import pytest

from rlnas.envs import DiscreteActions, Episode, Step
from rlnas.spaces import Choice, Conv, Flatten, Linear, Space


class GuessEnv:
    """A cheap vector environment with all that ALE's has: bytes, autoresets, lost lives, forced actions, time limits.

    One of four quarters of a noisy picture is bright, and naming it earns 3, another costs 2. Games last 4 to 9
    steps; those of odd length are truncated. On every game's second step a life may be lost: the step after it is
    forced.
    """

    observation_shape = (2, 10, 10)
    observation_dtype = np.dtype(np.uint8)
    observation_bounds = None
    actions = DiscreteActions(4)
    max_steps = None

    def __init__(self, num_envs: int):
        self.num_envs = num_envs
        self.resets: list[list[int]] = []

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        self.resets.append(seeds.tolist())
        self.rng = [np.random.default_rng(int(seed)) for seed in seeds]
        self.over = [False] * self.num_envs
        self.begin(range(self.num_envs))
        return self.observe()

    def begin(self, which) -> None:
        for name in ("length", "age", "score", "forced"):
            vars(self).setdefault(name, [0] * self.num_envs)
        for i in which:
            self.length[i], self.age[i], self.score[i], self.forced[i] = int(self.rng[i].integers(4, 10)), 0, 0.0, False

    def observe(self) -> np.ndarray:
        picture = np.stack([rng.integers(0, 60, self.observation_shape) for rng in self.rng]).astype(np.uint8)
        self.target = [int(rng.integers(4)) for rng in self.rng]
        for i, target in enumerate(self.target):
            row, column = 5 * (target // 2), 5 * (target % 2)
            picture[i, :, row : row + 5, column : column + 5] += 180
        return picture

    def step(self, actions: np.ndarray) -> Step:
        n = self.num_envs
        reward, valid = np.zeros(n, dtype=np.float32), np.ones(n, dtype=bool)
        terminated, truncated, episodes = np.zeros(n, dtype=bool), np.zeros(n, dtype=bool), []
        for i in range(n):
            if self.over[i]:
                self.begin([i])
                self.over[i], valid[i] = False, False
                continue
            valid[i] = not self.forced[i]
            action = 0 if self.forced[i] else actions[i]
            reward[i] = 3 if action == self.target[i] else -2
            self.score[i] += float(reward[i])
            self.age[i] += 1
            self.forced[i] = terminated[i] = self.age[i] == 2 and self.rng[i].random() < 0.5
            if self.age[i] == self.length[i]:
                self.over[i] = True
                truncated[i] = self.length[i] % 2
                terminated[i] = not truncated[i]
                episodes.append(Episode(self.score[i], self.age[i], bool(truncated[i]), i))
        return Step(self.observe(), reward, terminated, truncated, valid, episodes)

    def close(self) -> None:
        pass


@pytest.fixture
def guess_env():
    """Makes a `GuessEnv` of so many environments."""
    return GuessEnv


@pytest.fixture
def guess_space():
    """A space whose networks can play it: 3 x 2 architectures."""
    layers = [
        Conv(8, kernel=Choice("k", [1, 2, 3]), stride=2),
        Conv(Choice("c", [4, 8]), kernel=2, padding="valid"),
        Flatten(),
        Linear(32),
    ]
    return Space("guess", GuessEnv.observation_shape, layers)
