"""Shapes, options and the layers of a space as people read them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from rlnas.spaces.choice import Choice, Option
from rlnas.spaces.containers import Container, Switch
from rlnas.spaces.layers import Layer, Shape
from rlnas.spaces.space import Space


def shape_text(shape: Shape) -> str:
    """A shape, e.g. `16×5×5`."""
    return "×".join(map(str, shape))


def value_text(value: object) -> str:
    """The value of a parameter, e.g. `true`, `64 + 32`, or `none` for nothing."""
    if isinstance(value, list | tuple):
        return " + ".join(map(value_text, value)) or "none"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def flatten(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as `a.b: value`.

    >>> flatten({"a": {"b": 1}, "c": [1, "x"], "d": []})
    {'a.b': '1', 'c': '1, x', 'd': 'none'}
    """
    found: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            found.update(flatten(value, f"{prefix}{key}."))
        elif isinstance(value, list | tuple):
            found[f"{prefix}{key}"] = ", ".join(map(str, value)) or "none"
        else:
            found[f"{prefix}{key}"] = value_text(value)
    return found


@dataclass(frozen=True)
class Line:
    """A layer of a space, or an alternative that the layers below it belong to.

    The settings have choices with their options; parameters at their defaults, but for kinds, are left out. Layers
    inside others have no output; `depth` is the number of these others.
    """

    layer: str
    settings: str
    output: str = ""
    depth: int = 0


def layers_in_words(space: Space) -> list[Line]:
    """All layers of a space, and below each those inside it; shapes are those of the first architecture."""
    shapes = map(shape_text, space.shapes(next(iter(space))))
    return [line for layer, shape in zip(space.layers, shapes, strict=True) for line in _lines(layer, shape)]


def _lines(layer: Layer, output: str = "", depth: int = 0) -> Iterator[Line]:
    kinds_first = sorted(_parameters(layer), key=lambda pair: pair[0] != "kind")
    yield Line(layer.type, ", ".join(_setting(name, value) for name, value in kinds_first), output, depth)
    if isinstance(layer, Switch):
        for name, layers in layer.alternatives.items():
            yield Line(f"{name}:", "" if layers else "nothing", depth=depth + 1)
            for inner in layers:
                yield from _lines(inner, depth=depth + 2)
    elif isinstance(layer, Container):
        for inner in layer.inner:
            yield from _lines(inner, depth=depth + 1)


def _parameters(layer: Layer) -> list[tuple[str, object]]:
    """The parameters of a layer, but for layers inside and for those at their defaults that are no kinds."""
    if isinstance(layer, Switch):
        return [(layer.choice, layer.shape_choices[0])]
    found: list[tuple[str, object]] = []
    for field in fields(layer):
        value = getattr(layer, field.name)
        # Without its kind, an activation would say nothing.
        if not _holds_layers(value) and (field.name == "kind" or value != field.default):
            pairs = tuple(value.items()) if isinstance(value, Mapping) else value
            named = isinstance(pairs, tuple) and all(isinstance(pair, tuple) and len(pair) == 2 for pair in pairs)
            found += pairs if named else [(field.name, value)]
    own = () if isinstance(layer, Container) else layer.choices
    return found + [(choice.name, choice) for choice in own if choice not in [value for _, value in found]]


def _holds_layers(value: object) -> bool:
    return isinstance(value, Layer) or (isinstance(value, list | tuple) and all(map(_holds_layers, value)))


def _setting(name: str, value: object) -> str:
    """A parameter; a choice with its options, which is named once where it is called as the parameter."""
    if not isinstance(value, Choice):
        return f"{name} {value_text(value)}"
    text = f"{value.name} in {{{', '.join(map(value_text, value.options))}}}"
    return text if name == value.name else f"{name} {text}"


@dataclass(frozen=True)
class Word:
    """A parameter of a layer and its value; `chosen` where it is an option of a choice."""

    text: str
    chosen: bool = False


def words_of(layer: Layer, values: Mapping[str, Option]) -> list[Word]:
    """The parameters of a layer, without those of layers inside.

    >>> from rlnas.spaces import Choice, Conv
    >>> words_of(Conv(16, kernel=Choice("k", [3, 5])), {"k": 5})
    [Word(text='channels 16', chosen=False), Word(text='kernel 5', chosen=True)]
    """
    found = []
    for name, value in _parameters(layer):
        text = value_text(values[value.name] if isinstance(value, Choice) else value)
        found.append(Word(f"{name} {text}", isinstance(value, Choice)))
    return found
