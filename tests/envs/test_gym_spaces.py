import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, Space, Tuple

from rlnas.envs import ContinuousActions
from rlnas.envs.gym_spaces import Observations, action_converter, find_bounds
from rlnas.errors import UserError
from rlnas.nets import Standardize


def boxed(shape, dtype=np.float32, low=0, high=1) -> Box:
    return Box(low, high, shape, dtype)


@pytest.mark.parametrize(
    ("shape", "seen"),
    [
        ((96, 96, 3), (3, 96, 96)),
        ((3, 96, 96), (3, 96, 96)),
        ((8, 8, 12), (12, 8, 8)),
        ((12, 8, 8), (12, 8, 8)),
        ((3, 3, 7), (7, 3, 3)),
        ((210, 160, 3), (3, 210, 160)),
        ((3, 210, 160), (3, 210, 160)),
        ((5, 7, 12), (5, 7, 12)),
        ((8, 8, 8), (8, 8, 8)),
    ],
)
def test_the_axis_of_the_channels_is_found_by_the_shape(shape, seen):
    assert Observations("Mine-v0", boxed(shape)).shape == seen


def test_the_axis_of_the_channels_can_be_said():
    values = np.arange(5 * 7 * 12).reshape(5, 7, 12)
    seen = {which: Observations("Mine-v0", boxed((5, 7, 12), low=0, high=420), which) for which in ("first", "last")}
    assert (seen["first"].shape, seen["last"].shape) == ((5, 7, 12), (12, 5, 7))
    assert np.array_equal(seen["last"].read(values.astype(np.float32)[None])[0, 3], values[:, :, 3])
    assert "first axis" in seen["first"].axes
    assert "channels=first" in seen["last"].axes


@pytest.mark.parametrize(
    ("shape", "dtype", "channels", "word"),
    [
        ((8, 8, 12), bool, "auto", "channels=first"),
        ((12, 8, 8), bool, "auto", "channels=last"),
        ((8, 8, 12), bool, "last", None),
        ((96, 96, 3), np.uint8, "auto", None),
        ((5, 5), np.float32, "auto", "FlattenObservation"),
        ((84, 84), np.uint8, "auto", None),
        ((5,), np.float32, "auto", None),
    ],
)
def test_a_reading_that_may_be_wrong_is_remarked_on(shape, dtype, channels, word):
    remarks = Observations("Mine-v0", boxed(shape, dtype), channels).remarks
    assert (word in remarks["axes"]) if word else remarks == {}


def test_an_axis_that_vectors_do_not_have_is_refused():
    with pytest.raises(UserError, match=r"'channels' is for maps with three axes, and 'Mine-v0' has .* shape \(4,\)"):
        Observations("Mine-v0", boxed((4,)), "last")


@pytest.mark.parametrize(
    ("dtype", "low", "high", "found"),
    [
        (np.uint8, 0, 255, None),
        (np.uint8, 0, 1, (0, 1)),
        (np.uint8, 0, 3, (0, 3)),
        (np.int8, 0, 1, None),
        (np.int8, -128, 127, (-128, 127)),
        (np.uint16, 0, 65535, (0, 65535)),
        (np.int64, -5, 20, (-5, 20)),
        (np.int64, np.iinfo(np.int64).min, np.iinfo(np.int64).max, None),
        (np.int32, 0, np.iinfo(np.int32).max, None),
        (np.uint32, 0, np.iinfo(np.uint32).max, None),
        (np.float32, 0, 3, None),
        (bool, 0, 1, None),
    ],
)
def test_whole_numbers_are_scaled_by_their_bounds_where_they_have_any(dtype, low, high, found):
    bounds = find_bounds(boxed((2, 3), dtype, low, high))
    assert (bounds and (bounds.low.tolist(), bounds.high.tolist())) == (found and ([found[0]], [found[1]]))


def test_numbers_with_bounds_of_their_own_keep_them_in_their_places():
    low, high = np.zeros((4, 5, 2), np.uint8), np.full((4, 5, 2), 255, np.uint8)
    high[..., 1] = 10
    bounds = Observations("Mine-v0", Box(low, high, dtype=np.uint8), "last").bounds
    assert bounds.low.shape == bounds.high.shape == (2, 4, 5)
    assert [set(channel.flatten().tolist()) for channel in bounds.high] == [{255.0}, {10.0}]
    one_value = find_bounds(Box(np.array([0, 7]), np.array([9, 7]), dtype=np.int16))
    assert (one_value.low.tolist(), one_value.high.tolist()) == ([0, 0], [9, 1])  # not divided by 0


