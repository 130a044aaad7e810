"""The torch modules behind the layers of a space, one per layer type.

A block computes one option of each choice: that in `values`. With `shared`, it is part of a supernet: a width that is
sliced is left open, and fewer inputs than `shape` says may come.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from rlnas.nets.convolution import conv2d, foldable
from rlnas.nets.shared import Shared, SharedConv, SharedLinear, SharedNorm
from rlnas.spaces import Activation, Conv, Flatten, Layer, Linear, MaxPool, Module, Norm, Readout, Resize, Shape
from rlnas.spaces.choice import Choice, resolve
from rlnas.spaces.layers import Values


def pad(x: Tensor, widths: Sequence[int], mode: str = "constant", value: float | None = None) -> Tensor:
    """`F.pad`, where there is something to pad: widths of the last dimension first, before and after."""
    return F.pad(x, list(widths), mode=mode, value=value) if any(widths) else x


FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "none": lambda x: x,
    "relu": lambda x: F.relu(x, inplace=True),
    "tanh": torch.tanh,
    "silu": F.silu,
    "gelu": F.gelu,
    "elu": F.elu,
}
"""Activations of a tensor that nothing else reads."""


class Block(nn.Module):
    """Base of the modules behind layers."""

    def takes_bytes(self) -> bool:
        """Whether it scales bytes to [0, 1] itself, which is faster than to do so before."""
        return False

    def activate(self, path: Values) -> None:
        """Makes `path` the active path, where there is something to choose."""
        for module in self.children():
            if isinstance(module, Shared):
                module.activate(path)

    def leaves(self) -> Iterator["Block"]:
        """The blocks that the active path computes, in order; itself, unless it is made of blocks."""
        yield self

    def fill(self, block: "Block") -> None:
        """Copies the weights of the active path to the block of the same layer in a network of its own."""
        for name, module in block.named_children():
            own = getattr(self, name)
            if isinstance(own, Shared):
                own.fill(module)
            else:
                module.load_state_dict(own.state_dict())


def _width(width: int | Choice, sliced: Choice | None, values: Values, shared: bool) -> int | Choice:
    """The width of a layer's weight: of a supernet's, all that share it."""
    return sliced if shared and sliced else resolve(width, values)


def _linear(features: int, width: int | Choice, shared: bool) -> nn.Linear | SharedLinear:
    return SharedLinear(features, width) if shared or isinstance(width, Choice) else nn.Linear(features, width)


def _padding(layer: Conv | MaxPool, kernel: int) -> tuple[int, int]:
    """What is padded before and after a side."""
    return (kernel // 2, (kernel - 1) // 2) if layer.padding == "same" else (0, 0)


class ConvBlock(Block):
    """Padding, convolution, activation."""

    def __init__(self, layer: Conv, shape: Shape, values: Values, shared: bool = False):
        super().__init__()
        kernel, stride = resolve(layer.kernel, values), resolve(layer.stride, values)
        before, after = self.outside = _padding(layer, kernel)
        self.pad_mode = "constant" if layer.pad_mode == "zeros" else "reflect"
        # torch pads both sides alike, which is right for odd kernels; even ones are padded apart.
        inside = before if before == after and layer.pad_mode == "zeros" else 0
        if inside:
            self.outside = (0, 0)
        # oneDNN's weight gradient of a strided 1x1 convolution with few channels writes out of bounds (oneDNN issue
        # 6035). Dropping the pixels that the stride skips beforehand is the same function.
        self.skip = stride if kernel == 1 else 1
        stride = 1 if kernel == 1 else stride
        self.activation = layer.activation
        width = _width(layer.channels, layer.sliced, values, shared)
        self.conv: nn.Conv2d | SharedConv
        if shared or isinstance(width, Choice):
            self.conv = SharedConv(shape[0], width, kernel, stride, inside)
        else:
            self.conv = nn.Conv2d(shape[0], width, kernel, stride, padding=inside)
        self.kernel, self.stride, self.inside = kernel, stride, inside

    def forward(self, x: Tensor) -> Tensor:
        if self.skip > 1:
            x = x[:, :, :: self.skip, :: self.skip]
        x = pad(x, self.outside * 2, self.pad_mode)
        return FUNCTIONS[self.activation](self._convolve(x))

    def takes_bytes(self) -> bool:
        return foldable(self.kernel, self.stride) and not any(self.outside) and not self.inside

    def _convolve(self, x: Tensor) -> Tensor:
        if isinstance(self.conv, SharedConv):
            return self.conv(x)
        return conv2d(x, self.conv.weight, self.conv.bias, self.stride, self.inside)


class MaxPoolBlock(Block):
    """Padding that never wins, then max-pooling."""

    def __init__(self, layer: MaxPool, shape: Shape, values: Values, shared: bool = False):
        super().__init__()
        self.kernel, self.stride = resolve(layer.kernel, values), resolve(layer.stride, values)
        self.outside = _padding(layer, self.kernel)

    def forward(self, x: Tensor) -> Tensor:
        x = pad(x, self.outside * 2, value=-math.inf)
        return F.max_pool2d(x, self.kernel, self.stride)


def max_pool_to(x: Tensor, height: int, width: int) -> Tensor:
    """Adaptive max-pooling; where the size divides that of the map, as plain max-pooling, which is faster."""
    if x.shape[2] % height or x.shape[3] % width:
        return F.adaptive_max_pool2d(x, (height, width))
    return F.max_pool2d(x, (x.shape[2] // height, x.shape[3] // width))


class ResizeBlock(Block):
    """Brings a map to one size: adaptive max-pooling or centred crop where it is too long, zeros where too short."""

    def __init__(self, layer: Resize, shape: Shape, values: Values, shared: bool = False):
        super().__init__()
        self.channels = layer.channels
        self.size = None if layer.height is None or layer.width is None else (layer.height, layer.width)
        self.pool = layer.shrink == "pool"

    def forward(self, x: Tensor) -> Tensor:
        if self.size is not None:
            height, width = self.size
            if self.pool and (x.shape[2] > height or x.shape[3] > width):
                x = max_pool_to(x, min(x.shape[2], height), min(x.shape[3], width))
            columns, rows = width - x.shape[3], height - x.shape[2]  # negative ones crop
            x = pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        missing = 0 if self.channels is None else self.channels - x.shape[1]
        return pad(x, (0, 0) * (x.dim() - 2) + (0, missing))


class LinearBlock(Block):
    """Linear, norm, activation."""

    def __init__(self, layer: Linear, shape: Shape, values: Values, shared: bool = False):
        super().__init__()
        self.activation = layer.activation
        width = _width(layer.features, layer.sliced, values, shared)
        # The norm comes after the linear layer: optimisers and checkpoints take parameters in this order.
        self.linear = _linear(shape[0], width, shared)
        self.norm: nn.Identity | nn.LayerNorm | SharedNorm = nn.Identity()
        self.normalizes = resolve(layer.norm, values) == "layer"
        if self.normalizes:
            self.norm = SharedNorm(width) if shared or isinstance(width, Choice) else nn.LayerNorm(width)

    def forward(self, x: Tensor) -> Tensor:
        # To call a module takes as long as a small product.
        x = self.linear.forward(x)
        return FUNCTIONS[self.activation](self.norm(x) if self.normalizes else x)


def flatten(x: Tensor) -> Tensor:
    """A vector of a map, in channels, height, width order, whatever the memory layout."""
    if x.dim() == 4 and x.requires_grad and x.is_contiguous(memory_format=torch.channels_last):
        # The gradient comes in that order; in the map's own layout what is before is several times as fast.
        x.register_hook(lambda gradient: gradient.contiguous(memory_format=torch.channels_last))  # type: ignore[no-untyped-call]
    return torch.flatten(x, 1)


REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "flatten": flatten,
    "mean": lambda x: x.mean((2, 3)),
    "max": lambda x: x.amax((2, 3)),
}


class ReadoutBlock(Block):
    """All positions, or the mean or the maximum over them, then linear and activation."""

    def __init__(self, layer: Readout, shape: Shape, values: Values, shared: bool = False):
        super().__init__()
        self.kind = resolve(layer.kind, values)
        self.activation = layer.activation
        self.linear = _linear(layer.read(shape, values), layer.features, shared)

    def forward(self, x: Tensor) -> Tensor:
        return FUNCTIONS[self.activation](self.linear(REDUCTIONS[self.kind](x)))


class NormBlock(Block):
    """Layer normalisation over all but the batch, with one scale and one shift a channel; or nothing."""

    def __init__(self, layer: Norm, shape: Shape, values: Values, shared: bool = False):
        super().__init__()
        self.norm: nn.Module = nn.Identity()
        if resolve(layer.kind, values) == "layer":
            # Of one group, group normalisation is layer normalisation with parameters that do not depend on the size.
            own = nn.GroupNorm(1, shape[0]) if len(shape) == 3 else nn.LayerNorm(shape[0])
            self.norm = SharedNorm(shape[0]) if shared else own

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


class ActivationBlock(Block):
    """An activation."""

    def __init__(self, layer: Activation, shape: Shape, values: Values, shared: bool = False):
        super().__init__()
        self.kind = resolve(layer.kind, values)

    def forward(self, x: Tensor) -> Tensor:
        # Not in place: the layer before may need its output for the gradient.
        return F.relu(x) if self.kind == "relu" else FUNCTIONS[self.kind](x)


class FlattenBlock(Block):
    """Flattens a map."""

    def __init__(self, layer: Flatten, shape: Shape, values: Values, shared: bool = False):
        super().__init__()

    def forward(self, x: Tensor) -> Tensor:
        return flatten(x)


class ModuleBlock(Block):
    """A module of the user's own."""

    def __init__(self, layer: Module, shape: Shape, values: Values, shared: bool = False):
        super().__init__()
        self.factory = layer.factory
        self._made_of = layer, shape, values
        self.module: nn.Module = layer.build(shape, values)

    def initialise(self, seed: int) -> None:
        """Gives the module the weights that its factory makes after a seeding of torch's generator."""
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layer, shape, values = self._made_of
            self.module.load_state_dict(layer.build(shape, values).state_dict())

    def forward(self, x: Tensor) -> Tensor:
        return self.module(x)


BLOCKS: dict[type[Layer], Callable[[Any, Shape, Values, bool], Block]] = {
    Conv: ConvBlock,
    MaxPool: MaxPoolBlock,
    Resize: ResizeBlock,
    Flatten: FlattenBlock,
    Linear: LinearBlock,
    Readout: ReadoutBlock,
    Norm: NormBlock,
    Activation: ActivationBlock,
    Module: ModuleBlock,
}
