"""The weights of a supernet: paths of different widths use the first outputs and the first inputs of one weight.

A weight whose outputs are sliced is held in slices, one parameter for each step between neighbouring widths. Only those
that the active width needs are computed, so the others get no gradient at all. Of the inputs, as many are used as come.
"""

import itertools
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rlnas.nets.convolution import conv2d
from rlnas.spaces import Choice
from rlnas.spaces.layers import Values


class Shared(nn.Module):
    """Base of the shared weights; `make` builds the module that holds a slice of a given width."""

    def __init__(self, make: Callable[[int], nn.Module], width: int | Choice):
        super().__init__()
        self.choice = width if isinstance(width, Choice) else None
        self.widths = sorted(map(int, width.options)) if isinstance(width, Choice) else [width]
        self.slices = nn.ModuleList(make(wide - narrow) for narrow, wide in itertools.pairwise([0, *self.widths]))
        self.active = len(self.slices)  # the widest first

    def activate(self, path: Values) -> None:
        """Makes the width of a path the active one."""
        if self.choice is not None:
            self.active = self.widths.index(int(path[self.choice.name])) + 1

    def _join(self, name: str) -> Tensor:
        parts: list[Any] = [getattr(part, name) for part in itertools.islice(self.slices, self.active)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    @property
    def weight(self) -> Tensor:
        """The weight of the active width, with all inputs."""
        return self._join("weight")

    @property
    def bias(self) -> Tensor:
        """The bias of the active width."""
        return self._join("bias")

    def _reading(self, inputs: int) -> Tensor:
        """The weight of the active width for so many inputs."""
        weight = self.weight
        return weight if weight.shape[1] == inputs else weight[:, :inputs]

    @torch.no_grad()
    def fill(self, module: nn.Module) -> None:
        """Copies the weights of the active path to a module of its widths."""
        for name, tensor in module.named_parameters():
            tensor.copy_(getattr(self, name)[tuple(map(slice, tensor.shape))])


class SharedConv(Shared):
    """A convolution; `channels` are the input channels of the widest path."""

    def __init__(self, channels: int, width: int | Choice, kernel: int, stride: int, padding: int):
        super().__init__(lambda step: nn.Conv2d(channels, step, kernel), width)
        self.stride, self.padding = stride, padding

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self._reading(x.shape[1]), self.bias, self.stride, self.padding)


class SharedLinear(Shared):
    """A linear layer; `features` are the input features of the widest path."""

    def __init__(self, features: int, width: int | Choice):
        super().__init__(lambda step: nn.Linear(features, step), width)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self._reading(x.shape[1]), self.bias)


class SharedNorm(Shared):
    """Layer normalisation over all but the batch, with a scale and a shift for each channel or feature."""

    def __init__(self, width: int | Choice):
        super().__init__(nn.LayerNorm, width)

    def forward(self, x: Tensor) -> Tensor:
        width = x.shape[1]
        if x.dim() == 2:
            return F.layer_norm(x, (width,), self.weight[:width], self.bias[:width])
        return F.group_norm(x, 1, self.weight[:width], self.bias[:width])
