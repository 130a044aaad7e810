import numpy as np
import pytest
import torch
from torch import Tensor

from rlnas.nets import Network, Supernet
from rlnas.spaces import (
    Architecture,
    Choice,
    Conv,
    Flatten,
    Linear,
    MaxPool,
    Norm,
    Repeat,
    Resize,
    Space,
    adapt,
    load_space,
)

from .helpers import check_path, outputs_and_gradients

ACTIONS = 4


def everything(shrink: str) -> Space:
    """A small space of all layer types, with a choice in every parameter that can be searched."""
    kernels = (1, 2, 3, 4)
    layers = [
        Conv(Choice("c1", [4, 6]), kernel=Choice("k1", kernels), stride=Choice("s1", [1, 2])),
        MaxPool(Choice("p1", [2, 3]), stride=Choice("s2", [1, 2])),
        Conv(Choice("c2", [3, 5]), kernel=Choice("k2", kernels), pad_mode="reflect"),
        Resize(7, 6, channels=8, shrink=shrink),
        Flatten(),
        Linear(Choice("f1", [9, 12]), norm="layer"),
        Repeat([Linear(10, norm=Choice("n1", ["none", "layer"]))], times=Choice("d1", [1, 2])),
    ]
    return Space("everything", (2, 16, 15), layers)


def some(space: Space) -> list[Architecture]:
    """Its architectures; of many every fifth, among which each option of each choice is."""
    return list(space)[:: 5 if space.size > 25 else 1]


@pytest.mark.parametrize("name", ["minatar-1", "minatar-2", "minatar-cnn"])
def test_paths_on_grids_of_bools_are_the_networks_of_their_architectures(name):
    space = adapt(load_space(name), (6, 10, 10))
    supernet = Supernet(space, ACTIONS)
    x = torch.rand(3, 6, 10, 10, generator=torch.Generator().manual_seed(0)) < 0.3
    for path in some(space):
        check_path(supernet, path, x)
        assert torch.equal(supernet(x)[0], supernet(x.float())[0])


def test_paths_on_vectors_are_the_networks_of_their_architectures():
    space = adapt(load_space("mlp"), (5,))
    supernet = Supernet(space, ACTIONS)
    x = torch.randn(3, 5, generator=torch.Generator().manual_seed(0))
    for path in some(space):
        check_path(supernet, path, x)


def test_depth_shares_the_first_times_and_computes_no_more():
    space = Space("deep", (4,), [Repeat([Linear(4), Norm()], times=Choice("depth", [1, 2, 3]))])
    supernet = Supernet(space, ACTIONS)
    x = torch.randn(3, 4, generator=torch.Generator().manual_seed(0))
    encoder, copies = supernet.encoder, supernet.encoder.blocks[0].copies
    for depth in (1, 3, 2):
        supernet.activate(space.architecture({"depth": depth}))
        expected = x
        for copy in copies[:depth]:
            expected = copy(expected)
        assert torch.equal(encoder(x), expected)
        assert len(Network(space, space.architecture({"depth": depth}), ACTIONS).encoder.blocks) == 2 * depth
    assert not torch.equal(copies[0].blocks[0].linear.weight, copies[1].blocks[0].linear.weight)


@pytest.mark.parametrize("name", ["paper-1", "paper-2", "nature-cnn"])
def test_every_path_of_a_supernet_is_the_network_of_its_architecture(name):
    whole = load_space(name)
    space = Space(name, whole.input_shape, [*whole.layers[:-1], Linear(8)])  # 512 features take long, and show no more
    supernet = Supernet(space, ACTIONS)
    x = torch.randint(0, 256, (2, 4, 84, 84), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    for path in space:
        check_path(supernet, path, x)


@pytest.mark.parametrize("shrink", ["pool", "crop"])
def test_paths_through_all_layer_types_are_the_networks_of_their_architectures(shrink):
    space, rng = everything(shrink), np.random.default_rng(0)
    supernet = Supernet(space, ACTIONS, seed=1)
    x = torch.rand(3, *space.input_shape, generator=torch.Generator().manual_seed(0))
    for path in [space.sample(rng) for _ in range(24)]:
        check_path(supernet, path, x)


@pytest.mark.parametrize("optimizer", ["fused", "plain"])
def test_a_step_leaves_inactive_options_and_their_moments_untouched(optimizer):
    space = everything("pool")
    supernet = Supernet(space, ACTIONS)
    adam = torch.optim.Adam(supernet.parameters(), lr=0.01, fused=optimizer == "fused")
    first, second = (space.architecture([i] * len(space.choices)) for i in (0, 1))
    x = torch.rand(3, *space.input_shape)

    def train(path: Architecture) -> set[str]:
        supernet.activate(path)
        adam.zero_grad()
        _, gradients = outputs_and_gradients(supernet, x)
        adam.step()
        return set(gradients)

    def snapshot(names: set[str]) -> dict[str, Tensor]:
        found = {}
        for name, parameter in supernet.named_parameters():
            if name in names:
                found[name] = parameter.detach().clone()
                found |= {f"{name}.{key}": value.clone() for key, value in adam.state[parameter].items()}
        return found

    shared_and_first = train(first)
    supernet.activate(second)
    only_first = shared_and_first - set(outputs_and_gradients(supernet, x)[1])
    assert only_first
    before = snapshot(only_first)
    assert len(before) == 4 * len(only_first)
    trained_later = train(second)
    after = snapshot(only_first)
    assert all(torch.equal(before[name], after[name]) for name in before)

    never = {name for name, _ in supernet.named_parameters()} - shared_and_first - trained_later
    assert never
    fresh = Supernet(space, ACTIONS).state_dict()
    for name, parameter in supernet.named_parameters():
        assert (parameter in adam.state) == (name not in never)
        assert torch.equal(parameter, fresh[name]) == (name in never)


def test_an_extracted_network_is_a_copy():
    space = everything("pool")
    supernet, path = Supernet(space, ACTIONS), next(iter(space))
    network = supernet.extract(path)
    before = {name: tensor.clone() for name, tensor in supernet.state_dict().items()}
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    assert all(torch.equal(before[name], tensor) for name, tensor in supernet.state_dict().items())


def test_a_supernet_holds_each_option_once():
    space = load_space("paper-1")
    heads = 512 * (ACTIONS + 1) + ACTIONS + 1
    options = sum(64 * (32 * k * k + 1) + 64 * (64 * k * k + 1) for k in range(1, 6))
    expected = 32 * (4 * 64 + 1) + options + 512 * (7744 + 1) + heads
    assert sum(parameter.numel() for parameter in Supernet(space, ACTIONS).parameters()) == expected
