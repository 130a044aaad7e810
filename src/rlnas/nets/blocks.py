"""The torch modules behind the layers of a space, one per layer type."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rlnas.nets.sliced import SlicedConv, SlicedLinear, SlicedNorm, activate_slices, widths
from rlnas.spaces import Activation, Conv, Fit, Flatten, Layer, Linear, MaxPool, Module, Norm, Readout, Shape
from rlnas.spaces.choice import resolve, widest
from rlnas.spaces.layers import Values


def pad_map(
    x: Tensor, top: int, bottom: int, left: int, right: int, mode: str = "constant", value: float | None = None
) -> Tensor:
    """Pads height and width of `x`, shape `(batch, channels, height, width)`; negative widths crop."""
    if (top, bottom, left, right) == (0, 0, 0, 0):
        return x
    return F.pad(x, (left, right, top, bottom), mode=mode, value=value)


def widen(x: Tensor, width: int) -> Tensor:
    """Zero-pads dimension 1 (channels or features) of `x` to `width`."""
    missing = width - x.shape[1]
    return F.pad(x, (0, 0) * (x.dim() - 2) + (0, missing)) if missing else x


def apply_activation(x: Tensor, kind: str) -> Tensor:
    """Applies an activation to a tensor that nothing else reads."""
    if kind == "none":
        return x
    return F.relu(x, inplace=True) if kind == "relu" else FUNCTIONS[kind](x)


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {"tanh": torch.tanh, "silu": F.silu, "gelu": F.gelu, "elu": F.elu}


class Block(nn.Module):
    """Base of the modules behind layers."""

    def activate(self, path: Values) -> None:
        """Makes `path` the active path, where there is something to choose."""


class ConvBlock(Block):
    """Padding, convolution, activation, zero channels up to the widest option."""

    def __init__(self, layer: Conv, shape: Shape, values: Values):
        super().__init__()
        kernel, stride = resolve(layer.kernel, values), resolve(layer.stride, values)
        before, after = (kernel // 2, (kernel - 1) // 2) if layer.padding == "same" else (0, 0)
        self.width = widest(layer.channels)
        self.pad_mode = "constant" if layer.pad_mode == "zeros" else "reflect"
        # torch pads both sides alike, which is right for odd kernels; even ones are padded apart.
        inside = before if before == after and layer.pad_mode == "zeros" else 0
        self.outside = (0, 0) if inside else (before, after)
        # oneDNN's weight gradient of a strided 1x1 convolution with few channels writes out of bounds (oneDNN issue
        # 6035). Dropping the pixels that the stride skips beforehand is the same function.
        self.skip = stride if kernel == 1 else 1
        stride = 1 if kernel == 1 else stride
        self.activation = layer.activation
        self.choice = layer.sliced
        self.conv: nn.Conv2d | SlicedConv
        if self.choice:
            self.conv = SlicedConv(shape[0], widths(self.choice, values), kernel, stride, inside)
        else:
            self.conv = nn.Conv2d(shape[0], resolve(layer.channels, values), kernel, stride, padding=inside)

    def activate(self, path: Values) -> None:
        activate_slices(self.choice, path, self.conv)

    def forward(self, x: Tensor) -> Tensor:
        if self.skip > 1:
            x = x[:, :, :: self.skip, :: self.skip]
        before, after = self.outside
        x = pad_map(x, before, after, before, after, self.pad_mode)
        return widen(apply_activation(self.conv(x), self.activation), self.width)


class MaxPoolBlock(Block):
    """Padding that never wins, then max-pooling."""

    def __init__(self, layer: MaxPool, shape: Shape, values: Values):
        super().__init__()
        self.kernel, self.stride = resolve(layer.kernel, values), resolve(layer.stride, values)
        self.before, self.after = (self.kernel // 2, (self.kernel - 1) // 2) if layer.padding == "same" else (0, 0)

    def forward(self, x: Tensor) -> Tensor:
        x = pad_map(x, self.before, self.after, self.before, self.after, value=-math.inf)
        return F.max_pool2d(x, self.kernel, self.stride)


class FitBlock(Block):
    """Brings a map to one size: adaptive max-pooling or centred crop where it is too long, zeros where too short."""

    def __init__(self, layer: Fit, shape: Shape, values: Values):
        super().__init__()
        self.channels, self.height, self.width = layer.channels, layer.height, layer.width
        self.pool = layer.shrink == "pool"

    def forward(self, x: Tensor) -> Tensor:
        if self.pool and (x.shape[2] > self.height or x.shape[3] > self.width):
            x = F.adaptive_max_pool2d(x, (min(x.shape[2], self.height), min(x.shape[3], self.width)))
        missing_rows, missing_columns = self.height - x.shape[2], self.width - x.shape[3]
        top, left = missing_rows // 2, missing_columns // 2
        x = pad_map(x, top, missing_rows - top, left, missing_columns - left)
        return x if self.channels is None else widen(x, self.channels)


class LinearBlock(Block):
    """Linear, norm, activation, zero features up to the widest option."""

    def __init__(self, layer: Linear, shape: Shape, values: Values):
        super().__init__()
        self.width = widest(layer.features)
        self.activation = layer.activation
        self.choice = layer.sliced
        # The norm comes after the linear layer: optimisers and checkpoints take parameters in this order.
        self.linear: nn.Linear | SlicedLinear
        self.norm: nn.Identity | nn.LayerNorm | SlicedNorm
        normed = resolve(layer.norm, values) == "layer"
        if self.choice:
            held = widths(self.choice, values)
            self.linear = SlicedLinear(shape[0], held)
            self.norm = SlicedNorm(held) if normed else nn.Identity()
        else:
            features = resolve(layer.features, values)
            self.linear = nn.Linear(shape[0], features)
            self.norm = nn.LayerNorm(features) if normed else nn.Identity()

    def activate(self, path: Values) -> None:
        activate_slices(self.choice, path, self.linear, self.norm)

    def forward(self, x: Tensor) -> Tensor:
        return widen(apply_activation(self.norm(self.linear(x)), self.activation), self.width)


REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "flatten": lambda x: torch.flatten(x, 1),
    "mean": lambda x: x.mean((2, 3)),
    "max": lambda x: x.amax((2, 3)),
}


class ReadoutBlock(Block):
    """All positions, or the mean or the maximum over them, then linear and activation."""

    def __init__(self, layer: Readout, shape: Shape, values: Values):
        super().__init__()
        self.kind = resolve(layer.kind, values)
        self.activation = layer.activation
        self.linear = nn.Linear(layer.read(shape, values), layer.features)

    def forward(self, x: Tensor) -> Tensor:
        return apply_activation(self.linear(REDUCTIONS[self.kind](x)), self.activation)


class NormBlock(Block):
    """Layer normalisation, over all but the batch, with one scale and one shift a channel; or nothing."""

    def __init__(self, layer: Norm, shape: Shape, values: Values):
        super().__init__()
        # Of one group, group normalisation is layer normalisation whose parameters do not depend on the map's size.
        self.norm = nn.GroupNorm(1, shape[0]) if resolve(layer.kind, values) == "layer" else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


class ActivationBlock(Block):
    """An activation."""

    def __init__(self, layer: Activation, shape: Shape, values: Values):
        super().__init__()
        self.kind = resolve(layer.kind, values)

    def forward(self, x: Tensor) -> Tensor:
        # Not in place: the layer before may need its output for the gradient.
        return F.relu(x) if self.kind == "relu" else apply_activation(x, self.kind)


class FlattenBlock(Block):
    """Flattens in channels, height, width order, whatever the memory layout."""

    def __init__(self, layer: Flatten, shape: Shape, values: Values):
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return torch.flatten(x, 1)


class ModuleBlock(Block):
    """A module of the user's own."""

    def __init__(self, layer: Module, shape: Shape, values: Values):
        super().__init__()
        self.factory = layer.factory
        self._made_of = layer, shape, values
        self.module: nn.Module = layer.build(shape, values)

    def initialise(self, seed: int) -> None:
        """Gives the module the weights that its factory starts from after a seeding of torch's generator."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layer, shape, values = self._made_of
            self.module.load_state_dict(layer.build(shape, values).state_dict())

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x)


BLOCKS: dict[type[Layer], Callable[[Any, Shape, Values], Block]] = {
    Conv: ConvBlock,
    MaxPool: MaxPoolBlock,
    Fit: FitBlock,
    Flatten: FlattenBlock,
    Linear: LinearBlock,
    Readout: ReadoutBlock,
    Norm: NormBlock,
    Activation: ActivationBlock,
    Module: ModuleBlock,
}
