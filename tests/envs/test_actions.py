import json

import numpy as np
import pytest

from rlnas.envs import ContinuousActions, DiscreteActions, MultiDiscreteActions
from rlnas.envs.actions import actions_from_dict, actions_to_dict
from rlnas.errors import EnvironmentFault

DISCRETE, MULTI = DiscreteActions(3), MultiDiscreteActions((2, 4))
CONTINUOUS = ContinuousActions((-1.0, -np.inf), (2.0, np.inf))


@pytest.mark.parametrize("actions", [DISCRETE, MULTI, CONTINUOUS])
def test_action_spaces_survive_json(actions):
    assert actions_from_dict(json.loads(json.dumps(actions_to_dict(actions)))) == actions


@pytest.mark.parametrize(
    ("actions", "outputs", "shape", "kind", "words"),
    [
        (DISCRETE, 3, (), "i", "3 actions"),
        (MULTI, 6, (2,), "i", "2 decisions at once, among 2, 4 options"),
        (CONTINUOUS, 2, (2,), "f", "2 real numbers as actions"),
    ],
)
def test_an_action_space_says_what_a_policy_has_to_give(actions, outputs, shape, kind, words):
    assert (actions.outputs, actions.shape, actions.dtype.kind, str(actions)) == (outputs, shape, kind, words)


@pytest.mark.parametrize(
    ("actions", "good", "bad"),
    [
        (DISCRETE, [0, 2], [[0, 3], [-1, 0], [0], [[0], [1]]]),
        (MULTI, [[1, 3], [0, 0]], [[[2, 0], [0, 0]], [[0, -1], [0, 0]], [[0, 0]], [0, 0]]),
        (CONTINUOUS, [[5, 5], [-9, 0]], [[[np.nan, 0], [0, 0]], [[np.inf, 0], [0, 0]], [[0, 0]], [[0], [0]]]),
    ],
)
def test_actions_that_an_environment_cannot_play_are_named(actions, good, bad):
    actions.check(np.array(good, dtype=actions.dtype), 2)
    for values in bad:
        with pytest.raises(EnvironmentFault, match="actions must be 2 "):
            actions.check(np.array(values, dtype=actions.dtype), 2)
