"""What every supernet must hold on every path."""

import copy
import math

import torch
from torch import Tensor

from rlnas.nets import Network, Supernet
from rlnas.spaces import Architecture


def outputs_and_gradients(network: Network, x: Tensor) -> tuple[list[Tensor], dict[str, Tensor]]:
    network.zero_grad()
    logits, value = in_doubles(network, x) if x.dtype == torch.float64 else network(x)
    weights = torch.arange(1.0, 1 + logits.numel()).reshape(logits.shape)
    ((logits * weights).sum() + value.square().sum()).backward()
    return [logits, value], {n: p.grad for n, p in network.named_parameters() if p.grad is not None}


def in_doubles(network: Network, x: Tensor) -> tuple[Tensor, Tensor]:
    """The forward pass, which is in single precision otherwise; norms over few numbers make much of its noise."""
    network.double()
    features = network.encoder(x)
    read = features if network.value_encoder is None else network.value_encoder(x)
    return network.policy(features), network.value(read).squeeze(-1)


def check_path(supernet: Supernet, path: Architecture, x: Tensor) -> None:
    network = supernet.extract(path)
    (ours, _), (theirs, their_gradients) = (outputs_and_gradients(n, x) for n in (supernet, network))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)
    # Every weight of the network learns what it learns in the supernet, and no weight of another path does.
    assert set(their_gradients) == {name for name, _ in network.named_parameters()}
    taken = dict(gradients_as_weights(supernet).extract(path).named_parameters())
    for name, gradient in their_gradients.items():
        torch.testing.assert_close(taken[name], gradient.float(), rtol=1e-5, atol=1e-6, msg=name)
    learned = [p.grad for p in supernet.parameters() if p.grad is not None]
    sums = [sum(tensor.detach().double().abs().sum().item() for tensor in found) for found in (learned, taken.values())]
    assert math.isclose(*sums, rel_tol=1e-6)


def gradients_as_weights(supernet: Supernet) -> Supernet:
    """A copy whose weights are the gradients of the supernet's; not a number where there is none."""
    found = copy.deepcopy(supernet)
    with torch.no_grad():
        for parameter, own in zip(found.parameters(), supernet.parameters(), strict=True):
            parameter.copy_(own.grad) if own.grad is not None else parameter.fill_(math.nan)
    return found
