"""Shapes, options and the layers of a space as people read them."""

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from rlnas.spaces.choice import Choice, Option
from rlnas.spaces.containers import Container
from rlnas.spaces.layers import Layer, Shape
from rlnas.spaces.plain import LAYERS, layer_to_dict
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
    plain: Any = [layer_to_dict(layer, {}) for layer in space.layers]
    shapes = map(shape_text, space.shapes(next(iter(space))))
    return [line for layer, shape in zip(plain, shapes, strict=True) for line in _lines(layer, shape)]


def _lines(plain: Mapping[str, Any], output: str = "", depth: int = 0) -> Iterator[Line]:
    """A layer as plain data, and the layers inside it."""
    # Without its kind, an activation would say nothing.
    kinds = {field.name: field.default for field in fields(LAYERS[plain["type"]]) if field.name == "kind"}
    own: dict[str, Any] = kinds | {key: value for key, value in plain.items() if key not in ("type", "layers")}
    alternatives: list[Any] = own.pop("options", []) if plain["type"] == "switch" else []
    if alternatives:
        own["choice"] = {"choice": own["choice"], "options": [item["name"] for item in alternatives]}
    yield Line(plain["type"], ", ".join(_setting(key, value) for key, value in own.items()), output, depth)
    for layer in plain.get("layers", []):
        yield from _lines(layer, depth=depth + 1)
    for item in alternatives:
        yield Line(f"{item['name']}:", "" if "layers" in item else "nothing", depth=depth + 1)
        for layer in item.get("layers", []):
            yield from _lines(layer, depth=depth + 2)


def _setting(name: str, value: Any) -> str:
    """A parameter; a choice with its options, what holds parameters itself as these."""
    if not isinstance(value, Mapping):
        return f"{name} {value_text(value)}"
    if set(value) != {"choice", "options"}:
        return ", ".join(_setting(key, inner) for key, inner in value.items())
    choice, options = value["choice"], ", ".join(map(value_text, value["options"]))
    # A choice that is called as its parameter, or that is of whole layers, is named once.
    return f"{choice} in {{{options}}}" if name in (choice, "choice") else f"{name} {choice} in {{{options}}}"


@dataclass(frozen=True)
class Word:
    """A parameter of a layer and its value; `chosen` where it is an option of a choice."""

    text: str
    chosen: bool = False


def words_of(layer: Layer, values: Mapping[str, Option]) -> list[Word]:
    """The parameters of a layer; those at their defaults, but for kinds, and layers inside are left out.

    Choices that are not parameters themselves, such as those of layers inside, follow by their own names.

    >>> from rlnas.spaces import Choice, Conv
    >>> words_of(Conv(16, kernel=Choice("k", [3, 5])), {"k": 5})
    [Word(text='channels 16', chosen=False), Word(text='kernel 5', chosen=True)]
    """
    found: list[Word] = []
    told: set[str] = set()
    names = [choice.name for choice in layer.choices]
    for field in fields(layer):
        value = getattr(layer, field.name)
        if field.default is not MISSING and value == field.default and field.name != "kind":
            continue  # but without its kind, an activation would say nothing
        for name, part in _named_values(field.name, value):
            if isinstance(part, Choice):
                told.add(part.name)
                found.append(Word(f"{name} {value_text(values[part.name])}", True))
            elif not _holds_layers(part) and part not in names:  # the name of its own choice says nothing
                found.append(Word(f"{name} {value_text(part)}"))
    return found + [Word(f"{name} {value_text(values[name])}", True) for name in names if name not in told]


def _named_values(name: str, value: object) -> list[tuple[str, object]]:
    """A parameter as pairs of a name and a value; a mapping, or pairs, give their own names."""
    pairs = tuple(value.items()) if isinstance(value, Mapping) else value
    if isinstance(pairs, list | tuple) and all(isinstance(p, tuple) and len(p) == 2 for p in pairs):
        return [(str(key), inner) for key, inner in pairs]
    return [(name, value)]


def _holds_layers(value: object) -> bool:
    return isinstance(value, Layer) or (isinstance(value, list | tuple) and all(map(_holds_layers, value)))


def container_words(layer: Container, values: Mapping[str, Option]) -> list[Word]:
    """The parameters of a layer that is made of layers, without the choices of the layers inside."""
    inside = {choice.name for part in layer.inner for choice in part.choices}
    own = {field.name: getattr(layer, field.name) for field in fields(layer)}
    kept = {value.name for value in own.values() if isinstance(value, Choice)}
    hidden = {f"{name} {value_text(values[name])}" for name in inside - kept}
    return [word for word in words_of(layer, values) if word.text not in hidden]
