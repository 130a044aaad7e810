"""The searched part of a network: the layers of one architecture, or of a supernet those of all."""

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from torch import Tensor, nn

from rlnas.nets.blocks import BLOCKS, Block
from rlnas.spaces import Architecture, Layer, Repeat, Residual, Shape, Space, Switch
from rlnas.spaces.choice import Option, resolve, widest
from rlnas.spaces.containers import Container
from rlnas.spaces.layers import Values
from rlnas.spaces.shapes import Position


class BlockOfBlocks(Block):
    """Base of the blocks that are made of blocks. What the active path computes is computed one after another."""

    def computed(self) -> Iterable[nn.Module]:
        """The blocks inside that the active path computes."""
        raise NotImplementedError

    def takes_bytes(self) -> bool:
        first = next(iter(self.computed()), None)
        return isinstance(first, Block) and first.takes_bytes()

    def choose(self, path: Values) -> None:
        """Makes the options of `path` the active ones, but for those of the blocks inside."""

    def activate(self, path: Values) -> None:
        self.choose(path)
        for block in self.computed():
            cast(Block, block).activate(path)

    def leaves(self) -> Iterator[Block]:
        for block in self.computed():
            yield from cast(Block, block).leaves()

    def forward(self, x: Tensor) -> Tensor:
        for block in self.computed():
            x = block(x)
        return x


class SequenceBlock(BlockOfBlocks):
    """Layers of a space, one after another."""

    def __init__(self, blocks: Sequence[nn.Module]):
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def computed(self) -> Iterable[nn.Module]:
        return self.blocks


class RepeatBlock(BlockOfBlocks):
    """Layers several times over; of `copies`, one for each time, as many are computed as the active path is deep."""

    def __init__(self, layer: Repeat, copies: Sequence[SequenceBlock]):
        super().__init__()
        self.times = layer.times
        self.depth = len(copies)
        self.copies = nn.ModuleList(copies)

    def choose(self, path: Values) -> None:
        self.depth = resolve(self.times, path)

    def computed(self) -> Iterable[nn.Module]:
        return itertools.islice(self.copies, self.depth)


class ResidualBlock(BlockOfBlocks):
    """Layers whose output is added to their input."""

    def takes_bytes(self) -> bool:
        return False

    def __init__(self, inner: SequenceBlock):
        super().__init__()
        self.inner = inner

    def computed(self) -> Iterable[nn.Module]:
        return (self.inner,)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.inner(x)


class OptionsBlock(BlockOfBlocks):
    """Modules of which one is active: one for each option of some choices, or for each alternative of a switch.

    `names` are those of the choices; `options` has the modules by their options, `slots` their names.
    """

    def __init__(
        self,
        names: Sequence[str],
        options: Mapping[tuple[Option, ...], Block],
        slots: Mapping[tuple[Option, ...], str],
    ):
        super().__init__()
        self.names, self.slots = tuple(names), slots
        self.options = nn.ModuleDict({slots[own]: block for own, block in options.items()})
        self.active = next(iter(self.options))

    def choose(self, path: Values) -> None:
        self.active = self.slots[tuple(path[name] for name in self.names)]

    def computed(self) -> Iterable[nn.Module]:
        return (self.options[self.active],)


TAKEN = frozenset(dir(nn.ModuleDict()))
"""Names that no module in a `ModuleDict` can have, since it has something else of that name (`half`)."""


def layers_of(layers: Iterable[Layer], shape: Shape, values: Values) -> list[nn.Module]:
    """The modules of the layers that an architecture computes; `shape` reaches the first.

    The layers of a repeat or a switch stand among the others.
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


def blocks_of(layers: Sequence[Layer], reached: Mapping[Position, Shape], position: Position = ()) -> SequenceBlock:
    """The modules of a supernet's layers at a position, with all options of each choice; see `Space.reached`."""
    return SequenceBlock([_block(layer, reached, (*position, number)) for number, layer in enumerate(layers)])


def _block(layer: Layer, reached: Mapping[Position, Shape], position: Position) -> Block:
    if isinstance(layer, Repeat):
        times = range(widest(layer.times))
        return RepeatBlock(layer, [blocks_of(layer.inner, reached, (*position, time)) for time in times])
    if isinstance(layer, Residual):
        return ResidualBlock(blocks_of(layer.inner, reached, position))
    options: dict[tuple[Option, ...], Block]
    if isinstance(layer, Switch):
        places = {name: (*position, name) for name in layer.alternatives if (*position, name) in reached}
        options = {(name,): blocks_of(layer.alternatives[name], reached, place) for name, place in places.items()}
        return OptionsBlock([layer.choice], options, {(n,): f"{n}=" if n in TAKEN else n for n in places})
    choices = [choice for choice in layer.choices if choice != layer.sliced]
    names = [choice.name for choice in choices]
    options = {
        own: BLOCKS[type(layer)](layer, reached[position], dict(zip(names, own, strict=True)), True)
        for own in itertools.product(*(choice.options for choice in choices))
    }
    if not choices:
        return options[()]
    # E.g. `k2=4`; dots cannot stand in the names of modules.
    spelled = {own: ",".join(f"{name}={option}" for name, option in zip(names, own, strict=True)) for own in options}
    return OptionsBlock(names, options, {own: re.sub(r"[^A-Za-z0-9_=,+-]", "_", spelled[own]) for own in options})


class Encoder(SequenceBlock):
    """The layers of a space as torch modules: those that one architecture computes; all where that is `None`.

    `forward` maps observations `(batch, *input_shape)`, float32, to features `(batch, features)`.
    """

    def __init__(self, space: Space, architecture: Architecture | None = None):
        if architecture is None:
            super().__init__(list(blocks_of(space.layers, space.reached).blocks))
        else:
            super().__init__(layers_of(space.layers, space.input_shape, dict(architecture)))