class Mission(Space):
    """A space of somebody's own, which cannot be flattened."""

    def __init__(self):
        super().__init__((), str)


@pytest.mark.parametrize(
    ("space", "parts", "never"),
    [
        (
            Dict({"direction": Discrete(4), "image": boxed((7, 7, 3), np.uint8, 0, 255), "mission": Mission()}),
            ["lambda o: o['image']", "TransformObservation", "ImgObsWrapper"],
            "FlattenObservation",
        ),
        (Tuple([Discrete(2), boxed((84, 84))]), ["lambda o: o[1]"], "FlattenObservation"),
        (Dict({"a": boxed((3,)), "b": Discrete(2)}), ["FlattenObservation"], "TransformObservation"),
        (Dict({"a": boxed((3,)), "b": Mission()}), ["FilterObservation(env, ['a'])", "FlattenObs"], "TransformObs"),
        (Discrete(5), ["FlattenObservation"], "TransformObservation"),
        (Mission(), ["ObservationWrapper"], "FlattenObservation"),
    ],
)
def test_what_is_advised_for_other_observations_works_on_them(space, parts, never):
    with pytest.raises(UserError) as caught:
        Observations("Mine-v0", space)
    assert [part for part in parts if part not in str(caught.value)] == []
    assert never not in str(caught.value)


def test_the_wrapper_that_is_advised_for_a_picture_keeps_it_alone():
    class Seen(gymnasium.Env):
        observation_space = Dict({"image": boxed((7, 7, 3), np.uint8, 0, 255), "mission": Mission()})
        action_space = Discrete(2)

        def reset(self, *, seed=None, options=None):
            return {"image": np.full((7, 7, 3), 9, np.uint8), "mission": "go"}, {}

    env = Seen()
    kept = gymnasium.wrappers.TransformObservation(env, lambda o: o["image"], env.observation_space["image"])
    observations = Observations("Mine-v0", kept.observation_space)
    rows = observations.rows(1)
    observations.take(kept.reset()[0], rows, 0)
    assert observations.read(rows).shape == (1, 3, 7, 7)


@pytest.mark.parametrize(
    ("low", "high", "far"),
    [
        (-1, 1, False),
        (-2, 2, False),  # Pendulum
        (-3, 3, False),  # MuJoCo's InvertedPendulum
        (-0.4, 0.4, False),  # its Humanoid
        (0, 1, False),  # CarRacing's gas
        (-np.inf, np.inf, False),
        (-2000, 2000, True),
        (0, 1e-3, True),
        (-0.01, 0.01, True),
        (0, 100, True),
        (5, 6, True),
        (-np.inf, 100, False),
    ],
)
def test_bounds_that_a_standard_normal_policy_hardly_meets_are_far(low, high, far):
    assert ContinuousActions((-1.0, float(low)), (1.0, float(high))).far == far


def test_scaled_actions_reach_the_bounds_and_the_middle():
    space = Box(np.array([-2000, 0, -1, -np.inf]), np.array([2000, 100, 3, 5]), dtype=np.float64)
    for action, played in (
        (-1, [-2000, 0, -1, -1]),
        (0, [0, 50, 1, 0]),
        (1, [2000, 100, 3, 1]),
        (9, [2000, 100, 3, 5]),
    ):
        actions = np.array([np.full(4, action), np.zeros(4)], dtype=np.float32)
        assert action_converter(space, scaled=True)(actions).tolist() == [played, [0, 50, 1, 0]]
    assert action_converter(space)(np.full((1, 4), 0.5, np.float32)).tolist() == [[0.5] * 4]
    matrix = Box(0, 10, (2, 2), np.float32)
    assert action_converter(matrix, scaled=True)(np.array([[-1, 0, 1, 0]], np.float32)).tolist() == [[[0, 5], [10, 5]]]


def test_numbers_without_bounds_beside_others_are_not_cut():
    space = Box(np.array([0, -(2**63)]), np.array([10, 2**63 - 1]), dtype=np.int64)
    bounds = find_bounds(space)
    scaled = Standardize.between(bounds.low, bounds.high)(torch.tensor([[5.0, 37.0], [10.0, -300.0]]))
    assert scaled.tolist() == [[0.5, 37.0], [1.0, -300.0]]
