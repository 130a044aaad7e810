"""Layers that are made of layers: depth, residual connections, a choice of whole layers."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from rlnas.errors import UserError, shown
from rlnas.spaces.choice import Choice, resolve, widest
from rlnas.spaces.layers import Layer, Shape, Values

MOST_LAYERS = 1_000
"""Layers that one layer of layers may hold, those of a repeat as often as they may be repeated."""

DEEPEST = 20
"""Layers of layers that may lie in one another."""


@dataclass(frozen=True)
class Container(Layer):
    """Base of the layers that are made of layers.

    Subclasses say which layers one architecture computes (`steps`); `rlnas.spaces.shapes` knows all paths through them.
    """

    @property
    def inner(self) -> tuple[Layer, ...]:
        """All layers inside."""
        return tuple(self.layers)  # type: ignore[attr-defined]

    @cached_property
    def depth(self) -> int:
        """Layers of layers that lie in one another, with this one."""
        return 1 + max((layer.depth for layer in self.inner if isinstance(layer, Container)), default=0)

    @cached_property
    def length(self) -> int:
        """See `MOST_LAYERS`."""
        once = sum(layer.length if isinstance(layer, Container) else 1 for layer in self.inner)
        return widest(getattr(self, "times", 1)) * once

    def check_size(self) -> None:
        """Raises a `UserError` if the layers are too many, or too deep, to be gone through."""
        if self.depth > DEEPEST:
            raise UserError(f"{self.type}: at most {DEEPEST} layers of layers may lie in one another.")
        if self.length > MOST_LAYERS:
            raise UserError(f"{self.type}: it has {self.length:,} layers, and at most {MOST_LAYERS:,} are allowed.")

    @property
    def choices(self) -> tuple[Choice, ...]:
        """Its own choice, and those of the layers inside."""
        inner = (choice for layer in self.inner for choice in layer.choices)
        return tuple(dict.fromkeys([*self.shape_choices, *inner]))

    def steps(self, shape: Shape, values: Values) -> list[tuple[Layer, Shape]]:
        """The layers that are computed one after another, with the shape that reaches each."""
        raise NotImplementedError

    def leaves(self, shape: Shape, values: Values) -> list[tuple[Layer, Shape]]:
        return [leaf for layer, own in self.steps(shape, values) for leaf in layer.leaves(own, values)]

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        for layer, own in self.steps(shape, values)[-1:]:
            return layer.output_shape(own, values)
        return shape

    def parameters(self, shape: Shape, values: Values) -> int:
        return sum(layer.parameters(own, values) for layer, own in self.steps(shape, values))

    def multiply_adds(self, shape: Shape, values: Values) -> int:
        return sum(layer.multiply_adds(own, values) for layer, own in self.steps(shape, values))


def flat(layers: Iterable[Layer]) -> Iterator[Layer]:
    """The layers, with those inside containers in the place of the containers."""
    for layer in layers:
        if isinstance(layer, Container):
            yield from flat(layer.inner)
        else:
            yield layer


def walk(layers: Iterable[Layer], shape: Shape, values: Values) -> tuple[list[tuple[Layer, Shape]], Shape]:
    """Every layer of a list with the shape that reaches it, and the shape that leaves the last."""
    found = []
    for layer in layers:
        found.append((layer, shape))
        shape = layer.output_shape(shape, values)
    return found, shape


def _layers(container: str, layers: object, least: int = 1) -> tuple[Layer, ...]:
    found = (layers,) if isinstance(layers, Layer) else layers
    if not isinstance(found, list | tuple) or len(found) < least or not all(isinstance(x, Layer) for x in found):
        what = "at least one layer" if least else "layers"
        raise UserError(f"{container}: layers must be a list of {what}, not {shown(layers)}.")
    return tuple(found)


@dataclass(frozen=True)
class Repeat(Container):
    """Some layers, once or several times over, each time with weights of their own: depth.

    The first times are the same in every depth, and share their weights. Choices inside hold for all times alike. All
    times after the first must keep the shape, so that what follows does not depend on the depth.

    Args:
        layers: the layers that are repeated.
        times: how often.
    """

    type: ClassVar[str] = "repeat"
    shaped_by: ClassVar[tuple[str, ...]] = ("times",)
    layers: Sequence[Layer]
    times: int | Choice

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", _layers("repeat", self.layers))
        self._positive("times")
        self.check_size()

    def steps(self, shape: Shape, values: Values) -> list[tuple[Layer, Shape]]:
        found = []
        for _ in range(resolve(self.times, values)):
            inner, shape = walk(self.layers, shape, values)
            found += inner
        return found


@dataclass(frozen=True)
class Residual(Container):
    """Layers whose output is added to their input; they must keep the shape."""

    type: ClassVar[str] = "residual"
    layers: Sequence[Layer]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", _layers("residual", self.layers))
        self.check_size()

    def steps(self, shape: Shape, values: Values) -> list[tuple[Layer, Shape]]:
        return walk(self.layers, shape, values)[0]


@dataclass(frozen=True)
class Switch(Container):
    """A choice of whole layers: one of several alternatives, each with weights of its own.

    The alternatives may give different shapes, as far as the layers after them do not share weights that depend on it.

    Args:
        choice: the name of the choice; its options are the names of the alternatives.
        options: each alternative under its name: a layer, a list of layers, or an empty list, which does nothing (a
            skip). Choices inside are allowed.

    Example:
        >>> from rlnas.spaces import Conv, MaxPool
        >>> Switch("op", {"conv": Conv(8, kernel=3), "pool": MaxPool(3), "skip": []}).choices
        (Choice(name='op', options=('conv', 'pool', 'skip')),)
    """

    type: ClassVar[str] = "switch"
    choice: str
    options: Mapping[str, Layer | Sequence[Layer]] | Sequence[tuple[str, Sequence[Layer]]]

    def __post_init__(self) -> None:
        pairs: Any = self.options.items() if isinstance(self.options, Mapping) else self.options
        if not isinstance(pairs, Iterable) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs):
            raise UserError("switch: options must be a dict of layers by the names of the alternatives.")
        found = tuple((name, _layers(f"switch: option {name!r}", layers, 0)) for name, layers in pairs)
        object.__setattr__(self, "options", found)
        for name, _ in found:
            if not isinstance(name, str):
                raise UserError(f"switch: the name of an alternative must be text, not {name!r}.")
        Choice(self.choice, [name for name, _ in found])  # says what is wrong with the names
        self.check_size()

    @property
    def alternatives(self) -> dict[str, tuple[Layer, ...]]:
        """The layers of each alternative, under its name."""
        return dict(self.options)  # type: ignore[arg-type]

    @property
    def shape_choices(self) -> tuple[Choice, ...]:
        return (Choice(self.choice, list(self.alternatives)),)

    @property
    def inner(self) -> tuple[Layer, ...]:
        return tuple(layer for layers in self.alternatives.values() for layer in layers)

    def steps(self, shape: Shape, values: Values) -> list[tuple[Layer, Shape]]:
        return walk(self.alternatives[str(values[self.choice])], shape, values)[0]
