"""The layers of a space and of an architecture in words: what each is, what leaves it, what it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from rlnas.report.formats import big
from rlnas.report.markup import Html, join, table, tag
from rlnas.spaces import Choice, Layer, Option, Shape, Space
from rlnas.spaces.containers import Container


@dataclass(frozen=True)
class Word:
    """A parameter of a layer and its value; `chosen` where the search chose it."""

    text: str
    chosen: bool = False


def words_of(layer: Layer, values: Mapping[str, Option]) -> list[Word]:
    """The parameters of a layer of any type; those at their defaults, but for kinds, and layers inside are left out.

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
        for name, part in _parts(field.name, value):
            if isinstance(part, Choice):
                told.add(part.name)
                found.append(Word(f"{name} {_plain(values[part.name])}", True))
            elif not _holds_layers(part) and part not in names:  # the name of its own choice says nothing
                found.append(Word(f"{name} {_plain(part)}"))
    return found + [Word(f"{name} {_plain(values[name])}", True) for name in names if name not in told]


def _parts(name: str, value: object) -> list[tuple[str, object]]:
    """A parameter as pairs of a name and a value: what holds names itself gives those."""
    pairs = tuple(value.items()) if isinstance(value, Mapping) else value
    if isinstance(pairs, list | tuple) and all(isinstance(p, tuple) and len(p) == 2 for p in pairs):
        return [(str(key), inner) for key, inner in pairs]
    return [(name, value)]


def _holds_layers(value: object) -> bool:
    return isinstance(value, Layer) or (isinstance(value, list | tuple) and all(map(_holds_layers, value)))


def _plain(value: object) -> str:
    if isinstance(value, list | tuple):
        return " + ".join(map(_plain, value)) or "none"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


def container_words(layer: Container, values: Mapping[str, Option]) -> list[Word]:
    """What a layer that is made of layers says of itself: its parameters, without the choices of the layers inside."""
    inside = {choice.name for part in layer.inner for choice in part.choices}
    own = {field.name: getattr(layer, field.name) for field in fields(layer)}
    kept = {value.name for value in own.values() if isinstance(value, Choice)}
    hidden = {f"{name} {_plain(values[name])}" for name in inside - kept}
    return [word for word in words_of(layer, values) if word.text not in hidden]


@dataclass(frozen=True)
class Line:
    """A layer of a space.

    Attributes:
        layer: its type, or the name of the alternative that the layers below it belong to.
        settings: its parameters, choices with their options.
        output: the shape that leaves it; empty for layers inside others.
        depth: inside how many others it is.
    """

    layer: str
    settings: str
    output: str = ""
    depth: int = 0


def layers_in_words(space: Space) -> list[Line]:
    """All layers of a space, and below each those inside it; shapes are those of the first architecture.

    >>> from rlnas.spaces import Choice, Conv, Space
    >>> layers_in_words(Space("one", (4, 10, 10), [Conv(16, kernel=Choice("k", [3, 5]))]))
    [Line(layer='conv', settings='channels=16, kernel=k in {3, 5}', output='16×10×10', depth=0)]
    """
    plain: Any = space.to_dict()["layers"]
    shapes = map(shape_text, space.shapes(next(iter(space))))
    return [line for layer, shape in zip(plain, shapes, strict=True) for line in _lines(layer, shape)]


def _lines(plain: Mapping[str, Any], output: str = "", depth: int = 0) -> Iterator[Line]:
    """A layer as plain data, and the layers inside it."""
    own = {key: value for key, value in plain.items() if key not in ("type", "layers")}
    alternatives = own.pop("options", []) if plain["type"] == "switch" else []
    if alternatives:
        own["choice"] = {"choice": own["choice"], "options": [item["name"] for item in alternatives]}
    yield Line(plain["type"], ", ".join(f"{key}={_spelled(value)}" for key, value in own.items()), output, depth)
    for layer in plain.get("layers", []):
        yield from _lines(layer, depth=depth + 1)
    for item in alternatives:
        yield Line(f"{item['name']}:", "" if "layers" in item else "nothing", depth=depth + 1)
        for layer in item.get("layers", []):
            yield from _lines(layer, depth=depth + 2)


def _spelled(value: Any) -> str:
    """A parameter as plain data; a choice by its name and its options."""
    if not isinstance(value, dict):
        return str(value)
    if set(value) == {"choice", "options"}:
        return f"{value['choice']} in {{{', '.join(map(str, value['options']))}}}"
    return "(" + ", ".join(f"{key}={_spelled(item)}" for key, item in value.items()) + ")"


def layer_table(space: Space, name: str) -> Html:
    """The layers of an architecture; options that the search chose stand out."""
    architecture = space.architecture(name)
    values = dict(architecture)
    rows: list[list[str]] = [["input", shape_text(space.input_shape), "", ""]]
    for layer, shape in space.layers_of(architecture):
        output = layer.output_shape(shape, values)
        costs = layer.parameters(shape, values), layer.multiply_adds(shape, values)
        words = [tag("mark", word.text) if word.chosen else word.text for word in words_of(layer, values)]
        cell = tag("span", tag("b", layer.type), " " if words else "", join(_between(words)), class_="layer")
        rows.append([cell, shape_text(output), f"{costs[0]:,}" if costs[0] else "", big(costs[1]) if costs[1] else ""])
    whole = space.cost(architecture)
    rows.append([tag("b", "encoder"), "", f"{whole.parameters:,}", big(whole.multiply_adds)])
    return table(["layer", "output", "parameters", "multiply-adds"], rows, texts=2)


def choice_list(space: Space, name: str) -> Html:
    """What the search chose, and from what."""
    chosen = space.architecture(name)

    def item(choice: Choice) -> Html:
        options: list[str] = []
        for option in choice.options:
            text = _plain(option)
            options += [", " if options else "", tag("mark", text) if option == chosen[choice.name] else text]
        return tag("li", tag("b", choice.name), " ", join(options))

    return tag("ul", *map(item, space.choices), class_="choices")


def _between(words: list[str]) -> list[str]:
    """`first, second, third`."""
    return [piece for number, word in enumerate(words) for piece in ((", ", word) if number else (word,))]


def shape_text(shape: Shape) -> str:
    """A shape as people write it.

    >>> shape_text((16, 5, 5))
    '16×5×5'
    """
    return "×".join(map(str, shape))
