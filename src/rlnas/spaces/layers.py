"""The layers that spaces are made of: their shapes and costs. Torch does not appear here.

A shape is `(channels, height, width)` for maps and `(features,)` for vectors, without the batch. Every parameter that
is declared as `int | Choice` or `str | Choice` can be searched.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import ClassVar, Literal

import numpy as np

from rlnas.errors import UserError, shown
from rlnas.spaces.choice import Choice, Option, resolve, values_of

Shape = tuple[int, ...]
Values = dict[str, Option]
Reads = Literal["nothing", "channels", "positions", "shape"]
"""What of the shape that reaches a layer its weights depend on, beside the number of channels or features.

Paths that share weights may bring different numbers of channels or features: they use a weight's first inputs. What
else a layer reads must be the same: `"channels"` nothing else, `"positions"` height and width of a map (of a flattened
one, their product), `"shape"` all of it, channels included. `"nothing"`: the layer has no weights.
"""

ACTIVATIONS = ("none", "relu", "tanh", "silu", "gelu", "elu")
NORMS = ("layer", "none")
PADDINGS = ("same", "valid")


class ShapeError(UserError):
    """A layer cannot work on the shape that reaches it."""


@dataclass(frozen=True)
class Layer:
    """Base of all layers: what shape leaves one, and what it costs, for the options in `values`.

    Attributes:
        type: its name in files.
        weights_read: see `Reads`.
        sets_width: whether the channels or features that leave do not depend on how many come.
        shares: the parameter whose options may share one weight (`share`).
        shaped_by: the parameters that the output shape depends on, or whether there is one.
    """

    type: ClassVar[str]
    weights_read: ClassVar[Reads] = "nothing"
    sets_width: ClassVar[bool] = False
    shares: ClassVar[str] = ""
    shaped_by: ClassVar[tuple[str, ...]] = ()

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The choices among the layer's parameters, in declaration order."""
        return self._choices(*(field.name for field in fields(self)))

    @property
    def shape_choices(self) -> tuple[Choice, ...]:
        """The choices that the output shape depends on, or whether there is one."""
        return self._choices(*self.shaped_by)

    def _choices(self, *names: str) -> tuple[Choice, ...]:
        found = (getattr(self, name) for name in names)
        return tuple(dict.fromkeys(value for value in found if isinstance(value, Choice)))

    @property
    def sliced(self) -> Choice | None:
        """The choice of a width whose options share one weight, if there is one."""
        return getattr(self, self.shares) if getattr(self, "share", "none") == "slice" else None

    def pads(self, shapes: Collection[Shape]) -> bool:
        """Whether one path may leave zeros where another has something, with the shapes that can reach the layer."""
        return False

    def positions(self, shape: Shape, before: int) -> int:
        """How many neighbouring features of the output belong to one channel; `before`: of the input `shape`."""
        return 1 if self.sets_width else before

    def leaves(self, shape: Shape, values: Values) -> list[tuple[Layer, Shape]]:
        """The layers that are computed, with the shape that reaches each: itself, unless it is made of layers."""
        return [(self, shape)]

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        """The shape that leaves the layer, by default that of its input; a `ShapeError` where it cannot work on it."""
        return shape

    def parameters(self, shape: Shape, values: Values) -> int:
        """The number of trainable parameters."""
        return 0

    def multiply_adds(self, shape: Shape, values: Values) -> int:
        """The number of multiply-adds of one forward pass on one observation."""
        return 0

    def need_map(self, shape: Shape) -> None:
        """Raises a `ShapeError` unless the shape is that of a map."""
        if len(shape) != 3:
            raise ShapeError(f"{self.type} needs a map (channels, height, width), but gets shape {shape}.")

    # Checks of parameters. Each raises a `UserError` that names the layer and the parameter.

    def _positive(self, *names: str) -> None:
        """Parameters, or all their options, must be whole numbers of at least 1; those of NumPy become Python's."""
        for name in names:
            parameter = getattr(self, name)
            if isinstance(parameter, np.integer):
                object.__setattr__(self, name, parameter := int(parameter))
            for value in values_of(parameter):
                if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                    raise UserError(f"{self.type}: {name} must be a whole number of at least 1, not {shown(value)}.")

    def _one_of(self, name: str, allowed: tuple[str, ...]) -> None:
        """The parameter, or all its options, must be allowed words."""
        for value in values_of(getattr(self, name)):
            if not isinstance(value, str) or value not in allowed:
                raise UserError(f"{self.type}: {name} must be one of {', '.join(allowed)}, not {shown(value)}.")

    def _no_choice(self, name: str, instead: str = "") -> None:
        """The parameter must not be a choice; `instead` says what else to do."""
        if isinstance(getattr(self, name), Choice):
            raise UserError(f"{self.type}: {name} cannot be a choice" + (f": {instead}." if instead else "."))

    def _fixed(self, name: str, allowed: tuple[str, ...], instead: str = "") -> None:
        """The parameter must be one of the allowed words, and no choice among them."""
        self._no_choice(name, instead)
        self._one_of(name, allowed)

    def _fixed_activation(self) -> None:
        self._fixed("activation", ACTIVATIONS, 'say "none" and put an activation layer after it')

    def _sliceable(self, *others: str) -> None:
        """The options of the width may share one weight only if no other parameter depends on the same choice."""
        self._fixed("share", ("none", "slice"))
        width = getattr(self, self.shares)
        needs = f'{self.type}: share = "slice" needs a choice of {self.shares}'
        if self.sliced is not None and not isinstance(width, Choice):
            raise UserError(f"{needs}.")
        if self.sliced is not None and width in [getattr(self, other) for other in others]:
            raise UserError(f"{needs} that decides nothing else in the layer.")


