"""A drawing of an architecture, layer by layer, as SVG that is part of a page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from markupsafe import Markup, escape

from rlnas.quantity import plural
from rlnas.spaces import Layer, Option, Shape, Space
from rlnas.spaces.containers import Container
from rlnas.spaces.words import Word, shape_text, words_of

WIDTH, CENTRE, TEXT = 340, 62, 130  # of the drawing; the middle of the column of shapes; where the words begin
LETTERS = 31  # that fit into a line of words
LINE, ARROW = 16, 16  # height of a line of words and of an arrow
STEP = 5  # between the brackets of layers inside layers


@dataclass(frozen=True)
class Piece:
    """Words of one style: a class of `page.css`, or none."""

    text: str
    style: str = ""


@dataclass(frozen=True)
class Row:
    """A shape, and the words on the layer before it."""

    shape: Shape | None  # what leaves the layer; `None` for the head of a layer that is made of layers
    pieces: tuple[Piece, ...]  # the words
    below: str = ""  # words below them
    level: int = 0  # how many layers the layer is in
    inside: int = 0  # of a head, how many of the next rows are inside


def drawing(space: Space, name: str) -> Markup:
    """The architecture of an id from its observation to the heads; layers that are made of layers have a bracket."""
    rows = list(_rows(space, name))
    largest = max(max(row.shape) for row in rows if row.shape)
    parts: list[str] = []
    spans: list[tuple[float, float]] = []
    top = 2.0
    for number, row in enumerate(rows):
        before = top
        if row.shape and number:
            parts.append(_arrow(top))
            top += ARROW
        lines = [*wrap(row.pieces, LETTERS), *([[Piece(row.below, "quiet")]] if row.below else [])]
        box = _box(row.shape, largest) if row.shape else (0.0, 0.0, 0.0)
        picture = box[1] + box[2] / 2
        height = max(picture, LINE * len(lines))
        if row.shape:
            parts.append(_solid(box, top + (height - picture) / 2))
        else:
            top += 6
            parts.append(_path(f"M{CENTRE} {before + 3:.1f}V{top + height:.1f}", "arrow"))
        first = top + (height - LINE * len(lines)) / 2 + 12
        parts += [_line(line, first + LINE * at) for at, line in enumerate(lines)]
        top += height
        spans.append((before, top))
    for number, row in enumerate(rows):
        if row.inside:
            x, start, end = 2 + STEP * row.level, spans[number][0] + 8, spans[number + row.inside][1]
            parts.append(_path(f"M{x + 4:g} {start:.1f}H{x:g}V{end:.1f}H{x + 4:g}", "bracket"))
    parts += [_arrow(top), _line([Piece("policy head and value head", "strong")], top + ARROW + 12, CENTRE - 40)]
    head = Markup('<svg viewBox="0 0 {} {:g}" class="network" role="img" aria-label="The layers of {}, from the '
                  'observation to the heads">')  # fmt: skip
    return head.format(WIDTH, top + ARROW + LINE + 4, name) + Markup("".join(parts)) + Markup("</svg>")


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
    yield Row(None, _pieces(layer.type, words_of(layer, values)), below, level, len(inside))
    yield from inside


def _pieces(kind: str, words: Sequence[Word]) -> tuple[Piece, ...]:
    return (Piece(kind, "strong"), *(Piece(word.text, "chosen" if word.chosen else "") for word in words))


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


def _box(shape: Shape, largest: int) -> tuple[float, float, float]:
    """Width, height and depth of a shape's picture: a box for a map, a bar for a vector, on a log scale."""

    def scaled(side: int, low: float, high: float) -> float:
        return round(low + (high - low) * log2(1 + side) / log2(1 + largest), 1)

    if len(shape) != 3:
        return scaled(max(shape), 10, 108), 10.0, 0.0
    channels, height, width = shape
    return scaled(width, 8, 60), scaled(height, 6, 42), scaled(channels, 2, 26)


def _solid(box: tuple[float, float, float], top: float) -> str:
    """The picture of a shape."""
    width, height, depth = box
    left, right = CENTRE - (width + depth) / 2, CENTRE + (width - depth) / 2
    front, bottom, lift = top + depth / 2, top + depth / 2 + height, depth / 2
    found = f'<rect x="{left:.1f}" y="{front:.1f}" width="{width:g}" height="{height:g}"/>'
    if depth:
        roof = [(left, front), (left + depth, front - lift), (right + depth, front - lift), (right, front)]
        side = [(right, front), (right + depth, front - lift), (right + depth, bottom - lift), (right, bottom)]
        for corners in (roof, side):
            found += f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in corners)}"/>'
    return f'<g class="shape">{found}</g>'


def _arrow(top: float) -> str:
    return _path(f"M{CENTRE} {top + 3:.1f}V{top + ARROW - 3:.1f}m-3.5-4l3.5 4l3.5-4", "arrow")


def _path(points: str, style: str) -> str:
    return f'<path d="{points}" class="{style}"/>'


def _line(pieces: Sequence[Piece], y: float, x: float = TEXT) -> str:
    styled = ((f' class="{piece.style}"' if piece.style else "", escape(piece.text)) for piece in pieces)
    return f'<text x="{x:g}" y="{y:.1f}">{"".join(f"<tspan{style}>{text}</tspan>" for style, text in styled)}</text>'
