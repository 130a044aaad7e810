"""The searched part of a network: the layers of one architecture, or of a supernet those of all."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence

from torch import Tensor, nn

from rlnas.nets.blocks import BLOCKS, Block
from rlnas.spaces import Architecture, Layer, Repeat, Residual, Shape, Space, Switch
from rlnas.spaces.choice import resolve, widest
from rlnas.spaces.containers import Container
from rlnas.spaces.layers import Values
from rlnas.spaces.paths import Position


class ChoiceBlock(Block):
    """A layer with choices: a module for each option, of which one is active.

    Args:
        names: the names of the choices.
        options: the module of each combination of options, under its key.
    """

    def __init__(self, names: Sequence[str], options: dict[str, Block]):
        super().__init__()
        self.names = tuple(names)
        self.options = nn.ModuleDict(options)
        self.active = next(iter(options))

    def activate(self, path: Values) -> None:
        self.active = key(self.names, path)
        _activate(self.options[self.active], path)

    def leaves(self) -> Iterator[Block]:
        return _leaves([self.options[self.active]])

    def forward(self, x: Tensor) -> Tensor:
        """Applies the active option."""
        return self.options[self.active](x)


def key(names: Sequence[str], values: Values) -> str:
    """The name of an option's module, e.g. `k2=4`; dots cannot stand in module names."""
    return re.sub(r"[^A-Za-z0-9_=,+-]", "_", ",".join(f"{name}={values[name]}" for name in names))


def _activate(block: nn.Module, path: Values) -> None:
    assert isinstance(block, Block)
    block.activate(path)


def _leaves(blocks: Iterable[nn.Module]) -> Iterator[Block]:
    for block in blocks:
        assert isinstance(block, Block)
        yield from block.leaves()


class SequenceBlock(Block):
    """Layers of a space, one after another."""

    def __init__(self, blocks: Sequence[nn.Module]):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def activate(self, path: Values) -> None:
        for block in self.blocks:
            _activate(block, path)

    def leaves(self) -> Iterator[Block]:
        return _leaves(self.blocks)

    def forward(self, x: Tensor) -> Tensor:
        """Applies the active option of every layer."""
        for block in self.blocks:
            x = block(x)
        return x


class RepeatBlock(Block):
    """Layers several times over; of the times that it holds, as many are computed as the active path is deep.

    Args:
        layer: the layer of the space.
        copies: the layers of each time.
    """

    def __init__(self, layer: Repeat, copies: Sequence[SequenceBlock]):
        super().__init__()
        self.times = layer.times
        self.depth = len(copies)
        self.copies = nn.ModuleList(copies)

    def activate(self, path: Values) -> None:
        self.depth = resolve(self.times, path)
        for copy in itertools.islice(self.copies, self.depth):
            _activate(copy, path)

    def leaves(self) -> Iterator[Block]:
        return _leaves(itertools.islice(self.copies, self.depth))

    def forward(self, x: Tensor) -> Tensor:
        """Applies the first copies, as many as the active path is deep."""
        for copy in itertools.islice(self.copies, self.depth):
            x = copy(x)
        return x


class ResidualBlock(Block):
    """Layers whose output is added to their input.

    Args:
        inner: the layers.
    """

    def __init__(self, inner: SequenceBlock):
        super().__init__()
        self.inner = inner

    def activate(self, path: Values) -> None:
        self.inner.activate(path)

    def leaves(self) -> Iterator[Block]:
        return self.inner.leaves()

    def forward(self, x: Tensor) -> Tensor:
        """The sum of the input and of what the layers make of it."""
        return x + self.inner(x)


TAKEN = frozenset(dir(nn.ModuleDict()))
"""Names that no module in a `ModuleDict` can have, since it has something else of that name (`half`)."""


def _slot(alternative: str) -> str:
    """The name of an alternative's module: its own, unless it is taken."""
    return f"{alternative}=" if alternative in TAKEN else alternative