def _windows(layer: Conv | MaxPool, shape: Shape, values: Values) -> Shape:
    """How many windows fit along the sides of a map; with "same" padding, that does not depend on the kernel."""
    layer.need_map(shape)
    kernel, stride = resolve(layer.kernel, values), resolve(layer.stride, values)
    if layer.padding == "same":
        return tuple((side - 1) // stride + 1 for side in shape[1:])
    if kernel > min(shape[1:]):
        size = f"{shape[1]}x{shape[2]}"
        raise ShapeError(f"{layer.type} with kernel {kernel} does not fit into a {size} map without padding.")
    return tuple((side - kernel) // stride + 1 for side in shape[1:])


@dataclass(frozen=True)
class Conv(Layer):
    """A 2-D convolution, then its activation.

    Args:
        channels: output channels.
        kernel: side of the square kernel.
        stride: step of the kernel.
        padding: `"same"`: the map is padded by `kernel // 2` before and `(kernel - 1) // 2` after, so that the output
            size does not depend on the kernel (paper, 5.2); `"valid"`: not at all.
        pad_mode: what `"same"` pads with, `"zeros"` or `"reflect"`.
        activation: one of `ACTIVATIONS`.
        share: what the options of `channels` share: `"none"`, each has a weight of its own, or `"slice"`, the first
            output channels of one weight.
    """

    type: ClassVar[str] = "conv"
    weights_read: ClassVar[Reads] = "channels"
    sets_width: ClassVar[bool] = True
    shares: ClassVar[str] = "channels"
    channels: int | Choice
    kernel: int | Choice
    stride: int | Choice = 1
    padding: Literal["same", "valid"] = "same"
    pad_mode: Literal["zeros", "reflect"] = "zeros"
    activation: str = "relu"
    share: Literal["none", "slice"] = "none"

    def __post_init__(self) -> None:
        self._positive("channels", "kernel", "stride")
        self._fixed("padding", PADDINGS)
        self._fixed("pad_mode", ("zeros", "reflect"))
        self._fixed_activation()
        self._sliceable("kernel", "stride")

    @property
    def shape_choices(self) -> tuple[Choice, ...]:
        # Zeros can be padded to any kernel, but a small map cannot be reflected to a large one.
        free = self.padding == "same" and self.pad_mode == "zeros"
        return self._choices("channels", *(() if free else ("kernel",)), "stride")

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        sides, kernel = _windows(self, shape, values), resolve(self.kernel, values)
        if self.padding == "same" and self.pad_mode == "reflect" and kernel // 2 >= min(shape[1:]):
            raise ShapeError(f"conv with kernel {kernel} cannot reflect a {shape[1]}x{shape[2]} map: it is too small.")
        return resolve(self.channels, values), *sides

    def parameters(self, shape: Shape, values: Values) -> int:
        return resolve(self.channels, values) * (shape[0] * resolve(self.kernel, values) ** 2 + 1)

    def multiply_adds(self, shape: Shape, values: Values) -> int:
        channels, height, width = self.output_shape(shape, values)
        return height * width * channels * shape[0] * resolve(self.kernel, values) ** 2


@dataclass(frozen=True)
class MaxPool(Layer):
    """Max-pooling over square windows; with `padding="same"` as many windows as `Conv` has, cut at the map's edge."""

    type: ClassVar[str] = "max-pool"
    kernel: int | Choice
    stride: int | Choice = 1
    padding: Literal["same", "valid"] = "same"

    def __post_init__(self) -> None:
        self._positive("kernel", "stride")
        self._fixed("padding", PADDINGS)

    @property
    def shape_choices(self) -> tuple[Choice, ...]:
        return self._choices("stride") if self.padding == "same" else self._choices("kernel", "stride")

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        return shape[0], *_windows(self, shape, values)


@dataclass(frozen=True)
class Resize(Layer):
    """Brings a map to one exact size ("padding to exact size", paper 5.2), or a vector to one length.

    A side that is too short is zero-padded, centred. A side that is too long is reduced: by adaptive max-pooling
    (`"pool"`), or by a centred crop (`"crop"`). Missing channels are zero-padded; of a vector, missing features.

    Args:
        height: target height; `None`, for both sides, keeps them.
        width: target width.
        channels: target channels or features; `None` keeps them.
        shrink: how a side that is too long is reduced.
    """

    type: ClassVar[str] = "resize"
    height: int | None = None
    width: int | None = None
    channels: int | None = None
    shrink: Literal["pool", "crop"] = "pool"

    def __post_init__(self) -> None:
        given = [name for name in ("height", "width", "channels") if getattr(self, name) is not None]
        for name in given:
            self._no_choice(name, "the target is one exact size")
        if not given or (self.height is None) != (self.width is None):
            raise UserError("resize needs a height and a width, or channels, or all three.")
        self._positive(*given)
        self._fixed("shrink", ("pool", "crop"))

    def pads(self, shapes: Collection[Shape]) -> bool:
        # What all paths pad alike is 0 for all of them.
        return len(shapes) > 1 and any(
            side < target for shape in shapes for side, target in zip(shape, self.output_shape(shape, {}), strict=True)
        )

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        if self.channels is not None and shape[0] > self.channels:
            what = "channels" if len(shape) == 3 else "features"
            raise ShapeError(f"resize cannot reduce {shape[0]} {what} to {self.channels}.")
        channels = self.channels or shape[0]
        if self.height is None or self.width is None:
            return channels, *shape[1:]
        self.need_map(shape)
        return channels, self.height, self.width


@dataclass(frozen=True)
class Flatten(Layer):
    """Turns a map into a vector."""

    type: ClassVar[str] = "flatten"

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        self.need_map(shape)
        return (math.prod(shape),)

    def positions(self, shape: Shape, before: int) -> int:
        return shape[1] * shape[2]


@dataclass(frozen=True)
class Linear(Layer):
    """A fully connected layer, then its norm and its activation.

    Args:
        features: output features.
        activation: one of `ACTIVATIONS`.
        norm: `"layer"` normalises over the features, `"none"` does not.
        share: what the options of `features` share: `"none"`, each has weights of its own, or `"slice"`, the first
            features of one weight, and of one scale and shift of the norm.
    """

    type: ClassVar[str] = "linear"
    weights_read: ClassVar[Reads] = "positions"
    sets_width: ClassVar[bool] = True
    shares: ClassVar[str] = "features"
    shaped_by: ClassVar[tuple[str, ...]] = ("features",)
    features: int | Choice
    activation: str = "relu"
    norm: str | Choice = "none"
    share: Literal["none", "slice"] = "none"

    def __post_init__(self) -> None:
        self._positive("features")
        self._fixed_activation()
        self._one_of("norm", NORMS)
        self._sliceable("norm")

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        if len(shape) != 1:
            raise ShapeError(f"linear needs a vector, but gets shape {shape}: put a flatten layer before it.")
        return (resolve(self.features, values),)

    def parameters(self, shape: Shape, values: Values) -> int:
        return resolve(self.features, values) * (shape[0] + 1 + 2 * (resolve(self.norm, values) == "layer"))

    def multiply_adds(self, shape: Shape, values: Values) -> int:
        return resolve(self.features, values) * shape[0]


@dataclass(frozen=True)
class Readout(Layer):
    """Turns a map into a vector: reduces its positions, then a fully connected layer and its activation.

    Every kind has weights of its own, since the kinds read vectors of different meaning and length. So they can stand
    beside each other in a supernet, and each costs what it costs.

    Args:
        features: length of the vector that comes out.
        kind: `"flatten"` keeps all positions, `"mean"` and `"max"` keep one number for each channel.
        activation: one of `ACTIVATIONS`.
    """

    type: ClassVar[str] = "readout"
    weights_read: ClassVar[Reads] = "positions"
    sets_width: ClassVar[bool] = True
    features: int
    kind: str | Choice = "flatten"
    activation: str = "relu"

    def __post_init__(self) -> None:
        self._no_choice("features", "put a linear layer after it")
        self._positive("features")
        self._one_of("kind", ("flatten", "mean", "max"))
        self._fixed_activation()

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        self.need_map(shape)
        return (self.features,)

    def read(self, shape: Shape, values: Values) -> int:
        """The length of the vector that the fully connected layer reads."""
        return math.prod(shape) if resolve(self.kind, values) == "flatten" else shape[0]

    def parameters(self, shape: Shape, values: Values) -> int:
        return self.features * (self.read(shape, values) + 1)

    def multiply_adds(self, shape: Shape, values: Values) -> int:
        return self.features * self.read(shape, values)


@dataclass(frozen=True)
class Norm(Layer):
    """Normalisation to mean 0 and standard deviation 1, with a learned scale and shift for each channel or feature.

    Args:
        kind: `"layer"` normalises over the features of a vector, or over the channels and positions of a map (Ba et
            al., 2016); `"none"` does nothing.
    """

    type: ClassVar[str] = "norm"
    weights_read: ClassVar[Reads] = "channels"
    kind: str | Choice = "layer"

    def __post_init__(self) -> None:
        self._one_of("kind", NORMS)

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        if shape == (1, 1, 1):
            raise ShapeError("norm needs more than one number, but gets a 1x1 map of one channel.")
        return shape

    def parameters(self, shape: Shape, values: Values) -> int:
        return 2 * shape[0] if resolve(self.kind, values) == "layer" else 0


@dataclass(frozen=True)
class Activation(Layer):
    """A nonlinearity; `kind` is one of `ACTIVATIONS`."""

    type: ClassVar[str] = "activation"
    kind: str | Choice = "relu"

    def __post_init__(self) -> None:
        self._one_of("kind", ACTIVATIONS)
