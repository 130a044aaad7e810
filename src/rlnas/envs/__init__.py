"""Vector environments: one interface over ale-py, MinAtar and Gymnasium."""

from rlnas.envs.actions import ActionSpace, ContinuousActions, DiscreteActions, MultiDiscreteActions
from rlnas.envs.atari import AtariEnv
from rlnas.envs.base import Episode, Step, VectorEnv
from rlnas.envs.gym import GymEnv
from rlnas.envs.minatar import MinAtarEnv
from rlnas.envs.probe import known_to_workers
from rlnas.envs.registry import known_ids, make_env, missing_package, options_of, registered_by
from rlnas.envs.settings import EnvSettings

__all__ = [
    "ActionSpace",
    "AtariEnv",
    "ContinuousActions",
    "DiscreteActions",
    "EnvSettings",
    "Episode",
    "GymEnv",
    "MinAtarEnv",
    "MultiDiscreteActions",
    "Step",
    "VectorEnv",
    "known_ids",
    "known_to_workers",
    "make_env",
    "missing_package",
    "options_of",
    "registered_by",
]
