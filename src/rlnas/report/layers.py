"""The layers of an architecture in words: what each is, what leaves it, what it costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields

from rlnas.report.formats import big
from rlnas.report.markup import Html, join, table, tag
from rlnas.spaces import Choice, Layer, Option, Space
from rlnas.spaces.containers import Container
from rlnas.spaces.words import shape_text, value_text


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
                found.append(Word(f"{name} {value_text(values[part.name])}", True))
            elif not _holds_layers(part) and part not in names:  # the name of its own choice says nothing
                found.append(Word(f"{name} {value_text(part)}"))
    return found + [Word(f"{name} {value_text(values[name])}", True) for name in names if name not in told]


def _parts(name: str, value: object) -> list[tuple[str, object]]:
    """A parameter as pairs of a name and a value: what holds names itself gives those."""
    pairs = tuple(value.items()) if isinstance(value, Mapping) else value
    if isinstance(pairs, list | tuple) and all(isinstance(p, tuple) and len(p) == 2 for p in pairs):
        return [(str(key), inner) for key, inner in pairs]
    return [(name, value)]


def _holds_layers(value: object) -> bool:
    return isinstance(value, Layer) or (isinstance(value, list | tuple) and all(map(_holds_layers, value)))


def container_words(layer: Container, values: Mapping[str, Option]) -> list[Word]:
    """What a layer that is made of layers says of itself: its parameters, without the choices of the layers inside."""
    inside = {choice.name for part in layer.inner for choice in part.choices}
    own = {field.name: getattr(layer, field.name) for field in fields(layer)}
    kept = {value.name for value in own.values() if isinstance(value, Choice)}
    hidden = {f"{name} {value_text(values[name])}" for name in inside - kept}
    return [word for word in words_of(layer, values) if word.text not in hidden]


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
            text = value_text(option)
            options += [", " if options else "", tag("mark", text) if option == chosen[choice.name] else text]
        return tag("li", tag("b", choice.name), " ", join(options))

    return tag("ul", *map(item, space.choices), class_="choices")


def _between(words: list[str]) -> list[str]:
    """`first, second, third`."""
    return [piece for number, word in enumerate(words) for piece in ((", ", word) if number else (word,))]
