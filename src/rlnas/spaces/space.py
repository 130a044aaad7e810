"""A search space: a list of layers, some of whose parameters are choices."""

from __future__ import annotations

import itertools
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeGuard

import numpy as np

from rlnas import kinds
from rlnas.errors import UserError, shown, unknown
from rlnas.kinds import Refusal, checked_call, plain, several
from rlnas.spaces.choice import FIXED_ID, Architecture, Choice, Option, spelled
from rlnas.spaces.containers import flat, walk
from rlnas.spaces.layers import Layer, Shape
from rlnas.spaces.plain import layer_from_dict, layer_to_dict
from rlnas.spaces.shapes import Tracer
from rlnas.spaces.user_module import Module


def _layer(value: object) -> Layer:
    if not isinstance(value, Layer):
        raise Refusal("a list of layers")
    return value


Sides = Annotated[Sequence[int], several(plain, "the sides of an observation", twice="keep", one=())]
Layers = Annotated[Sequence[Layer], several(_layer, "a list of layers", twice="keep", one=())]

ENUMERABLE = 100_000
"""Up to this many architectures, a space can be gone through."""


@dataclass(frozen=True)
class Cost:
    """Trainable parameters of an architecture's encoder, without heads, and its multiply-adds for one observation."""

    parameters: int
    multiply_adds: int


