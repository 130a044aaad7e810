"""What every supernet must hold on every path."""

import torch
from torch import Tensor

from rlnas.nets import Network, Supernet
from rlnas.spaces import Architecture


def outputs_and_gradients(network: Network, x: Tensor) -> tuple[list[Tensor], dict[str, Tensor]]:
    network.zero_grad()
    logits, value = network(x)
    weights = torch.arange(1.0, 1 + logits.numel()).reshape(logits.shape)
    ((logits * weights).sum() + value.square().sum()).backward()
    return [logits, value], {n: p.grad for n, p in network.named_parameters() if p.grad is not None}


def check_path(supernet: Supernet, path: Architecture, x: Tensor) -> None:
    network = supernet.extract(path)
    supernet.activate(path)
    (ours, our_gradients), (theirs, their_gradients) = (outputs_and_gradients(n, x) for n in (supernet, network))
    for a, b in zip(ours, theirs, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-6, atol=1e-6)
    # Every weight of the network learns, and no weight of another path does.
    assert set(our_gradients) == set(their_gradients) == {name for name, _ in network.named_parameters()}
    for name, gradient in their_gradients.items():
        torch.testing.assert_close(our_gradients[name], gradient, rtol=1e-6, atol=1e-6, msg=name)
