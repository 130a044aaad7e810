"""The searched part of a network: one block per layer of the space, with one option of each or with all."""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence

from torch import Tensor, nn

from rlnas.nets.blocks import BLOCKS, Block
from rlnas.spaces import Architecture, Layer, Repeat, Residual, Space, Switch
from rlnas.spaces.choice import resolve, widest
from rlnas.spaces.layers import Values
from rlnas.spaces.paths import Position


class ChoiceBlock(Block):
    """A layer with choices: a module for each option that it holds, of which one is active.

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

    def forward(self, x: Tensor) -> Tensor:
        """Applies the active option."""
        return self.options[self.active](x)


def key(names: Sequence[str], values: Values) -> str:
    """The name of an option's module, e.g. `k2=4`; dots cannot stand in module names."""
    return re.sub(r"[^A-Za-z0-9_=,+-]", "_", ",".join(f"{name}={values[name]}" for name in names))


def _activate(block: nn.Module, path: Values) -> None:
    assert isinstance(block, Block)
    block.activate(path)


class SequenceBlock(Block):
    """Layers of a space, one after another."""

    def __init__(self, blocks: Sequence[nn.Module]):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def activate(self, path: Values) -> None:
        for block in self.blocks:
            _activate(block, path)

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

    def forward(self, x: Tensor) -> Tensor:
        """Applies the active alternative."""
        return self.options[self.active](x)


class Builder:
    """Builds the modules of a space's layers, with one option of each choice or with all.

    Args:
        space: the search space.
        architecture: the options to build, or `None` for all.
    """

    def __init__(self, space: Space, architecture: Values | None):
        # Weights depend on what all paths agree about, so that any path's shapes will do.
        self.shapes = space.reached
        self.architecture = architecture

    def sequence(self, layers: Sequence[Layer], position: Position = ()) -> SequenceBlock:
        """The modules of a list of layers."""
        return SequenceBlock(self.sequence_of(layers, position))

    def sequence_of(self, layers: Sequence[Layer], position: Position = ()) -> list[nn.Module]:
        """The modules of a list of layers, one by one."""
        return [self.layer(layer, (*position, number)) for number, layer in enumerate(layers)]

    def layer(self, layer: Layer, position: Position) -> Block:
        """The module of a layer."""
        if isinstance(layer, Repeat):
            times = widest(layer.times) if self.architecture is None else resolve(layer.times, self.architecture)
            return RepeatBlock(layer, [self.sequence(layer.inner, (*position, time)) for time in range(times)])
        if isinstance(layer, Residual):
            return ResidualBlock(self.sequence(layer.inner, position))
        if isinstance(layer, Switch):
            return self._switch(layer, position)
        return self._leaf(layer, position)

    def _switch(self, layer: Switch, position: Position) -> SwitchBlock:
        chosen = None if self.architecture is None else self.architecture[layer.choice]
        places = {name: (*position, name) for name in layer.alternatives}
        held = [name for name in places if chosen in (None, name) and places[name] in self.shapes]
        return SwitchBlock(layer, {name: self.sequence(layer.alternatives[name], places[name]) for name in held})

    def _leaf(self, layer: Layer, position: Position) -> Block:
        chosen, shape, make = self.architecture or {}, self.shapes[position], BLOCKS[type(layer)]
        choices = [choice for choice in layer.choices if choice != layer.sliced]
        if not choices:
            return make(layer, shape, chosen)
        names = [choice.name for choice in choices]
        held = [[chosen[choice.name]] if chosen else choice.options for choice in choices]
        combinations = [dict(zip(names, options, strict=True)) for options in itertools.product(*held)]
        return ChoiceBlock(names, {key(names, c): make(layer, shape, {**chosen, **c}) for c in combinations})


class Encoder(SequenceBlock):
    """The layers of a space as torch modules.

    With an architecture, every searched layer holds that one option; without, it holds all of them (supernet).
    Module names are the same in both, so the state dict of an architecture's encoder is a part of the supernet's.

    `forward` maps observations `(batch, *input_shape)`, float32, to features `(batch, features)`.

    Args:
        space: the search space.
        architecture: the architecture to build, or `None` for all.
    """

    def __init__(self, space: Space, architecture: Architecture | None = None):
        super().__init__(Builder(space, None if architecture is None else dict(architecture)).sequence_of(space.layers))
        self.space = space
