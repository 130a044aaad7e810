"""What environments get where the user says nothing."""

from types import SimpleNamespace

import numpy as np
import pytest

from rlnas.algorithms.ppo import PPOSettings
from rlnas.algorithms.ppo.trainer import make_normalizer
from rlnas.defaults import CONTINUOUS, GRIDS, MINATAR, PICTURES, TUNED, VECTORS, defaults
from rlnas.envs import ContinuousActions, DiscreteActions, EnvSettings
from rlnas.envs.families import family_of

REAL = ContinuousActions((-1.0,), (1.0,))


def probe(shape, dtype, actions):
    return SimpleNamespace(observation_shape=shape, observation_dtype=np.dtype(dtype), actions=actions, num_envs=1)


@pytest.mark.parametrize(
    ("env", "shape", "actions", "expected"),
    [
        ("ALE/Pong-v5", (4, 84, 84), DiscreteActions(6), family_of("ALE/Pong-v5").defaults),
        ("MinAtar/Breakout-v1", (4, 10, 10), DiscreteActions(3), MINATAR),
        ("Pendulum-v1", (3,), REAL, TUNED["Pendulum-v1"]),
        ("Own-v0", (3,), REAL, CONTINUOUS),
        ("Own-v0", (3,), DiscreteActions(2), VECTORS),
        ("Own-v0", (3, 36, 40), REAL, PICTURES),
        ("Own-v0", (3, 35, 40), DiscreteActions(2), GRIDS),
    ],
)
def test_an_environment_is_known_by_its_name_or_its_kind(env, shape, actions, expected):
    assert defaults(env, probe(shape, np.float32, actions)) == expected


@pytest.mark.parametrize(("env", "expected"), [("Own-v0", CONTINUOUS), ("Pendulum-v1", TUNED["Pendulum-v1"])])
def test_actions_are_scaled_by_default_where_their_bounds_are_far_from_1(env, expected):
    far, near = (defaults(env, probe((3,), np.float32, ContinuousActions((-b,), (b,)))) for b in (2000.0, 2.0))
    assert near == expected
    assert far.env == expected.env | {"scale_actions": True}
    assert far.ppo == expected.ppo


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.uint8, np.bool_])
def test_the_settings_of_every_kind_of_vector_can_be_used(dtype):
    found = defaults("Own-v0", probe((3,), dtype, REAL))
    settings = PPOSettings(**found.ppo)
    assert make_normalizer(probe((3,), dtype, REAL), settings) is not None
    assert settings.normalize_observations == (np.dtype(dtype).itemsize > 1)
    assert settings.normalize_rewards


@pytest.mark.parametrize("env", TUNED)
def test_tuned_settings_are_settings_and_their_minibatches_come_out_even(env):
    outside, ppo = EnvSettings(**TUNED[env].env), PPOSettings(**TUNED[env].ppo)
    assert outside.num_envs * ppo.rollout_steps % ppo.minibatches == 0
