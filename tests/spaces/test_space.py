import itertools

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from rlnas.errors import UserError
from rlnas.nets import Encoder
from rlnas.spaces import (
    Architecture,
    Choice,
    Conv,
    Flatten,
    Linear,
    MaxPool,
    Repeat,
    Residual,
    Resize,
    ShapeError,
    Space,
    Switch,
    load_space,
)

KERNEL = Choice("kernel", [1, 2, 3])
WIDTH = Choice("width", [4, 8])
STRIDE = Choice("stride", [1, 2])
POOL = Choice("pool", [2, 3])
OUT = Choice("out", [5, 7])


def everything() -> Space:
    """Every layer type, every searchable parameter, and a choice that two layers share."""
    layers = [
        Conv(WIDTH, kernel=KERNEL, stride=STRIDE),
        MaxPool(POOL, stride=2),
        Conv(6, kernel=KERNEL, pad_mode="reflect"),
        Conv(WIDTH, kernel=2, padding="valid"),
        Resize(4, 3, channels=9),
        Flatten(),
        Linear(OUT),
        Linear(6),
    ]
    return Space("everything", (2, 12, 11), layers)


def test_iteration_covers_the_space_once():
    space = everything()
    found = list(space)
    assert len(found) == space.size == len(space) == 3 * 2 * 2 * 2 * 2
    assert len(set(found)) == len({architecture.id for architecture in found}) == space.size
    assert all(architecture in space for architecture in found)


def test_a_choice_that_two_layers_share_counts_once():
    assert [choice.name for choice in everything().choices] == ["width", "kernel", "stride", "pool", "out"]


@pytest.mark.parametrize("name", ["paper-1", "paper-2", "nature-cnn"])
def test_ids_dicts_and_indices_name_the_same_architecture(name):
    space = load_space(name)
    for indices, architecture in zip(
        itertools.product(*(range(len(choice)) for choice in space.choices)), space, strict=True
    ):
        assert space.architecture(architecture.id) == architecture
        assert space.architecture(dict(architecture)) == architecture
        assert space.architecture(indices) == architecture


def test_options_that_only_look_equal_become_the_option_of_the_space():
    # JSON may bring 4.0, and Python holds True for 1: neither may leak into an id or a module's name.
    assert load_space("paper-1").architecture({"k2": 4.0, "k3": True}).id == "k2=4,k3=1"


def test_an_id_may_list_its_choices_in_any_order():
    assert load_space("paper-1").architecture("k3=5, k2=4").id == "k2=4,k3=5"


def test_words_and_truth_values_survive_the_id():
    space = Space("mlp", (3,), [Linear(4)])
    space.choices = (Choice("act", ["relu", "silu"]), Choice("bias", [True, False]))
    for architecture in space:
        assert space.architecture(architecture.id) == architecture


def test_membership_is_exact():
    space = load_space("paper-1")
    assert Architecture((("k2", 4), ("k3", 5))) in space
    assert Architecture((("k2", 4), ("k3", 6))) not in space
    assert Architecture((("k3", 5), ("k2", 4))) not in space
    assert Architecture((("k2", 4),)) not in space
    assert "k2=4,k3=5" not in space


def test_samples_are_uniform():
    space, rng, draws = load_space("paper-1"), np.random.default_rng(0), 5000
    counts = dict.fromkeys(space, 0)
    for _ in range(draws):
        counts[space.sample(rng)] += 1  # a KeyError here would be a sample outside of the space
    expected = draws / space.size
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi_square < 51.2  # 24 degrees of freedom, p = 0.001


def test_samples_of_one_seed_are_the_same():
    space = load_space("paper-large")
    a, b = (np.random.default_rng(3) for _ in range(2))
    assert [space.sample(a) for _ in range(5)] == [space.sample(b) for _ in range(5)]


@pytest.mark.parametrize(
    ("value", "fault"),
    [
        ("k2=9,k3=5", "unknown option for choice 'k2' of space 'paper-1': '9'.*Allowed: 1, 2, 3, 4, 5"),
        ({"k2": 9, "k3": 5}, "unknown option for choice 'k2' of space 'paper-1': '9'.*Allowed: 1, 2, 3, 4, 5"),
        ("k22=4,k3=5", "'k22'. Did you mean 'k2'"),
        ({"k22": 4, "k3": 5}, "'k22'. Did you mean 'k2'"),
        ("k2=4", "no option is given for k3"),
        ({"k3": 4}, "no option is given for k2"),
        ("4,5", "should read 'k2=1,k3=1'"),
        ("", "should read 'k2=1,k3=1'"),
        ([0], "has 2 choices, but 1 indices"),
        ([0, 5], "index 5 of choice 'k3' is outside 0..4"),
        ([-1, 0], "index -1 of choice 'k2'"),
    ],
)
def test_an_architecture_outside_of_the_space_is_refused(value, fault):
    with pytest.raises(UserError, match=fault):
        load_space("paper-1").architecture(value)


