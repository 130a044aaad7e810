"""The spaces that come with rlnas."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rlnas import calls
from rlnas.calls import checked_call
from rlnas.errors import unknown
from rlnas.spaces.choice import Choice
from rlnas.spaces.containers import Repeat, Residual, Switch
from rlnas.spaces.layers import (
    Activation,
    Conv,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Norm,
    Readout,
    Resize,
    Shape,
    ShapeError,
)
from rlnas.spaces.sources import SpaceSource
from rlnas.spaces.space import Space
from rlnas.spaces.toml import load_toml
from rlnas.trust import import_modules

ATARI_INPUT = (4, 84, 84)
IMPALA_CHANNELS = (16, 32, 32)
"""Of the three stages (Espeholt et al., 2018)."""
MINATAR_INPUT = (4, 10, 10)
"""Of Breakout and Asterix; `adapt` gives the spaces of other games their channels."""
LARGE_MAP = 36
"""Shorter side from which a map is a picture: the smallest that Nature-CNN can read."""
VECTOR_INPUT = (4,)
"""Of CartPole; `adapt` does the same."""


def nature_cnn() -> Space:
    """The network of Mnih et al. (2015) that RL people know: 1,684,128 parameters without heads."""
    layers = [
        Conv(32, kernel=8, stride=4, padding="valid"),
        Conv(64, kernel=4, stride=2, padding="valid"),
        Conv(64, kernel=3, stride=1, padding="valid"),
        Flatten(),
        Linear(512),
    ]
    return Space("nature-cnn", ATARI_INPUT, layers)


def paper_1() -> Space:
    """25 architectures: the kernels of two convolutions (paper, 5.2 and table 2)."""
    kernels = range(1, 6)
    layers = [
        Conv(32, kernel=8, stride=4, padding="valid"),
        Conv(64, kernel=Choice("k2", kernels), stride=2),
        Conv(64, kernel=Choice("k3", kernels), stride=1),
        Resize(11, 11),
        Flatten(),
        Linear(512),
    ]
    return Space("paper-1", ATARI_INPUT, layers)


def paper_2() -> Space:
    """32 architectures: kernels of 2 or 5 in five convolutions (paper, 5.2 and table 2)."""
    searched = [Conv(64, kernel=Choice(f"k{n}", (2, 5)), stride=1) for n in range(2, 7)]
    first = Conv(32, kernel=8, stride=4, padding="valid")
    return Space("paper-2", ATARI_INPUT, [first, *searched, Resize(11, 11), Flatten(), Linear(512)])


def paper_large() -> Space:
    """20^9 architectures: kernel and width of nine convolutions (paper, 5.5)."""
    layers: list[Layer] = []
    for n in range(1, 10):
        layers.append(Conv(Choice(f"c{n}", (16, 24, 32, 48)), kernel=Choice(f"k{n}", range(1, 6))))
        if n % 3 == 0:
            layers.append(MaxPool(3, stride=2))
    return Space("paper-large", ATARI_INPUT, [*layers, Resize(12, 12, channels=48), Flatten(), Linear(256)])


def impala_cnn() -> Space:
    """The residual network of Espeholt et al. (2018), without its LSTM: 1,089,232 parameters without heads."""
    layers: list[Layer] = []
    for channels in IMPALA_CHANNELS:
        layers += [Conv(channels, kernel=3, activation="none"), MaxPool(3, stride=2)]
        branch = [Activation(), Conv(channels, kernel=3), Conv(channels, kernel=3, activation="none")]
        layers.append(Repeat([Residual(branch)], times=2))
    return Space("impala-cnn", ATARI_INPUT, [*layers, Activation(), Readout(256)])


def impala_modern() -> Space:
    """72 architectures for pixels around IMPALA's: depth and width, readout, activation and norm."""
    act, norm = Activation(Choice("act", ("relu", "tanh", "silu"))), Norm(Choice("norm", ("none", "layer")))
    blocks, readout = Choice("blocks", (1, 2)), Choice("readout", ("flatten", "mean", "max"))

    def network(width: int) -> list[Layer]:
        layers: list[Layer] = []
        for channels in IMPALA_CHANNELS:
            conv = Conv(width * channels, kernel=3, activation="none")
            layers += [conv, MaxPool(3, stride=2), Repeat([Residual([norm, act, conv, act, conv])], times=blocks)]
        return [*layers, act, Readout(256, readout, activation="none"), norm, act]

    # One choice multiplies the channels of all stages, which differ.
    return Space("impala-modern", ATARI_INPUT, [Switch("width", {f"x{n}": network(n) for n in (1, 2)})])


