"""Vector environments: one interface over ale-py, MinAtar and Gymnasium."""

from rlnas.envs.actions import ActionSpace, ContinuousActions, DiscreteActions, MultiDiscreteActions
from rlnas.envs.atari import AtariEnv
from rlnas.envs.base import Episode, Step, VectorEnv
from rlnas.envs.families import FAMILIES, family_of, film_env, known_ids, make_env, options_of
from rlnas.envs.family import EnvFamily
from rlnas.envs.gym import GymEnv, missing_package, registered_by
from rlnas.envs.minatar import MinAtarEnv
from rlnas.envs.probe import known_to_workers
from rlnas.envs.settings import EnvSettings

__all__ = [
    "FAMILIES",
    "ActionSpace",
    "AtariEnv",
    "ContinuousActions",
    "DiscreteActions",
    "EnvFamily",
    "EnvSettings",
    "Episode",
    "GymEnv",
    "MinAtarEnv",
    "MultiDiscreteActions",
    "Step",
    "VectorEnv",
    "family_of",
    "film_env",
    "known_ids",
    "known_to_workers",
    "make_env",
    "missing_package",
    "options_of",
    "registered_by",
]