def conv_net(*layers) -> list:
    return [*layers, Flatten(), Linear(4)]


@pytest.mark.parametrize(
    ("layers", "fault"),
    [
        ([], "no layers"),
        (
            conv_net(Conv(4, kernel=Choice("k", [1, 2])), Conv(4, kernel=Choice("k", [1, 3]))),
            "two choices are called 'k'",
        ),
        ([Conv(4, kernel=3)], r"ends in a map of shape \(4, 8, 8\)"),
        ([Linear(4)], "layer 1: linear needs a vector"),
    ],
)
def test_a_space_that_makes_no_sense_is_refused(layers, fault):
    with pytest.raises(UserError, match=fault):
        Space("bad", (2, 8, 8), layers)


@pytest.mark.parametrize("shape", [(), (0, 8, 8), (2, 8.0, 8)])
def test_an_impossible_input_is_refused(shape):
    with pytest.raises(UserError, match="input shape"):
        Space("bad", shape, conv_net(Conv(4, kernel=3)))


def test_an_impossible_architecture_is_named_with_its_layer():
    layers = conv_net(
        Conv(4, kernel=Choice("a", [1, 2]), stride=Choice("s", [1, 4])),
        Conv(4, kernel=Choice("b", [2, 3]), padding="valid"),
    )
    with pytest.raises(ShapeError, match=r"space 'bad': architecture a=1,s=4,b=3 is impossible: layer 2: .*kernel 3"):
        Space("bad", (2, 8, 8), layers)


def test_a_choice_that_two_layers_share_has_one_option_in_both():
    shared = Choice("x", [1, 4])
    layers = [Conv(4, kernel=1, stride=shared), Conv(4, kernel=shared, padding="valid"), Resize(2, 2), Flatten()]
    space = Space("shared", (2, 16, 16), layers)
    assert [space.shapes(architecture)[:2] for architecture in space] == [
        [(4, 16, 16), (4, 16, 16)],
        [(4, 4, 4), (4, 1, 1)],
    ]
    with pytest.raises(ShapeError, match="architecture x=4 is impossible: layer 2"):
        Space("bad", (2, 8, 8), layers)


def test_paths_of_different_shapes_cannot_share_a_linear_layer():
    stride = Choice("s", [1, 2])
    with pytest.raises(ShapeError, match=r"layer 3 \(linear\).*s=1: \(256,\), s=2: \(64,\).*put a resize layer"):
        Space("bad", (2, 8, 8), conv_net(Conv(4, kernel=3, stride=stride)))
    with pytest.raises(ShapeError, match=r"the heads.*put a resize layer"):
        Space("bad", (2, 8, 8), [Conv(4, kernel=3, stride=stride), Flatten()])
    Space("good", (2, 8, 8), conv_net(Conv(4, kernel=3, stride=stride), Resize(8, 8)))


def test_shapes_of_a_space_too_large_to_enumerate_are_checked_at_once():
    layers = [Conv(8, kernel=Choice(f"k{n}", range(1, 6))) for n in range(30)]
    assert Space("huge", (2, 84, 84), conv_net(*layers)).size == 5**30
    with pytest.raises(ShapeError, match="k29=1 is impossible: layer 31"):
        Space("huge", (2, 84, 84), conv_net(*layers, Conv(8, kernel=85, padding="valid")))


@pytest.mark.parametrize("space", [everything(), load_space("paper-large")], ids=lambda space: space.name)
def test_costs_and_shapes_are_those_of_the_real_modules(space):
    rng = np.random.default_rng(0)
    for architecture in [space.sample(rng) for _ in range(6)]:
        check_costs_and_shapes(space, architecture)


@pytest.mark.parametrize("name", ["nature-cnn", "paper-1", "paper-2"])
def test_costs_and_shapes_of_the_small_catalogue_are_those_of_the_real_modules(name):
    space = load_space(name)
    for architecture in space:
        check_costs_and_shapes(space, architecture)


def check_costs_and_shapes(space: Space, architecture: Architecture) -> None:
    encoder, shapes = Encoder(space, architecture), []
    for block in encoder.blocks:
        block.register_forward_hook(lambda module, inputs, output: shapes.append(tuple(output.shape[1:])))
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        encoder(torch.zeros(1, *space.input_shape))
    assert shapes == space.shapes(architecture)
    assert shapes[-1] == (space.features,)
    cost = space.cost(architecture)
    assert cost.parameters == sum(parameter.numel() for parameter in encoder.parameters())
    assert cost.multiply_adds == counter.get_total_flops() / 2


