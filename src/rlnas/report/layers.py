"""An architecture as a table of layers: what each is, what leaves it, what it costs."""

from __future__ import annotations

from rlnas.report.formats import big
from rlnas.report.markup import Html, join, table, tag
from rlnas.spaces import Shape, Space


def layer_table(space: Space, name: str) -> Html:
    """The layers of an architecture; options that the search chose stand out."""
    architecture = space.architecture(name)
    values = dict(architecture)
    rows: list[list[str]] = [["input", _shape(space.input_shape), "", ""]]
    for layer, shape in space.layers_of(architecture):
        output = layer.output_shape(shape, values)
        costs = layer.parameters(shape, values), layer.multiply_adds(shape, values)
        words: list[str] = [tag("b", layer.type)]
        for parameter, value, chosen in layer.settings(values):
            words.append(tag("mark", f"{parameter} {value}") if chosen else f"{parameter} {value}")
        cell = tag("span", join(_between(words)), class_="layer")
        rows.append([cell, _shape(output), f"{costs[0]:,}" if costs[0] else "", big(costs[1]) if costs[1] else ""])
    whole = space.cost(architecture)
    rows.append([tag("b", "encoder"), "", f"{whole.parameters:,}", big(whole.multiply_adds)])
    return table(["layer", "output", "parameters", "multiply-adds"], rows, texts=2)


def _between(words: list[str]) -> list[str]:
    """`type first, second, third`."""
    found = words[:1]
    for number, word in enumerate(words[1:]):
        found += [", " if number else " ", word]
    return found


def _shape(shape: Shape) -> str:
    return "×".join(map(str, shape))
