"""What must hold in every space, on spaces drawn from all layers and all ways of sharing."""

import copy
import sys
import types

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from rlnas.export.torch_file import run_source, write_source
from rlnas.nets import Encoder, Network, Supernet
from rlnas.spaces import Space

from .helpers import check_path, outputs_and_gradients
from .random_spaces import GATE, Drawer

ACTIONS = 3
SPACES = 40


class Gate(nn.Module):
    def __init__(self, shape: tuple[int, ...], factor: int):
        super().__init__()
        self.scale = nn.Parameter(torch.tensor(float(factor)))  # of no dimension
        self.mix = nn.Parameter(torch.rand(shape[0]))

    def forward(self, x):
        return x * self.scale * self.mix.reshape(-1, *[1] * (x.dim() - 2))


@pytest.fixture
def _own_layers(monkeypatch):
    """The module that holds the layers of the user's own."""
    name = GATE.partition(":")[0]
    module = types.ModuleType(name)
    module.gate = Gate
    monkeypatch.setitem(sys.modules, name, module)


def drawn(number: int) -> tuple[Space, np.random.Generator]:
    rng = np.random.default_rng(number)
    return Drawer(rng, own=number % 4 == 0).space(), rng


def stir(network: Network) -> None:
    """Gives every weight a value of its own: zero biases and scales of one would hide what is mixed up."""
    stream = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=stream) / 5)


@pytest.mark.usefixtures("_own_layers")
@pytest.mark.parametrize("number", range(SPACES))
def test_what_must_hold_in_every_space(number):
    space, rng = drawn(number)
    assert Space.from_dict(space.to_dict()) == space
    supernet = Supernet(space, ACTIONS, seed=number)
    stir(supernet)
    x = torch.rand(3, *space.input_shape, generator=torch.Generator().manual_seed(number))
    for path in [space.sample(rng) for _ in range(3)]:
        check_path(copy.deepcopy(supernet), path, x.double())
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            features = (encoder := Encoder(space, path))(x[:1])
        assert features.shape == (1, *space.shapes(path)[-1])
        assert features.shape[1] <= space.features
        cost = space.cost(path)
        assert cost.parameters == sum(parameter.numel() for parameter in encoder.parameters())
        assert cost.multiply_adds == counter.get_total_flops() / 2
        leaves = space.layers_of(path)
        assert cost.parameters == sum(layer.parameters(shape, dict(path)) for layer, shape in leaves)
        if not space.modules:
            network = supernet.extract(path)
            found = run_source(*write_source(network, "float32", {}))
            with torch.no_grad():
                for one, other in zip(found(x.numpy()), network(x), strict=True):
                    torch.testing.assert_close(torch.from_numpy(one), other, rtol=1e-5, atol=1e-6)


@pytest.mark.usefixtures("_own_layers")
@pytest.mark.parametrize("number", range(0, SPACES, 2))
def test_a_step_moves_the_active_path_alone(number):
    space, rng = drawn(number)
    supernet = Supernet(space, ACTIONS, seed=number)
    stir(supernet)
    adam = torch.optim.Adam(supernet.parameters(), lr=0.01)
    x = torch.rand(3, *space.input_shape, generator=torch.Generator().manual_seed(number))
    for path in [space.sample(rng) for _ in range(3)]:
        before = {name: tensor.clone() for name, tensor in supernet.state_dict().items()}
        moments = {p: {k: v.clone() for k, v in state.items()} for p, state in adam.state.items()}
        supernet.activate(path)
        adam.zero_grad()
        _, gradients = outputs_and_gradients(supernet, x)
        adam.step()
        for name, parameter in supernet.named_parameters():
            if name not in gradients:
                assert torch.equal(parameter, before[name])
                assert all(torch.equal(adam.state[parameter][k], v) for k, v in moments.get(parameter, {}).items())
                assert parameter in moments or parameter not in adam.state


@pytest.mark.usefixtures("_own_layers")
def test_the_spaces_drawn_hold_every_layer_and_every_way_of_sharing():
    text = str([drawn(number)[0].to_dict() for number in range(SPACES)])
    for word in ("conv", "max-pool", "fit", "flatten", "linear", "readout", "norm", "activation"):
        assert f"'type': '{word}'" in text
    for word in ("repeat", "residual", "switch", "module"):
        assert text.count(f"'type': '{word}'") >= 5
    assert text.count("'share': 'slice'") > 10
    assert sum(drawn(number)[0].size for number in range(SPACES)) > 10 * SPACES