class SwitchBlock(Block):
    """Alternatives, of which one is active.

    Args:
        layer: the layer of the space.
        options: the layers of each alternative that it holds, under its name.
    """

    def __init__(self, layer: Switch, options: dict[str, SequenceBlock]):
        super().__init__()
        self.choice = layer.choice
        self.options = nn.ModuleDict({_slot(name): option for name, option in options.items()})
        self.active = next(iter(self.options))

    def activate(self, path: Values) -> None:
        self.active = _slot(str(path[self.choice]))
        _activate(self.options[self.active], path)

    def leaves(self) -> Iterator[Block]:
        return _leaves([self.options[self.active]])

    def forward(self, x: Tensor) -> Tensor:
        """Applies the active alternative."""
        return self.options[self.active](x)


def layers_of(layers: Iterable[Layer], shape: Shape, values: Values) -> list[nn.Module]:
    """The modules of the layers that an architecture computes: those that it repeats or chooses among, as its own.

    Args:
        layers: the layers of a space.
        shape: the shape that reaches the first.
        values: the architecture.
    """
    found: list[nn.Module] = []
    for layer in layers:
        if isinstance(layer, Residual):
            found.append(ResidualBlock(SequenceBlock(layers_of(layer.inner, shape, values))))
        elif isinstance(layer, Container):
            for inner, own in layer.steps(shape, values):
                found += layers_of([inner], own, values)
        else:
            found.append(BLOCKS[type(layer)](layer, shape, values, False))
        shape = layer.output_shape(shape, values)
    return found


class SupernetBuilder:
    """Builds the modules of a space's layers with all options of each choice.

    Args:
        space: the search space.
    """

    def __init__(self, space: Space):
        # Weights depend on what all paths agree about, and on the most inputs that one brings.
        self.shapes = space.reached

    def sequence(self, layers: Sequence[Layer], position: Position = ()) -> SequenceBlock:
        """The modules of a list of layers."""
        return SequenceBlock(self.sequence_of(layers, position))

    def sequence_of(self, layers: Sequence[Layer], position: Position = ()) -> list[nn.Module]:
        """The modules of a list of layers, one by one."""
        return [self.layer(layer, (*position, number)) for number, layer in enumerate(layers)]

    def layer(self, layer: Layer, position: Position) -> Block:
        """The module of a layer."""
        if isinstance(layer, Repeat):
            times = range(widest(layer.times))
            return RepeatBlock(layer, [self.sequence(layer.inner, (*position, time)) for time in times])
        if isinstance(layer, Residual):
            return ResidualBlock(self.sequence(layer.inner, position))
        if isinstance(layer, Switch):
            places = {name: (*position, name) for name in layer.alternatives if (*position, name) in self.shapes}
            options = {name: self.sequence(layer.alternatives[name], place) for name, place in places.items()}
            return SwitchBlock(layer, options)
        return self._leaf(layer, position)

    def _leaf(self, layer: Layer, position: Position) -> Block:
        shape, make = self.shapes[position], BLOCKS[type(layer)]
        choices = [choice for choice in layer.choices if choice != layer.sliced]
        if not choices:
            return make(layer, shape, {}, True)
        names = [choice.name for choice in choices]
        combinations = itertools.product(*(choice.options for choice in choices))
        values = [dict(zip(names, options, strict=True)) for options in combinations]
        return ChoiceBlock(names, {key(names, own): make(layer, shape, own, True) for own in values})


class Encoder(SequenceBlock):
    """The layers of a space as torch modules: of one architecture, just what it computes, or of a supernet all.

    `forward` maps observations `(batch, *input_shape)`, float32, to features `(batch, features)`.

    Args:
        space: the search space.
        architecture: the architecture to build, or `None` for all.
    """

    def __init__(self, space: Space, architecture: Architecture | None = None):
        if architecture is None:
            super().__init__(SupernetBuilder(space).sequence_of(space.layers))
        else:
            super().__init__(layers_of(space.layers, space.input_shape, dict(architecture)))
        self.space = space
