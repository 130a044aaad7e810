"""An architecture drawn: what flows through it, layer by layer, as SVG that is part of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import log2

from rlnas.quantity import plural
from rlnas.report.layers import Word, container_words, words_of
from rlnas.report.markup import Html, tag
from rlnas.spaces import Layer, Option, Shape, Space
from rlnas.spaces.containers import Container
from rlnas.spaces.words import shape_text

WIDTH, CENTRE, TEXT = 340, 62, 130
"""Of the drawing, of the column of shapes (its middle), and where the words begin; in units of the drawing."""
LETTERS = 31
"""That fit into a line of words."""
LINE, ARROW = 16, 16
"""Height of a line of words and of an arrow."""
STEP = 5
"""Between the brackets of layers inside layers."""


@dataclass(frozen=True)
class Piece:
    """Words of one style: the class of a `<tspan>`, or none."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Row:
    """A shape, and the words beside it: what made it. Without a shape, the head of a layer that is made of layers.

    Attributes:
        shape: what leaves the layer; `None` for a head.
        pieces: the words.
        below: what stands under them.
        level: how many layers that are made of layers it is in.
        inside: of a head, how many of the rows that follow are inside.
    """

    shape: Shape | None
    pieces: tuple[Piece, ...]
    below: str = ""
    level: int = 0
    inside: int = 0


def drawing(space: Space, name: str) -> Html:
    """The architecture of an id from its observation to the heads; options that the search chose stand out.

    Layers that are made of layers, such as repetitions and residual blocks, are drawn layer by layer, in a bracket.
    """
    rows = list(_rows(space, name))
    largest = max(max(row.shape) for row in rows if row.shape)
    parts: list[Html] = []
    spans: list[tuple[float, float]] = []
    top = 2.0
    for number, row in enumerate(rows):
        before = top
        if row.shape and number:
            parts.append(_arrow(top))
            top += ARROW
        lines = [*wrap(row.pieces, LETTERS), *([[Piece(row.below, "quiet")]] if row.below else [])]
        shape = Sketch(row.shape, largest) if row.shape else None
        height = max(shape.height if shape else 0.0, LINE * len(lines))
        if shape:
            parts.append(shape.svg(CENTRE, top + (height - shape.height) / 2))
        else:
            top += 6
            parts.append(tag("path", d=f"M{CENTRE} {before + 3:.1f}V{top + height:.1f}", class_="arrow"))
        first = top + (height - LINE * len(lines)) / 2 + 12
        parts += [_line(line, first + LINE * at) for at, line in enumerate(lines)]
        top += height
        spans.append((before, top))
    for number, row in enumerate(rows):
        if row.inside:
            parts.append(_bracket(2 + STEP * row.level, spans[number][0] + 8, spans[number + row.inside][1]))
    parts += [_arrow(top), _line([Piece("policy head and value head", "strong")], top + ARROW + 12, CENTRE - 40)]
    box = f"0 0 {WIDTH} {top + ARROW + LINE + 4:g}"
    return tag("svg", *parts, viewBox=box, class_="network", role="img",
               aria_label=f"The layers of {name}, from the observation to the heads")  # fmt: skip


def _rows(space: Space, name: str) -> Iterator[Row]:
    architecture = space.architecture(name)
    values = dict(architecture)
    yield Row(space.input_shape, (Piece("observation", "strong"),), shape_text(space.input_shape))
    for layer, shape in zip(space.layers, [space.input_shape, *space.shapes(architecture)], strict=False):
        yield from _layer(layer, shape, values, 0)


def _layer(layer: Layer, shape: Shape, values: Mapping[str, Option], level: int) -> Iterator[Row]:
    if not isinstance(layer, Container):
        output, count = layer.output_shape(shape, dict(values)), layer.parameters(shape, dict(values))
        below = shape_text(output) + (f", {plural(count, 'parameter')}" if count else "")
        yield Row(output, _pieces(layer.type, words_of(layer, values)), below, level)
        return
    inside = [row for inner, own in layer.steps(shape, dict(values)) for row in _layer(inner, own, values, level + 1)]
    below = {"residual": "its input is added to its output"}.get(layer.type, "") if inside else "does nothing"
    yield Row(None, _pieces(layer.type, container_words(layer, values)), below, level, len(inside))
    yield from inside


