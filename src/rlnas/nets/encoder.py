"""The searched part of a network: one block per layer of the space, with one option of each or with all."""

from __future__ import annotations

import itertools
import re

from torch import Tensor, nn

from rlnas.nets.modules import BLOCKS
from rlnas.spaces import Architecture, Layer, Shape, Space
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


class Encoder(nn.Module):
    """The layers of a space as torch modules.

    With an architecture, every searched layer holds that one option; without, it holds all of them (supernet).
    Module names are the same in both, so the state dict of an architecture's encoder is a part of the supernet's.

    Args:
        space: the search space.
        architecture: the architecture to build, or `None` for all.
    """

    def __init__(self, space: Space, architecture: Architecture | None = None):
        super().__init__()
        self.space = space
        self.blocks = nn.ModuleList()
        # Where map sizes depend on the path, any path's shapes will do: weights depend on channels and features only,
        # and a space makes sure that those are the same on every path.
        example = architecture if architecture is not None else next(iter(space))
        shapes = [space.input_shape, *space.shapes(example)[:-1]]
        for layer, shape in zip(space.layers, shapes, strict=True):
            if not layer.choices:
                self.blocks.append(BLOCKS[type(layer)](layer, shape, {}))
            elif architecture is not None:
                self.blocks.append(ChoiceBlock(layer, shape, [{c.name: architecture[c.name] for c in layer.choices}]))
            else:
                names = [choice.name for choice in layer.choices]
                every = itertools.product(*(choice.options for choice in layer.choices))
                combinations = [dict(zip(names, options, strict=True)) for options in every]
                self.blocks.append(ChoiceBlock(layer, shape, combinations))

    def activate(self, path: Architecture) -> None:
        """Makes `path` the active path: the only one that is computed and that gets gradients."""
        for block in self.blocks:
            if isinstance(block, ChoiceBlock):
                block.active = block.key(dict(path))

    def forward(self, x: Tensor) -> Tensor:
        """Maps observations `(batch, *input_shape)`, float32, to features `(batch, features)`."""
        for block in self.blocks:
            x = block(x)
        return x
