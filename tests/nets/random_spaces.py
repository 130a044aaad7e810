"""Small spaces drawn at random from all layers and all ways of sharing weights."""

import numpy as np

from rlnas.spaces import (
    Activation,
    Choice,
    Conv,
    Fit,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Module,
    Norm,
    Readout,
    Repeat,
    Residual,
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

    def conv(self, channels: int, stride: int | Choice = 1) -> Conv:
        width = self.width(channels)
        return Conv(
            width.pop("width"),
            kernel=self.maybe(1, 2, 3),
            stride=stride,
            pad_mode=self.one(["zeros", "reflect"]),
            activation=self.one(ACTIVATIONS),
            **width,
        )

    def linear(self, features: int) -> Linear:
        width = self.width(features)
        return Linear(width.pop("width"), activation=self.one(ACTIVATIONS), norm=self.maybe("none", "layer"), **width)

    def keeping(self, channels: int, flat: bool, depth: int = 0) -> list[Layer]:
        """Layers that keep the shape, at least one."""
        found: list[Layer] = []
        for _ in range(int(self.rng.integers(1, 3))):
            kinds = ["own", "wide", "norm", "act", "pool", "repeat", "residual", "switch"]
            kind = self.one(kinds[: 5 if depth > 1 else 8])
            if kind == "own" and self.own:
                found.append(Module(GATE, {"factor": self.maybe(1, 2)}))
            elif kind in ("own", "wide"):
                found.append(self.linear(channels) if flat else self.conv(channels))
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
        alone = self.linear(channels) if flat else self.conv(channels)
        return Switch(self.name(), {"skip": [], "a": self.keeping(channels, flat, depth), "b": alone})

    def space(self) -> Space:
        """A space on maps or on vectors, whose layers may change the shape between those that keep it."""
        if self.chance(0.3):
            layers = [self.linear(4), *self.keeping(4, True), self.linear(6), *self.keeping(6, True)]
            return Space("random", (3,), layers)
        start = self.conv(4, stride=self.maybe(1, 2))
        if self.chance(0.3):
            # Alternatives with different numbers of channels, and of different sizes.
            start = Switch(self.name(), {"narrow": self.conv(2), "wide": [self.conv(4), MaxPool(2, stride=2)]})
        layers = [start, Fit(3, 2, channels=4, shrink=self.one(["pool", "crop"])), *self.keeping(4, False)]
        if self.chance():
            layers += [Readout(5, self.maybe("flatten", "mean", "max"), activation=self.one(ACTIVATIONS))]
        else:
            layers += [Flatten(), self.linear(5)]
        return Space("random", (2, 5, 6), [*layers, *self.keeping(5, True)])
