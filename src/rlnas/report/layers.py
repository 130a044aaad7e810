"""The layers of an architecture in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace

from markupsafe import Markup, escape

from rlnas.report.formats import big
from rlnas.report.sections import Cell, Prose, Table, columns, words
from rlnas.spaces import Choice, Layer, Option, Shape, Space
from rlnas.spaces.containers import Container
from rlnas.spaces.words import shape_text, value_text


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


def layer_table(space: Space, name: str, label: str = "") -> Table:
    """The layers of an architecture; options of choices have a star, or a colour. The CSV file names it `label`."""
    architecture = space.architecture(name)
    values, whole = dict(architecture), space.cost(architecture)

    def row(layer: str, settings: Cell, shape: Shape, *costs: int | None) -> tuple[Cell, ...]:
        parameters, multiply_adds = costs
        return (
            Cell(layer, (label or name, layer)),
            settings,
            words(shape_text(shape)),
            Cell(f"{parameters:,}" if parameters else "", (parameters,)),
            Cell(big(multiply_adds) if multiply_adds else "", (multiply_adds,)),
        )

    rows = [row("input", words(""), space.input_shape, None, None)]
    for number, (layer, shape) in enumerate(space.layers_of(architecture), 1):
        costs = layer.parameters(shape, values), layer.multiply_adds(shape, values)
        settings = _settings(words_of(layer, values))
        rows.append(row(f"{number} {layer.type}", settings, layer.output_shape(shape, values), *costs))
    rows.append(row("encoder", words(""), (), whole.parameters, whole.multiply_adds))
    heads = "layer -> architecture, layer | settings | output shape | parameters | multiply-adds -> multiply_adds"
    return Table(columns(heads), tuple(rows), texts=3)


def _settings(found: list[Word]) -> Cell:
    cell = words(", ".join(word.text + ("*" if word.chosen else "") for word in found))
    html = ", ".join(f"<mark>{escape(word.text)}</mark>" if word.chosen else escape(word.text) for word in found)
    return replace(cell, html=Markup(f'<span class="layer">{html}</span>'))


def choice_list(space: Space, name: str) -> Prose:
    """Every choice with its options, the one that is taken in colour."""
    taken = space.architecture(name)
    items = []
    for choice in space.choices:
        texts = [(value_text(option), option == taken[choice.name]) for option in choice.options]
        options = ", ".join(f"<mark>{escape(text)}</mark>" if here else escape(text) for text, here in texts)
        items.append(Markup(f"<b>{escape(choice.name)}</b> {options}"))
    return Prose(items=items, style="choices")
