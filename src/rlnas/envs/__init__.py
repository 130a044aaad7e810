"""Vector environments: one interface over ale-py, MinAtar and Gymnasium."""

from rlnas.envs.actions import ActionSpace, ContinuousActions, DiscreteActions, MultiDiscreteActions
from rlnas.envs.base import Episode, Step, VectorEnv
from rlnas.envs.families import FAMILIES, film_env, known_ids, make_env, options_of
from rlnas.envs.gym import missing_package, registered_by
from rlnas.envs.probe import known_to_workers
from rlnas.envs.settings import EnvSettings

__all__ = [
    "FAMILIES",
    "ActionSpace",
    "ContinuousActions",
    "DiscreteActions",
    "EnvSettings",
    "Episode",
    "MultiDiscreteActions",
    "Step",
    "VectorEnv",
    "film_env",
    "known_ids",
    "known_to_workers",
    "make_env",
    "missing_package",
    "options_of",
    "registered_by",
]
