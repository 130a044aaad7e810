import json

import numpy as np
import pytest

from rlnas.errors import UserError
from rlnas.spaces import (
    Activation,
    Choice,
    Conv,
    Flatten,
    Linear,
    MaxPool,
    Norm,
    Readout,
    Repeat,
    Resize,
    ShapeError,
    Space,
)


@pytest.mark.parametrize("kernel", range(1, 8))
def test_same_padding_makes_the_size_independent_of_the_kernel(kernel):
    assert Conv(8, kernel=kernel, stride=2).output_shape((3, 20, 21), {}) == (8, 10, 11)
    assert MaxPool(kernel, stride=3).output_shape((3, 20, 21), {}) == (3, 7, 7)


def test_valid_padding_shrinks_the_map():
    assert Conv(32, kernel=8, stride=4, padding="valid").output_shape((4, 84, 84), {}) == (32, 20, 20)
    assert MaxPool(3, stride=2, padding="valid").output_shape((4, 9, 8), {}) == (4, 4, 3)


def test_a_searched_width_is_that_of_the_option():
    values = {"c": 4, "f": 3}
    assert Conv(Choice("c", [4, 16, 8]), kernel=3).output_shape((2, 5, 5), values) == (4, 5, 5)
    assert Linear(Choice("f", [3, 9])).output_shape((7,), values) == (3,)


def test_the_cost_of_a_searched_width_is_that_of_the_option():
    conv, linear = Conv(Choice("c", [4, 16]), kernel=3), Linear(Choice("f", [3, 9]))
    assert conv.parameters((2, 5, 5), {"c": 4}) == 4 * (2 * 3 * 3 + 1)
    assert conv.multiply_adds((2, 5, 5), {"c": 4}) == 5 * 5 * 4 * 2 * 3 * 3
    assert linear.parameters((7,), {"f": 3}) == 3 * 8
    assert linear.multiply_adds((7,), {"f": 3}) == 3 * 7


def test_fit_gives_the_exact_size():
    assert Resize(11, 12, channels=9).output_shape((3, 20, 5), {}) == (9, 11, 12)
    assert Resize(11, 12).output_shape((3, 20, 5), {}) == (3, 11, 12)


@pytest.mark.parametrize(
    ("layer", "shape", "fault"),
    [
        (Conv(8, kernel=5, padding="valid"), (3, 4, 9), "kernel 5 does not fit into a 4x9 map"),
        (MaxPool(5, padding="valid"), (3, 9, 4), "kernel 5 does not fit into a 9x4 map"),
        (Conv(8, kernel=6, pad_mode="reflect"), (3, 9, 3), "cannot reflect a 9x3 map"),
        (Conv(8, kernel=3), (12,), "needs a map"),
        (Flatten(), (12,), "needs a map"),
        (Resize(4, 4), (12,), "needs a map"),
        (Resize(4, 4, channels=2), (3, 4, 4), "cannot reduce 3 channels to 2"),
        (Linear(8), (3, 4, 4), "put a flatten layer before it"),
        (Readout(8), (12,), "needs a map"),
    ],
)
def test_a_shape_that_a_layer_cannot_take_is_named(layer, shape, fault):
    with pytest.raises(ShapeError, match=fault):
        layer.output_shape(shape, {})


