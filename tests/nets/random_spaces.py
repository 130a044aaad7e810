"""Small spaces drawn at random from all layers and all ways of sharing weights."""

import numpy as np

from rlnas.spaces import (
    Activation,
    Choice,
    Conv,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Module,
    Norm,
    Readout,
    Repeat,
    Residual,
    Resize,
    Space,
    Switch,
)
from rlnas.spaces.layers import ACTIVATIONS

GATE = "rlnas_test_layers:gate"
"""A factory that tests put into a module of this name."""


class Drawer:
    """Draws layers; `own` is whether layers of the user's own are among them."""

    def __init__(self, rng: np.random.Generator, own: bool):
        self.rng, self.own = rng, own
        self.names = 0

    def chance(self, share: float = 0.5) -> bool:
        return bool(self.rng.random() < share)

    def one(self, options):
        return options[int(self.rng.integers(len(options)))]

    def name(self) -> str:
        self.names += 1
        return f"x{self.names}"

    def maybe(self, *options):
        """One of the options, or a choice of all."""
        return Choice(self.name(), options) if self.chance(0.4) else self.one(options)

    def width(self, widest: int) -> dict:
        """A width of at most `widest`, and how its options share."""
        if self.chance():
            return {"width": widest}
        options = self.one([(widest, 1), (widest - 1, widest), tuple(range(1, widest + 1))])
        return {"width": Choice(self.name(), options), "share": self.one(["none", "slice"])}

    def conv(self, channels: int, stride: int | Choice = 1, exact: bool = False) -> Conv:
        width = {"width": channels} if exact else self.width(channels)
        return Conv(
            width.pop("width"),
            kernel=self.maybe(1, 2, 3),
            stride=stride,
            pad_mode=self.one(["zeros", "reflect"]),
            activation=self.one(ACTIVATIONS),
            **width,
        )

    def linear(self, features: int, exact: bool = False) -> Linear:
        width = {"width": features} if exact else self.width(features)
        return Linear(width.pop("width"), activation=self.one(ACTIVATIONS), norm=self.maybe("none", "layer"), **width)

    def wide(self, channels: int, flat: bool) -> list[Layer]:
        """Two layers, the first of any width."""
        first, second = (self.linear, self.linear) if flat else (self.conv, self.conv)
        between = [Norm(self.maybe("none", "layer"))] if self.chance() else []
        return [first(channels + 2), *between, second(channels, exact=True)]

    def free(self, channels: int, flat: bool) -> list[Layer]:
        """Layers that take any number of channels, and give any."""
        first = [Norm(self.maybe("none", "layer")), Activation(self.maybe("tanh", "silu", "relu"))]
        return [*first[: int(self.rng.integers(3))], self.linear(channels) if flat else self.conv(channels)]

    def keeping(self, channels: int, flat: bool, depth: int = 0) -> list[Layer]:
        """Layers that keep the shape, at least one."""
        found: list[Layer] = []
        for _ in range(int(self.rng.integers(1, 3))):
            kinds = ["own", "wide", "norm", "act", "pool", "repeat", "residual", "switch"]
            kind = self.one(kinds[: 5 if depth > 1 else 8])
            if kind == "own" and self.own:
                found.append(Module(GATE, {"factor": self.maybe(1, 2)}))
            elif kind in ("own", "wide"):
                found += self.wide(channels, flat)
            elif kind == "norm" or (kind == "pool" and flat):
                found.append(Norm(self.maybe("none", "layer")))
            elif kind == "act":
                found.append(Activation(self.maybe("tanh", "silu", "relu")))
            elif kind == "pool":
                found.append(MaxPool(self.maybe(1, 2)))
            else:
                found.append(self.container(kind, channels, flat, depth + 1))
        return found

    def container(self, kind: str, channels: int, flat: bool, depth: int) -> Layer:
        """Layers in a layer, which keep the shape."""
        if kind == "repeat":
            return Repeat(self.keeping(channels, flat, depth), times=self.maybe(1, 2))
        if kind == "residual":
            return Residual(self.keeping(channels, flat, depth))
        alone = self.wide(channels, flat)
        return Switch(self.name(), {"skip": [], "a": self.keeping(channels, flat, depth), "b": alone})

    def space(self) -> Space:
        """A space on maps or on vectors, whose layers may change the shape between those that keep it."""
        if self.chance(0.3):
            exact = [self.linear(4, exact=True), *self.keeping(4, True), *self.wide(6, True), *self.keeping(6, True)]
            return Space("random", (3,), [*exact, *self.free(5, True), *self.free(7, True)])
        start = self.conv(4, stride=self.maybe(1, 2))
        if self.chance(0.3):
            # Alternatives with different numbers of channels, and of different sizes.
            start = Switch(self.name(), {"narrow": self.conv(2), "wide": [self.conv(4), MaxPool(2, stride=2)]})
        shrink = self.one(["pool", "crop"])
        if self.chance():
            layers = [start, Resize(3, 2, channels=4, shrink=shrink), *self.keeping(4, False)]
        else:
            layers = [start, *self.free(3, False), Resize(3, 2, shrink=shrink), *self.free(4, False)]
        if self.chance():
            layers += [Readout(5, self.maybe("flatten", "mean", "max"), activation=self.one(ACTIVATIONS))]
        else:
            layers += [Flatten(), *self.free(5, True), self.linear(5, exact=True)]
        return Space("random", (2, 5, 6), [*layers, *self.keeping(5, True), *self.free(4, True)])
