"""The layers of an architecture in words: what each is, what leaves it, what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import MISSING, dataclass, fields

from rlnas.report.formats import big
from rlnas.report.markup import Html, join, table, tag
from rlnas.spaces import Choice, Layer, Option, Shape, Space


@dataclass(frozen=True)
class Word:
    """A parameter of a layer and its value; `chosen` where the search chose it."""

    text: str
    chosen: bool = False


def words_of(layer: Layer, values: Mapping[str, Option]) -> list[Word]:
    """The parameters of a layer of any type; those at their defaults are left out.

    A layer that holds others names their types, and the options of the choices inside.

    >>> from rlnas.spaces import Choice, Conv
    >>> words_of(Conv(16, kernel=Choice("k", [3, 5])), {"k": 5})
    [Word(text='channels 16', chosen=False), Word(text='kernel 5', chosen=True)]
    """
    found: list[Word] = []
    own = set()
    for field in fields(layer):
        value = getattr(layer, field.name)
        if isinstance(value, Choice):
            own.add(value.name)
            found.append(Word(f"{field.name} {_plain(values[value.name])}", True))
        elif field.default is MISSING or value != field.default:
            found.append(Word(f"{field.name} {_plain(value)}"))
    inside = [choice.name for choice in layer.choices if choice.name not in own]
    return found + [Word(f"{name} {_plain(values[name])}", True) for name in inside if name in values]


def _plain(value: object) -> str:
    if isinstance(value, Layer):
        return value.type
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_plain(inner)}" for key, inner in value.items())
    if isinstance(value, Choice):
        return value.name
    if isinstance(value, Sequence) and not isinstance(value, str):
        return " + ".join(map(_plain, value)) or "none"
    return str(value).lower() if isinstance(value, bool) or value is None else str(value)


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