def _pieces(kind: str, words: Sequence[Word]) -> tuple[Piece, ...]:
    return (Piece(kind, "strong"), *(Piece(word.text, "chosen" if word.chosen else "") for word in words))


def _bracket(x: float, top: float, bottom: float) -> Html:
    return tag("path", d=f"M{x + 4:g} {top:.1f}H{x:g}V{bottom:.1f}H{x + 4:g}", class_="bracket")


def wrap(pieces: Sequence[Piece], letters: int) -> list[list[Piece]]:
    """Breaks pieces into lines, between pieces where that is enough; after each but the first and last is a comma.

    >>> [[piece.text for piece in line] for line in wrap([Piece("conv"), Piece("channels 16"), Piece("kernel 3")], 17)]
    [['conv ', 'channels 16, '], ['kernel 3']]
    """
    lines: list[list[Piece]] = [[]]
    room = letters
    for number, piece in enumerate(pieces):
        last = number == len(pieces) - 1
        text = piece.text + ("" if last else " " if number == 0 else ", ")
        if lines[-1] and len(text.rstrip()) > room:
            lines.append([])
            room = letters
        while len(text.rstrip()) > room:
            cut = text.rfind(" ", 1, room + 1) + 1 or room
            lines[-1].append(Piece(text[:cut], piece.style))
            lines.append([])
            text, room = text[cut:], letters
        lines[-1].append(Piece(text, piece.style))
        room -= len(text)
    return lines


@dataclass(frozen=True)
class Sketch:
    """A shape as a picture: a map as a box as wide, high and deep as it, a vector as a bar; all on a log scale.

    Args:
        shape: the shape.
        largest: the largest side of any shape in the drawing.
    """

    shape: Shape
    largest: int

    def _scaled(self, side: int, low: float, high: float) -> float:
        return round(low + (high - low) * log2(1 + side) / log2(1 + self.largest), 1)

    @property
    def _box(self) -> tuple[float, float, float]:
        """Width, height and depth of the picture."""
        if len(self.shape) != 3:
            return self._scaled(max(self.shape), 10, 108), 10.0, 0.0
        channels, height, width = self.shape
        return self._scaled(width, 8, 60), self._scaled(height, 6, 42), self._scaled(channels, 2, 26)

    @property
    def height(self) -> float:
        """Height of the picture, its depth included."""
        _, height, depth = self._box
        return height + depth / 2

    def svg(self, centre: float, top: float) -> Html:
        """The picture."""
        width, height, depth = self._box
        left, right = centre - (width + depth) / 2, centre + (width - depth) / 2
        front, bottom, lift = top + depth / 2, top + depth / 2 + height, depth / 2
        found = [tag("rect", x=f"{left:.1f}", y=f"{front:.1f}", width=f"{width:g}", height=f"{height:g}")]
        if depth:
            roof = [(left, front), (left + depth, front - lift), (right + depth, front - lift), (right, front)]
            side = [(right, front), (right + depth, front - lift), (right + depth, bottom - lift), (right, bottom)]
            for corners in (roof, side):
                found.append(tag("polygon", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)))
        return tag("g", *found, class_="shape")


def _arrow(top: float) -> Html:
    end = top + ARROW - 3
    path = f"M{CENTRE} {top + 3:.1f}V{end:.1f}m-3.5-4l3.5 4l3.5-4"
    return tag("path", d=path, class_="arrow")


def _line(pieces: Sequence[Piece], y: float, x: float = TEXT) -> Html:
    # Not `text`: it would put <wbr> into long words, which SVG does not know.
    words = [tag("tspan", Html(escape(piece.text)), **({"class_": piece.style} if piece.style else {}))
             for piece in pieces]  # fmt: skip
    return tag("text", *words, x=f"{x:g}", y=f"{y:.1f}")
