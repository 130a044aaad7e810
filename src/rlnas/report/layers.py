"""The layers of an architecture in words and numbers."""

from dataclasses import replace

from markupsafe import Markup, escape

from rlnas.report.formats import big
from rlnas.report.sections import Cell, Prose, Table, columns, words
from rlnas.spaces import Shape, Space
from rlnas.spaces.words import Word, shape_text, value_text, words_of


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