def test_reflection_works_up_to_the_size_of_the_map():
    assert Conv(8, kernel=5, pad_mode="reflect").output_shape((3, 3, 3), {}) == (8, 3, 3)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: Conv(0, kernel=3), "channels must be a whole number of at least 1, not 0"),
        (lambda: Conv(8, kernel=2.5), "kernel must be a whole number"),
        (lambda: Conv(8, kernel=True), "kernel must be a whole number"),
        (lambda: Conv(8, kernel=Choice("k", [3, 0])), "kernel must be a whole number of at least 1, not 0"),
        (lambda: Conv(8, kernel=Choice("k", ["big"])), "kernel must be a whole number"),
        (lambda: Conv(8, kernel=3, padding="full"), "padding must be one of same, valid, not 'full'"),
        (lambda: Conv(8, kernel=3, pad_mode="wrap"), "pad_mode must be one of zeros, reflect"),
        (lambda: Conv(8, kernel=3, padding=Choice("p", ["same", "valid"])), "conv: padding cannot be a choice"),
        (lambda: Conv(8, kernel=3, pad_mode=Choice("p", ["zeros", "reflect"])), "conv: pad_mode cannot be a choice"),
        (lambda: Conv(8, kernel=3, share=Choice("s", ["none"])), "conv: share cannot be a choice"),
        (lambda: Linear(8, share=Choice("s", ["none"])), "linear: share cannot be a choice"),
        (lambda: MaxPool(3, padding=Choice("p", ["same", "valid"])), "max-pool: padding cannot be a choice"),
        (lambda: Resize(4, 4, shrink=Choice("s", ["pool", "crop"])), "resize: shrink cannot be a choice"),
        (lambda: MaxPool(3, stride=0), "max-pool: stride"),
        (lambda: MaxPool(3, padding="full"), "max-pool: padding"),
        (lambda: Resize(0, 4), "resize: height"),
        (lambda: Resize(4, 4, channels=-1), "resize: channels"),
        (lambda: Resize(4, 4, shrink="squash"), "resize: shrink must be one of pool, crop"),
        (lambda: Resize(Choice("h", [4, 5]), 4), "resize: height cannot be a choice"),
        (lambda: Linear(0), "linear: features"),
        (lambda: Linear(4, activation="sin"), "linear: activation must be one of none, relu, tanh"),
        (lambda: Conv(4, kernel=3, activation=Choice("a", ["relu"])), "conv: activation cannot be a choice"),
        (lambda: Readout(0), "readout: features"),
        (lambda: Readout(Choice("f", [4, 8])), "readout: features cannot be a choice"),
        (
            lambda: Readout(8, Choice("r", ["mean", "sum"])),
            "readout: kind must be one of flatten, mean, max, not 'sum'",
        ),
        (lambda: Norm(Choice("n", ["layer", "batch"])), "norm: kind must be one of layer, none, not 'batch'"),
        (lambda: Activation("sin"), "activation: kind must be one of none, relu"),
    ],
)
def test_a_parameter_that_is_not_allowed_is_named(make, fault):
    with pytest.raises(UserError, match=fault):
        make()


def test_repeat_costs_what_its_times_cost():
    layer = Repeat([Linear(8), Norm()], times=Choice("d", [1, 3]))
    assert layer.output_shape((5,), {"d": 1}) == layer.output_shape((5,), {"d": 3}) == (8,)
    first, later = 8 * 6 + 16, 8 * 9 + 16
    assert layer.parameters((5,), {"d": 1}) == first
    assert layer.parameters((5,), {"d": 3}) == first + 2 * later
    assert layer.multiply_adds((5,), {"d": 3}) == 8 * 5 + 2 * 8 * 8


def test_repeat_finds_the_choices_inside_once():
    act = Choice("act", ["relu", "tanh"])
    layer = Repeat([Activation(act), Activation(act)], times=Choice("d", [1, 2]))
    assert [choice.name for choice in layer.choices] == ["d", "act"]


def test_a_repeat_that_changes_the_shape_is_refused():
    with pytest.raises(ShapeError, match=r"after the first time, but makes \(4, 2, 2\) of \(4, 4, 4\)"):
        Space("s", (3, 8, 8), [Repeat([Conv(4, kernel=3, stride=2)], times=2), Flatten()])
    with pytest.raises(UserError, match="repeat: layers"):
        Repeat([], times=2)
    with pytest.raises(UserError, match="repeat: times"):
        Repeat([Flatten()], times=0)


def test_whole_numbers_of_numpy_are_taken():
    layers = [Conv(np.int64(8), kernel=np.int32(3)), Flatten(), Linear(np.uint8(16))]
    assert layers == [Conv(8, kernel=3), Flatten(), Linear(16)]
    assert json.dumps(Space("s", (1, 5, 5), layers).to_dict())