class Space:
    """The set of architectures that a list of layers and their choices spans.

    The shapes of every architecture are checked when the space is declared, also where there are too many to
    enumerate: only the shapes that can reach a layer are followed.

    Args:
        name: what the space is called.
        input_shape: the shape of one observation, e.g. `(4, 84, 84)`.
        layers: the layers of the encoder, from the observation to the vector that the heads read.

    Attributes:
        features: the width of the vector that the heads read; of the widest architecture.
        narrows: whether a path may lack inputs of a shared layer: behind a narrow layer, or where its map is padded.
        reached: the shape that reaches each place (the widest of several) that an architecture computes.

    Raises:
        UserError: if two different choices share a name, or a layer's parameters are not allowed.
        ShapeError: if an architecture cannot be built; the message names it and the layer.

    Example:
        >>> from rlnas.spaces import Choice, Conv, Flatten, Linear
        >>> layers = [Conv(16, kernel=Choice("k1", [3, 5]), stride=4), Flatten(), Linear(64)]
        >>> space = Space("mine", (4, 84, 84), layers)
        >>> space.size, [architecture.id for architecture in space]
        (2, ['k1=3', 'k1=5'])
    """

    limited: ClassVar[bool] = False
    """Whether some architectures that the layers span are left out, as in `LimitedSpace`."""

    @checked_call
    def __init__(self, name: kinds.Text, input_shape: Sides, layers: Layers):
        self.name = name
        self.input_shape: Shape = tuple(input_shape)
        self.layers = tuple(layers)
        if not self.layers:
            raise UserError(f"space {name!r} has no layers: give it at least one.")
        if not self.input_shape or any(not isinstance(n, int) or n < 1 for n in self.input_shape):
            given = shown(input_shape)
            raise UserError(f"space {name!r}: input shape must be whole numbers of at least 1, not {given}.")
        seen: dict[str, Choice] = {}
        for choice in (choice for layer in self.layers for choice in layer.choices):
            if seen.setdefault(choice.name, choice) != choice:
                raise UserError(f"space {name!r}: two choices are called {choice.name!r} but list different options.")
        self.choices = tuple(seen.values())
        tracer = Tracer(name, self.layers, self.choices)
        self.features = tracer.run(self.input_shape)[0]
        self.reached, self.narrows = tracer.reached, tracer.narrows
        self._names = [[choice.name for choice in layer.choices] for layer in self.layers]
        self._costs: dict[tuple[int, Shape, tuple[Option, ...]], tuple[Shape, int, int]] = {}

    @property
    def size(self) -> int:
        """The number of architectures."""
        return math.prod(len(choice) for choice in self.choices)

    @property
    def enumerable(self) -> bool:
        """Whether all that the layers span can be gone through."""
        return math.prod(len(choice) for choice in self.choices) <= ENUMERABLE

    @property
    def modules(self) -> tuple[str, ...]:
        """The names of the user's own modules that layers take code from."""
        return tuple(dict.fromkeys(layer.module for layer in flat(self.layers) if isinstance(layer, Module)))

    def __len__(self) -> int:
        """The number of architectures, as far as Python's `len` can count; `size` has no bound."""
        if self.size > sys.maxsize:
            raise UserError(f"space {self.name!r} has {self.size:,} architectures, too many for len(): use .size.")
        return self.size

    def __bool__(self) -> bool:
        return True  # which would ask for the length

    def __iter__(self) -> Iterator[Architecture]:
        for options in itertools.product(*(choice.options for choice in self.choices)):
            yield self._build(options)

    def __contains__(self, architecture: object) -> bool:
        return self._valid(architecture)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Space) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def _identity(self) -> tuple[object, ...]:
        """What makes two spaces the same."""
        return type(self), self.name, self.input_shape, self.layers

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, {self.size} architectures)"

    def _valid(self, architecture: object) -> TypeGuard[Architecture]:
        if not isinstance(architecture, Architecture) or len(architecture) != len(self.choices):
            return False
        pairs = zip(architecture.items_, self.choices, strict=True)
        return all(name == choice.name and option in choice.options for (name, option), choice in pairs)

    def _check(self, architecture: object) -> None:
        if not self._valid(architecture):
            what = f"{shown(architecture)} is no architecture of space {self.name!r}"
            raise UserError(f"{what}: Space.architecture makes one.")

    def _build(self, options: Sequence[Option]) -> Architecture:
        return Architecture(tuple(zip((choice.name for choice in self.choices), options, strict=True)))

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws an architecture uniformly."""
        return self._build([choice.options[int(rng.integers(len(choice)))] for choice in self.choices])

    def architecture(self, value: str | Mapping[str, Option] | Sequence[int]) -> Architecture:
        """The architecture that an id, a dict of options, or a list of option indices names.

        Raises:
            UserError: if it is not in the space; the message says what is allowed.
        """
        if isinstance(value, str):
            return self._from_text(value)
        if isinstance(value, Mapping):
            return self._pick(value, lambda option: option)
        found = [plain(index) for index in value] if isinstance(value, Sequence) else [None]
        indices = [index for index in found if isinstance(index, int) and not isinstance(index, bool)]
        if len(indices) < len(found):
            raise UserError(f"name an architecture by its id, its options or their indices, not by {shown(value)}.")
        if len(indices) != len(self.choices):
            raise UserError(f"space {self.name!r} has {len(self.choices)} choices, but {len(value)} indices are given.")
        for choice, index in zip(self.choices, indices, strict=True):
            if not 0 <= index < len(choice):
                raise UserError(f"index {index} of choice {choice.name!r} is outside 0..{len(choice) - 1}.")
        return self._build([choice.options[index] for choice, index in zip(self.choices, indices, strict=True)])

    def admits(self, indices: Sequence[int]) -> bool:
        """Whether a list of option indices, one for each choice, names an architecture of the space."""
        return len(indices) == len(self.choices) and all(
            0 <= index < len(choice) for choice, index in zip(self.choices, indices, strict=True)
        )

    def indices(self, architecture: Architecture) -> tuple[int, ...]:
        """The index of the architecture's option in every choice."""
        self._check(architecture)
        return tuple(choice.options.index(architecture[choice.name]) for choice in self.choices)

    def _from_text(self, text: str) -> Architecture:
        given: dict[str, str] = {}
        for part in text.split(",") if self.choices or text != FIXED_ID else ():
            name, separator, option = part.strip().partition("=")
            if not separator:
                example = self._build([choice.options[0] for choice in self.choices]).id
                what = f"{text!r} is not an architecture id of space {self.name!r}"
                raise UserError(f"{what}: it should read {example!r}.")
            if name in given:
                raise UserError(f"architecture {text!r} names {name!r} twice.")
            given[name] = option
        return self._pick(given, spelled)

    def _pick(self, given: Mapping[str, Option], form: Callable[[Option], Option]) -> Architecture:
        """The architecture of options by the names of their choices; `form` makes of an option what `given` has."""
        forms = {choice.name: [form(option) for option in choice.options] for choice in self.choices}
        for name, option in given.items():
            if name not in forms:
                raise unknown(f"choice of space {self.name!r}:", name, forms)
            if option not in forms[name]:
                raise unknown(f"option for choice {name!r} of space {self.name!r}:", option, map(str, forms[name]))
        missing = [name for name in forms if name not in given]
        if missing:
            raise UserError(f"space {self.name!r}: no option is given for {', '.join(missing)}.")
        # The space's own options, since 4.0 and True equal options too but would spell another id.
        return self._build([c.options[forms[c.name].index(given[c.name])] for c in self.choices])

    def with_input(self, input_shape: Sequence[int]) -> Space:
        """The same layers on observations of another shape; raises a `ShapeError` if they cannot be built on it."""
        return Space(self.name, input_shape, self.layers)

    def shapes(self, architecture: Architecture) -> list[Shape]:
        """The shape after every layer of the architecture."""
        steps, last = walk(self.layers, self.input_shape, dict(architecture))
        return [shape for _, shape in steps[1:]] + [last]

    def layers_of(self, architecture: Architecture) -> list[tuple[Layer, Shape]]:
        """Every layer that the architecture computes, with the shape that reaches it; containers layer by layer."""
        values = dict(architecture)
        steps, _ = walk(self.layers, self.input_shape, values)
        return [leaf for layer, shape in steps for leaf in layer.leaves(shape, values)]

    def cost(self, architecture: Architecture) -> Cost:
        """Parameters and multiply-adds of the architecture's encoder."""
        self._check(architecture)
        # What a layer costs is worked out once for each of its options and shapes.
        values, shape, parameters, multiply_adds = dict(architecture.items_), self.input_shape, 0, 0
        for number, layer in enumerate(self.layers):
            key = number, shape, tuple(values[choice] for choice in self._names[number])
            if key not in self._costs:
                found = layer.parameters(shape, values), layer.multiply_adds(shape, values)
                self._costs[key] = layer.output_shape(shape, values), *found
            shape, own, adds = self._costs[key]
            parameters += own
            multiply_adds += adds
        return Cost(parameters, multiply_adds)

    def to_dict(self) -> dict[str, object]:
        """The space as plain data: the form of TOML files and of run directories."""
        layers = [layer_to_dict(layer) for layer in self.layers]
        return {"name": self.name, "input": list(self.input_shape), "layers": layers}

    @staticmethod
    def from_dict(data: Mapping[str, object]) -> Space:
        """The inverse of `to_dict`; raises a `UserError` if a key or a value is not allowed."""
        if not isinstance(data, Mapping):
            raise UserError(f"a space must be a table of name, input and layers, not {shown(data)}.")
        extra = sorted(set(data) - {"name", "input", "layers"}, key=str)
        if extra:
            raise unknown("key of a space:", extra[0], ("name", "input", "layers"))
        for key, kind, what in (("name", str, "text"), ("input", list, "a list"), ("layers", list, "a list")):
            if not isinstance(data.get(key), kind):
                raise UserError(f"a space needs {key!r}, which must be {what}, not {data.get(key)!r}.")
        layers = [layer_from_dict(layer) for layer in data["layers"]]  # type: ignore[attr-defined]
        return Space(data["name"], data["input"], layers)  # type: ignore[arg-type]
