import pytest
import torch

from rlnas.nets import Encoder
from rlnas.spaces import Choice, Conv, Flatten, Linear, Space, Switch, load_space


def test_an_architecture_has_its_own_layers_and_no_others():
    # Checkpoints on disk carry these names.
    space = load_space("mlp")
    encoder = Encoder(space, space.architecture("depth=2,width=32,norm=layer,act=relu"))
    assert [(name, tuple(tensor.shape)) for name, tensor in encoder.state_dict().items()] == [
        ("blocks.0.linear.weight", (32, 4)),
        ("blocks.0.linear.bias", (32,)),
        ("blocks.0.norm.weight", (32,)),
        ("blocks.0.norm.bias", (32,)),
        ("blocks.2.linear.weight", (32, 32)),
        ("blocks.2.linear.bias", (32,)),
        ("blocks.2.norm.weight", (32,)),
        ("blocks.2.norm.bias", (32,)),
    ]


def test_a_supernet_holds_every_option():
    space = load_space("paper-1")
    names = set(Encoder(space).state_dict())
    options = {f"blocks.{n}.options.k{n + 1}={k}.conv.slices.0.weight" for n in (1, 2) for k in range(1, 6)}
    assert {name for name in names if "options" in name and name.endswith("weight")} == options


def test_a_layer_with_two_choices_holds_every_pair():
    layers = [Conv(Choice("c", [2, 4]), kernel=Choice("k", [1, 2, 3])), Flatten(), Linear(3)]
    encoder = Encoder(Space("pairs", (1, 5, 5), layers))
    assert list(encoder.blocks[0].options) == [f"c={c},k={k}" for c in (2, 4) for k in (1, 2, 3)]


def test_layers_that_share_a_choice_switch_together():
    k = Choice("k", [1, 3])
    space = Space("shared", (1, 5, 5), [Conv(4, kernel=k), Conv(4, kernel=k), Flatten(), Linear(3)])
    encoder = Encoder(space)
    encoder.activate(space.architecture("k=3"))
    assert [block.conv.weight.shape[2:] for block in list(encoder.leaves())[:2]] == [(3, 3), (3, 3)]


def test_activate_chooses_what_is_computed():
    space, x = load_space("paper-1"), torch.rand(1, 4, 84, 84)
    encoder = Encoder(space)
    encoder.activate(space.architecture("k2=4,k3=5"))
    first = encoder(x)
    encoder.activate(space.architecture("k2=4,k3=2"))
    assert not torch.equal(encoder(x), first)
    encoder.activate(space.architecture("k2=4,k3=5"))
    assert torch.equal(encoder(x), first)


def test_a_path_that_lacks_a_choice_is_refused():
    encoder = Encoder(load_space("paper-1"))
    with pytest.raises(KeyError):
        encoder.activate(load_space("nature-cnn").architecture("fixed"))


def test_an_alternative_may_be_called_like_a_method_of_a_module():
    names = ["half", "double", "values", "training", "op"]
    space = Space("s", (4,), [Switch("op", {name: Linear(8) for name in names}), Linear(8)])
    supernet = Encoder(space)
    for path in space:
        supernet.activate(path)
        (block, last), x = supernet.leaves(), torch.rand(2, 4)
        assert torch.equal(supernet(x), last(block(x)))
        assert [block] == list(supernet.blocks[0].options[supernet.blocks[0].active].leaves())