def test_a_space_survives_plain_data():
    for space in (everything(), load_space("paper-2"), load_space("paper-large")):
        again = Space.from_dict(space.to_dict())
        assert again == space
        assert hash(again) == hash(space)
        assert [c.options for c in again.choices] == [c.options for c in space.choices]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"layer": []}, "unknown key of a space: 'layer'. Did you mean 'layers'"),
        ({"name": 3}, "needs 'name', which must be text, not 3"),
        ({"input": "4x84x84"}, "needs 'input', which must be a list"),
        ({"layers": ["conv"]}, "must be a table of parameters, not 'conv'"),
        ({"layers": [{"type": "cnov"}]}, "unknown layer type 'cnov'. Did you mean 'conv'"),
        ({"layers": [{"type": "conv", "kernel": 3}]}, "a conv layer lacks a parameter"),
        ({"layers": [{"type": "conv", "channels": 4, "kernal": 3}]}, "'kernal'. Did you mean 'kernel'"),
        ({"layers": [{"type": "linear", "features": {"choice": "f"}}]}, "a choice reads"),
        ({"layers": [{"type": "linear", "features": {"choice": "f", "options": 3}}]}, "a choice reads"),
    ],
)
def test_data_that_is_no_space_is_refused(change, fault):
    with pytest.raises(UserError, match=fault):
        Space.from_dict({**everything().to_dict(), **change})


def test_spaces_differ_if_their_layers_do():
    assert Space("a", (3,), [Linear(4)]) != Space("a", (3,), [Linear(5)])
    assert Space("a", (3,), [Linear(4)]) != "a"


def test_an_id_that_names_a_choice_twice_is_refused():
    with pytest.raises(UserError, match="twice"):
        load_space("paper-1").architecture("k2=4,k2=5,k3=1")


@pytest.mark.parametrize(
    ("name", "narrows"),
    [
        ("minatar-1", False),
        ("minatar-2", True),
        ("mlp", True),
        ("mlp-64-64", False),
        ("paper-1", False),  # all paths pad alike
        ("paper-2", False),
        ("paper-large", True),
        ("nature-cnn", False),
        ("impala-modern", False),
    ],
)
def test_in_which_spaces_a_path_may_lack_inputs(name, narrows):
    assert load_space(name).narrows == narrows


@pytest.mark.parametrize("share", ["none", "slice"])
def test_a_choice_of_width_narrows_what_follows_also_inside_containers(share):
    inner = [Linear(Choice("width", [4, 8]), share=share), Linear(8)]
    assert Space("s", (8,), [Repeat(inner, times=2)]).narrows
    assert not Space("s", (8,), [Repeat([Linear(8)], times=Choice("depth", [1, 2]))]).narrows


def test_a_fit_pads_where_paths_differ():
    def padding(strides: list[int], height: int, channels: int | None = None) -> bool:
        layers = [Conv(2, kernel=3, stride=Choice("s", strides)), Resize(height, 5, channels=channels), Flatten()]
        return Space("s", (1, 10, 10), layers).narrows

    assert not padding([1, 2], 5)  # of 10 and 5 none is too short
    assert padding([1, 2], 6)
    assert padding([1, 2], 5, channels=4)
    assert not padding([2], 6)  # all paths alike


def test_a_space_that_len_cannot_count_says_so_and_is_there_all_the_same():
    space = Space("huge", (3,), [Linear(Choice(f"w{n}", range(1, 1001))) for n in range(7)])
    assert space.size == 10**21
    assert space
    with pytest.raises(UserError, match="too many for len"):
        len(space)


def test_a_choice_of_widths_may_come_up_again_and_again():
    widths = [Linear(Choice(f"w{n}", (16, 32, 64, 128))) for n in range(7)]
    again = Space("r", (8,), [Linear(64), Repeat([*widths, Linear(64)], times=Choice("d", (1, 2)))])
    assert again.size == 2 * 4**7
    tied = [Conv(Choice(f"w{n}", (8, 16, 32, 64)), kernel=3) for n in range(7)]
    assert Space("t", (2, 5, 5), [*tied, *tied, Flatten(), Linear(3)]).size == 4**7
    # What is forgotten must not hide an architecture that cannot be: both widths of one choice meet in a residual.
    width = Choice("w", (4, 8))
    assert Space("ok", (8,), [Linear(width), Linear(8), Linear(width), Residual([Linear(8), Linear(width)])]).size == 2
    with pytest.raises(ShapeError, match="residual must keep the shape"):
        Space("bad", (8,), [Linear(width), Residual([Linear(8), Linear(Choice("v", (4, 8)))])])


@pytest.mark.parametrize("value", [None, 3, [0.0, 0, 0], [True, 0], object(), b"x"])
def test_what_names_no_architecture_is_refused(value):
    space = load_space("paper-1")
    with pytest.raises(UserError, match=r"name an architecture|has 2 choices"):
        space.architecture(value)


def test_an_architecture_of_another_space_has_no_cost_here():
    space, other = load_space("paper-1"), next(iter(load_space("mlp")))
    for method in (space.cost, space.indices):
        with pytest.raises(UserError, match="no architecture of space 'paper-1'"):
            method(other)
    with pytest.raises(UserError, match="a space must be a table"):
        Space.from_dict(None)
    with pytest.raises(UserError, match="options must be a dict"):
        Switch("s", ["a", "b"])
