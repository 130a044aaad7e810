"""The searched part of a network: one block per layer of the space, with one option of each or with all."""

from __future__ import annotations

import itertools
import re

from torch import Tensor, nn

from rlnas.nets.modules import BLOCKS
from rlnas.spaces import Architecture, Choice, Layer, Repeat, Shape, Space
from rlnas.spaces.choice import resolve, widest
from rlnas.spaces.layers import Values


class ChoiceBlock(nn.Module):
    """A layer with choices: a module for each option that it holds, of which one is active.

    Args:
        layer: the layer of the space.
        shape: the shape that reaches it.
        options: the combinations of options to hold.
    """

    def __init__(self, layer: Layer, shape: Shape, options: list[Values]):
        super().__init__()
        self.names = tuple(choice.name for choice in layer.choices)
        self.options = nn.ModuleDict(
            {self.key(values): BLOCKS[type(layer)](layer, shape, values) for values in options}
        )
        self.active = next(iter(self.options))

    def key(self, values: Values) -> str:
        """The name of an option's module, e.g. `k2=4`; dots cannot stand in module names."""
        return re.sub(r"[^A-Za-z0-9_=,+-]", "_", ",".join(f"{name}={values[name]}" for name in self.names))

    def forward(self, x: Tensor) -> Tensor:
        """Applies the active option."""
        return self.options[self.active](x)


class Sequence(nn.Module):
    """Layers of a space, one after another.

    Args:
        layers: the layers, each with the shape that reaches it.
        architecture: the options that every searched layer holds, or `None` for all.
    """

    def __init__(self, layers: list[tuple[Layer, Shape]], architecture: Values | None):
        super().__init__()
        self.blocks = nn.ModuleList(build(layer, shape, architecture) for layer, shape in layers)

    def activate(self, path: Values) -> None:
        """Makes `path` the active path."""
        for block in self.blocks:
            if isinstance(block, ChoiceBlock):
                block.active = block.key(path)
            elif isinstance(block, RepeatBlock):
                block.activate(path)

    def forward(self, x: Tensor) -> Tensor:
        """Applies the active option of every layer."""
        for block in self.blocks:
            x = block(x)
        return x


class RepeatBlock(nn.Module):
    """Layers several times over; of the times that it holds, as many are computed as the active path is deep.

    Args:
        layer: the layer of the space.
        shape: the shape that reaches it.
        architecture: as in `Sequence`.
    """

    def __init__(self, layer: Repeat, shape: Shape, architecture: Values | None):
        super().__init__()
        self.times = layer.times
        example = architecture or {choice.name: choice.options[0] for choice in layer.choices}
        self.depth = widest(layer.times) if architecture is None else resolve(layer.times, example)
        # Shapes depend on no choice inside, or the times could not share their weights.
        deepest = {**example, layer.times.name: self.depth} if isinstance(layer.times, Choice) else example
        inputs, size = layer.inputs(shape, deepest), len(layer.layers)
        parts = [inputs[time * size : (time + 1) * size] for time in range(self.depth)]
        self.copies = nn.ModuleList(Sequence(part, architecture) for part in parts)

    def activate(self, path: Values) -> None:
        """Makes `path` the active path."""
        self.depth = resolve(self.times, path)
        for copy in self.copies:
            assert isinstance(copy, Sequence)
            copy.activate(path)

    def forward(self, x: Tensor) -> Tensor:
        """Applies the first copies, as many as the active path is deep."""
        for copy in itertools.islice(self.copies, self.depth):
            x = copy(x)
        return x


def build(layer: Layer, shape: Shape, architecture: Values | None) -> nn.Module:
    """The module of a layer: with one option of its choices, or with all of them."""
    if isinstance(layer, Repeat):
        return RepeatBlock(layer, shape, architecture)
    if not layer.choices:
        return BLOCKS[type(layer)](layer, shape, {})
    names = [choice.name for choice in layer.choices]
    if architecture is not None:
        return ChoiceBlock(layer, shape, [{name: architecture[name] for name in names}])
    every = itertools.product(*(choice.options for choice in layer.choices))
    return ChoiceBlock(layer, shape, [dict(zip(names, options, strict=True)) for options in every])


class Encoder(Sequence):
    """The layers of a space as torch modules.

    With an architecture, every searched layer holds that one option; without, it holds all of them (supernet).
    Module names are the same in both, so the state dict of an architecture's encoder is a part of the supernet's.

    `forward` maps observations `(batch, *input_shape)`, float32, to features `(batch, features)`.

    Args:
        space: the search space.
        architecture: the architecture to build, or `None` for all.
    """

    def __init__(self, space: Space, architecture: Architecture | None = None):
        # Where map sizes depend on the path, any path's shapes will do: weights depend on channels and features only,
        # and a space makes sure that those are the same on every path.
        example = architecture if architecture is not None else next(iter(space))
        shapes = [space.input_shape, *space.shapes(example)[:-1]]
        chosen = None if architecture is None else dict(architecture)
        super().__init__(list(zip(space.layers, shapes, strict=True)), chosen)
        self.space = space
