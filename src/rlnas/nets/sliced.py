"""Layers whose widths share one weight: a narrow option uses the first output channels or features of it.

The weight is held in slices, one parameter for each step between neighbouring widths. Only the slices that the active
width needs are computed, so the others get no gradient at all.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rlnas.spaces import Choice
from rlnas.spaces.layers import Values

M = TypeVar("M", bound=nn.Module)


def widths(choice: Choice, values: Values) -> list[int]:
    """The widths to hold slices for, in rising order: those up to the option in `values`, or all where it has none."""
    every = sorted(int(option) for option in choice.options)
    chosen = values.get(choice.name)
    return every if chosen is None else [width for width in every if width <= int(chosen)]


def activate_slices(choice: Choice | None, path: Values, *modules: nn.Module) -> None:
    """Makes the width of a path the active one of the modules that are sliced."""
    for module in modules:
        if choice and isinstance(module, Sliced):
            module.use(int(path[choice.name]))


class Sliced(nn.Module):
    """Base of the sliced layers.

    Args:
        make: builds the module that holds the parameters of a slice of a given width.
        widths: the widths to choose from, in rising order; the last is active first.
    """

    def __init__(self, make: Callable[[int], nn.Module], widths: Sequence[int]):
        super().__init__()
        steps = [wide - narrow for narrow, wide in itertools.pairwise([0, *widths])]
        self.slices = nn.ModuleList(make(step) for step in steps)
        self.widths = list(widths)
        self.active = len(steps)

    def use(self, width: int) -> None:
        """Makes a width the active one."""
        self.active = self.widths.index(width) + 1

    @property
    def width(self) -> int:
        """The active width."""
        return self.widths[self.active - 1]

    def _join(self, name: str) -> Tensor:
        parts: list[Any] = [getattr(part, name) for part in itertools.islice(self.slices, self.active)]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    @property
    def weight(self) -> Tensor:
        """The weight of the active width."""
        return self._join("weight")

    @property
    def bias(self) -> Tensor:
        """The bias of the active width."""
        return self._join("bias")

    def _fill(self, module: M) -> M:
        module.load_state_dict({"weight": self.weight, "bias": self.bias})
        return module


class SlicedConv(Sliced):
    """A convolution with a choice of output channels.

    Args:
        channels: input channels.
        widths: the output channels to choose from, in rising order.
        kernel: side of the kernel.
        stride: step of the kernel.
        padding: zeros on every side.
    """

    def __init__(self, channels: int, widths: Sequence[int], kernel: int, stride: int, padding: int):
        super().__init__(lambda step: nn.Conv2d(channels, step, kernel), widths)
        self.channels, self.kernel, self.stride, self.padding = channels, kernel, stride, padding

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight, self.bias, self.stride, self.padding)

    def merged(self) -> nn.Conv2d:
        """The convolution of the active width, with a copy of the weights."""
        return self._fill(nn.Conv2d(self.channels, self.width, self.kernel, self.stride, self.padding))


class SlicedLinear(Sliced):
    """A linear layer with a choice of output features.

    Args:
        features: input features.
        widths: the output features to choose from, in rising order.
    """

    def __init__(self, features: int, widths: Sequence[int]):
        super().__init__(lambda step: nn.Linear(features, step), widths)
        self.features = features

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x, self.weight, self.bias)

    def merged(self) -> nn.Linear:
        """The linear layer of the active width, with a copy of the weights."""
        return self._fill(nn.Linear(self.features, self.width))


class SlicedNorm(Sliced):
    """Layer normalisation over the features of the active width.

    Args:
        widths: the features to choose from, in rising order.
    """

    def __init__(self, widths: Sequence[int]):
        super().__init__(nn.LayerNorm, widths)

    def forward(self, x: Tensor) -> Tensor:
        return F.layer_norm(x, (self.width,), self.weight, self.bias)

    def merged(self) -> nn.LayerNorm:
        """The normalisation of the active width, with a copy of the scale and the shift."""
        return self._fill(nn.LayerNorm(self.width))
