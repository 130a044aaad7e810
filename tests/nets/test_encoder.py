import pytest
import torch

from rlnas.nets import Encoder
from rlnas.spaces import Choice, Conv, Flatten, Linear, Space, Switch, load_space


def test_the_state_dict_of_an_architecture_is_a_part_of_the_supernets():
    space = load_space("paper-1")
    whole = Encoder(space).state_dict()
    parts = [Encoder(space, architecture).state_dict() for architecture in space]
    for part in parts:
        assert {name: whole[name].shape for name in part} == {name: tensor.shape for name, tensor in part.items()}
    assert {name for part in parts for name in part} == set(whole)


def test_names_of_tensors_are_stable():
    # Checkpoints on disk carry these names.
    names = list(Encoder(load_space("paper-1"), load_space("paper-1").architecture("k2=4,k3=5")).state_dict())
    assert names == [
        "blocks.0.conv.weight",
        "blocks.0.conv.bias",
        "blocks.1.options.k2=4.conv.weight",
        "blocks.1.options.k2=4.conv.bias",
        "blocks.2.options.k3=5.conv.weight",
        "blocks.2.options.k3=5.conv.bias",
        "blocks.5.linear.weight",
        "blocks.5.linear.bias",
    ]


def test_names_of_tensors_are_in_the_order_that_optimisers_and_results_depend_on():
    space = load_space("mlp")
    encoder = Encoder(space, space.architecture("depth=1,width=32,norm=layer,act=relu"))
    assert list(encoder.state_dict()) == [
        "blocks.0.copies.0.blocks.0.options.width=32,norm=layer.linear.weight",
        "blocks.0.copies.0.blocks.0.options.width=32,norm=layer.linear.bias",
        "blocks.0.copies.0.blocks.0.options.width=32,norm=layer.norm.weight",
        "blocks.0.copies.0.blocks.0.options.width=32,norm=layer.norm.bias",
    ]


def test_a_layer_with_two_choices_holds_every_pair():
    layers = [Conv(Choice("c", [2, 4]), kernel=Choice("k", [1, 2, 3])), Flatten(), Linear(3)]
    encoder = Encoder(Space("pairs", (1, 5, 5), layers))
    assert list(encoder.blocks[0].options) == [f"c={c},k={k}" for c in (2, 4) for k in (1, 2, 3)]


def test_layers_that_share_a_choice_switch_together():
    k = Choice("k", [1, 3])
    space = Space("shared", (1, 5, 5), [Conv(4, kernel=k), Conv(4, kernel=k), Flatten(), Linear(3)])
    encoder = Encoder(space)
    encoder.activate(space.architecture("k=3"))
    assert [block.options[block.active].conv.kernel_size for block in encoder.blocks[:2]] == [(3, 3), (3, 3)]


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
        single = Encoder(space, path)
        single.load_state_dict({name: supernet.state_dict()[name] for name in single.state_dict()})
        x = torch.rand(2, 4)
        assert torch.equal(single(x), supernet(x))
