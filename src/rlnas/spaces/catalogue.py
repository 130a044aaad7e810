"""The spaces that come with rlnas."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator

from rlnas import kinds
from rlnas.errors import unknown
from rlnas.kinds import Form, Refusal, check_place, checked_call, several
from rlnas.spaces.choice import Choice
from rlnas.spaces.containers import Repeat, Residual, Switch
from rlnas.spaces.layers import Activation, Conv, Flatten, Layer, Linear, MaxPool, Norm, Readout, Resize, ShapeError
from rlnas.spaces.space import Space
from rlnas.spaces.toml import load_toml
from rlnas.user_imports import import_modules


def _source(value: object) -> Path | Space:
    try:
        return value if isinstance(value, Space) else check_place(value)
    except Refusal:
        raise Refusal("a name of the catalogue, a TOML file, or a Space") from None


SpaceSource = Annotated[str | Path | Space, PlainValidator(_source), Form("SPACE")]
SpaceSources = Annotated[
    str | Path | Space | Sequence[str | Path | Space],
    several(_source, "names of the catalogue, TOML files, or Spaces", one=(str, Path, Space)),
    Form("SPACE", many=True),
]

ATARI_INPUT = (4, 84, 84)
MINATAR_INPUT = (4, 10, 10)
"""Of Breakout and Asterix; `adapt` gives the spaces of other games their channels."""
VECTOR_INPUT = (4,)
"""Of CartPole; `adapt` does the same."""
IMPALA_CHANNELS = (16, 32, 32)
"""Of the three stages (Espeholt et al., 2018)."""
LARGE_MAP = 36
"""Shorter side from which a map is a picture: the smallest that Nature-CNN can read."""


def nature_cnn() -> Space:
    """The network of Mnih et al. (2015) that RL people know: 1,684,128 parameters without heads."""
    convs = [Conv(64, kernel=4, stride=2, padding="valid"), Conv(64, kernel=3, stride=1, padding="valid")]
    return Space("nature-cnn", ATARI_INPUT, [_first(), *convs, Flatten(), Linear(512)])


def _first() -> Conv:
    """The first convolution of Nature-CNN, and of the paper's spaces."""
    return Conv(32, kernel=8, stride=4, padding="valid")


def paper_1() -> Space:
    """25 architectures: the kernels of two convolutions (paper, 5.2 and table 2)."""
    k2, k3 = (Choice(name, range(1, 6)) for name in ("k2", "k3"))
    searched = [Conv(64, kernel=k2, stride=2), Conv(64, kernel=k3, stride=1)]
    return Space("paper-1", ATARI_INPUT, [_first(), *searched, Resize(11, 11), Flatten(), Linear(512)])


def paper_2() -> Space:
    """32 architectures: kernels of 2 or 5 in five convolutions (paper, 5.2 and table 2)."""
    searched = [Conv(64, kernel=Choice(f"k{n}", (2, 5)), stride=1) for n in range(2, 7)]
    return Space("paper-2", ATARI_INPUT, [_first(), *searched, Resize(11, 11), Flatten(), Linear(512)])


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
    k1, k2 = (Choice(name, range(1, 6)) for name in ("k1", "k2"))
    searched = [Conv(16, kernel=k1, stride=2), Conv(32, kernel=k2, stride=2)]
    return Space("minatar-1", MINATAR_INPUT, [*searched, Flatten(), Linear(128)])


def minatar_2() -> Space:
    """144 architectures for MinAtar: kernel, stride, width, readout, activation and norm."""
    width, kernel, stride = Choice("width", (8, 24)), Choice("kernel", (3, 5)), Choice("stride", (1, 2))
    act = Activation(Choice("act", ("relu", "tanh", "silu")))
    readout = Readout(128, Choice("readout", ("flatten", "mean", "max")), activation="none")
    conv, norm = Conv(width, kernel, stride, activation="none"), Norm(Choice("norm", ("none", "layer")))
    return Space("minatar-2", MINATAR_INPUT, [conv, act, Resize(5, 5), readout, norm, act])


def mlp() -> Space:
    """54 architectures for vectors: depth, width, activation and norm."""
    linear = Linear(Choice("width", (32, 64, 256)), activation="none", norm=Choice("norm", ("none", "layer")))
    act = Activation(Choice("act", ("tanh", "relu", "silu")))
    return Space("mlp", VECTOR_INPUT, [Repeat([linear, act], times=Choice("depth", (1, 2, 3)))])


def mlp_64_64() -> Space:
    """The hand-made network for vectors that RL people know: two layers of 64 with tanh."""
    return Space("mlp-64-64", VECTOR_INPUT, [Linear(64, activation="tanh"), Linear(64, activation="tanh")])


_ALL: tuple[Callable[[], Space], ...] = (impala_cnn, impala_modern, mlp, mlp_64_64, minatar_1, minatar_2, minatar_cnn)
_ALL += (nature_cnn, paper_1, paper_2, paper_large)
CATALOGUE = {make.__name__.replace("_", "-"): make for make in _ALL}


def is_picture(shape: tuple[int, ...]) -> bool:
    """Whether an observation is a map for which the spaces for pictures are made."""
    return len(shape) == 3 and min(shape[1:]) >= LARGE_MAP


def adapt(space: Space, input_shape: tuple[int, ...]) -> Space:
    """A space of the catalogue on the observations of an environment, if it can read them; others as they are.

    Vectors may have any length, maps any channels and sizes that all architectures can be built on; spaces for pictures
    read pictures only.
    """
    if is_picture(space.input_shape) and not is_picture(input_shape):
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
def load_space(space: SpaceSource, imports: kinds.Modules = ()) -> Space:
    """The space that a catalogue name, the path of a TOML file, or a `Space` stands for.

    Args:
        space: one of these.
        imports: the modules that layers of the user's own come from, allowed by name, since they are code.

    Raises:
        UserError: if there is no such name or file, the file is no space, or it needs a module that is not allowed.
    """
    import_modules(imports)
    if isinstance(space, Space):
        return space
    if str(space).endswith(".toml"):
        return load_toml(Path(space))
    if str(space) not in CATALOGUE:
        raise unknown("space", space, [*CATALOGUE, "a file that ends in .toml"])
    return CATALOGUE[str(space)]()