def minatar_cnn() -> Space:
    """The hand-made network of MinAtar: a 3x3 convolution to 16 channels, 128 features (Young and Tian, 2019)."""
    return Space("minatar-cnn", MINATAR_INPUT, [Conv(16, kernel=3, padding="valid"), Flatten(), Linear(128)])


def minatar_1() -> Space:
    """25 architectures for MinAtar: the kernels of two stride-2 convolutions, the counterpart of paper-1."""
    kernels = range(1, 6)
    layers = [
        Conv(16, kernel=Choice("k1", kernels), stride=2),
        Conv(32, kernel=Choice("k2", kernels), stride=2),
        Flatten(),
        Linear(128),
    ]
    return Space("minatar-1", MINATAR_INPUT, layers)


def minatar_2() -> Space:
    """144 architectures for MinAtar: kernel, stride, width, readout, activation and norm."""
    act = Choice("act", ("relu", "tanh", "silu"))
    layers = [
        Conv(
            Choice("width", (8, 24)),
            kernel=Choice("kernel", (3, 5)),
            stride=Choice("stride", (1, 2)),
            activation="none",
        ),
        Activation(act),
        Resize(5, 5),
        Readout(128, Choice("readout", ("flatten", "mean", "max")), activation="none"),
        Norm(Choice("norm", ("none", "layer"))),
        Activation(act),
    ]
    return Space("minatar-2", MINATAR_INPUT, layers)


def mlp() -> Space:
    """54 architectures for vectors: depth, width, activation and norm."""
    layers = [
        Linear(Choice("width", (32, 64, 256)), activation="none", norm=Choice("norm", ("none", "layer"))),
        Activation(Choice("act", ("tanh", "relu", "silu"))),
    ]
    return Space("mlp", VECTOR_INPUT, [Repeat(layers, times=Choice("depth", (1, 2, 3)))])


def mlp_64_64() -> Space:
    """The hand-made network for vectors that RL people know: two layers of 64 with tanh."""
    return Space("mlp-64-64", VECTOR_INPUT, [Linear(64, activation="tanh"), Linear(64, activation="tanh")])


CATALOGUE: dict[str, Callable[[], Space]] = {
    "impala-cnn": impala_cnn,
    "impala-modern": impala_modern,
    "mlp": mlp,
    "mlp-64-64": mlp_64_64,
    "minatar-1": minatar_1,
    "minatar-2": minatar_2,
    "minatar-cnn": minatar_cnn,
    "nature-cnn": nature_cnn,
    "paper-1": paper_1,
    "paper-2": paper_2,
    "paper-large": paper_large,
}


def adapt(space: Space, input_shape: Shape) -> Space:
    """A space of the catalogue on the observations of an environment, if it can read them; others as they are.

    Vectors may have any length, maps any channels and sizes that all architectures can be built on; spaces for pictures
    read pictures only.
    """
    if len(space.input_shape) == 3 and min(space.input_shape[1:]) >= LARGE_MAP > min(input_shape[1:], default=0):
        return space
    if len(input_shape) != len(space.input_shape) or CATALOGUE.get(space.name, lambda: None)() != space:
        return space
    try:
        return space.with_input(input_shape)
    except ShapeError:
        return space


def in_catalogue(space: Space) -> bool:
    """Whether a space is the catalogue's space of that name, on its own input."""
    return space.name in CATALOGUE and adapt(CATALOGUE[space.name](), space.input_shape) == space


@checked_call
def load_space(space: SpaceSource, imports: calls.Modules = ()) -> Space:
    """The space that a catalogue name, the path of a TOML file, or a `Space` stands for.

    Args:
        space: one of these.
        imports: the modules that layers of the user's own come from, allowed by name, since they are code.

    Raises:
        UserError: if there is no such name or file, the file is not a space, or it takes code from a module that is not
            allowed.
    """
    import_modules(imports)
    if isinstance(space, Space):
        return space
    if str(space).endswith(".toml"):
        return load_toml(Path(space))
    if str(space) not in CATALOGUE:
        raise unknown("space", space, [*CATALOGUE, "a file that ends in .toml"])
    return CATALOGUE[str(space)]()
