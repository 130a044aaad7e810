import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import pytest

from rlnas.report.drawing import LETTERS, TEXT, WIDTH, Piece, drawing, wrap
from rlnas.report.layers import layer_table
from rlnas.spaces import (
    CATALOGUE,
    Activation,
    Choice,
    Conv,
    Flatten,
    Layer,
    Linear,
    Repeat,
    Space,
    load_space,
)
from rlnas.spaces.words import words_of

from .helpers import Page


@dataclass(frozen=True)
class Odd(Layer):
    """A layer that the report has never heard of, and that holds others."""

    type: ClassVar[str] = "odd<b>"
    inner: Sequence[Layer]
    one: Layer
    options: dict
    flag: bool = False
    gain: float | Choice = 1.0

    @property
    def choices(self):
        own = (self.gain,) if isinstance(self.gain, Choice) else ()
        return (*own, *(choice for layer in self.inner for choice in layer.choices))

    def output_shape(self, shape, values):
        return shape


def odd(**changes) -> Odd:
    inner = [Conv(4, kernel=Choice("k", [1, 3])), Flatten()]
    return Odd(**{"inner": inner, "one": Flatten(), "options": {"a": 1, "b": "x"}, **changes})


def texts(svg: str) -> list[str]:
    return [line.partition("</text>")[0] for line in svg.split("<text")[1:]]


@pytest.mark.parametrize("name", list(CATALOGUE))
def test_every_space_of_the_catalogue_is_drawn(name):
    space = load_space(name)
    for architecture in (next(iter(space)), space.architecture([len(choice) - 1 for choice in space.choices])):
        svg = drawing(space, architecture.id)
        page = Page(svg)
        # One shape for the observation, one after each layer; those that are made of layers are drawn layer by layer.
        count = len(space.layers_of(architecture)) + 1
        assert page.attributes.count(("class", "shape")) == count
        for shape in space.shapes(architecture):
            assert "×".join(map(str, shape)) in page.text
        chosen = [value for kind, value in page.attributes if (kind, value) == ("class", "chosen")]
        assert bool(chosen) == bool(space.choices)


def test_what_was_chosen_stands_out():
    space = Space("s", (4, 8, 8), [Conv(4, kernel=Choice("k", [1, 3])), Flatten(), Linear(8)])
    svg = drawing(space, "k=3")
    assert '<tspan class="chosen">kernel 3</tspan>' in svg
    assert "4×8×8, 148 parameters" in svg
    assert '<tspan class="chosen">kernel 1</tspan>' in drawing(space, "k=1")


def test_a_layer_of_an_unknown_type_is_named_with_its_parameters():
    space = Space("s", (4, 8, 8), [odd(flag=True, gain=Choice("g", [2, 3])), Flatten()])
    words = words_of(space.layers[0], {"k": 3, "g": 2})
    assert [(word.text, word.chosen) for word in words] == [
        ("a 1", False),
        ("b x", False),
        ("flag true", False),
        ("gain 2", True),
        ("k 3", True),
    ]
    page = Page(drawing(space, "g=2,k=3"))
    assert "odd<b>" in page.text
    assert "flag true" in page.text
    cells = layer_table(space, "g=2,k=3").rows[1]
    assert [cell.text for cell in cells[:2]] == ["1 odd<b>", "a 1, b x, flag true, gain 2*, k 3*"]
    assert "<mark>gain 2</mark>" in cells[1].html


def test_layers_inside_layers_are_in_brackets():
    inner = Repeat([Conv(4, kernel=Choice("k", [1, 3])), Activation("tanh")], times=Choice("depth", [1, 2]))
    space = Space("s", (4, 8, 8), [inner, Repeat([Activation("elu")], times=1), Flatten()])
    page = Page(drawing(space, "depth=2,k=3"))
    assert page.attributes.count(("class", "bracket")) == 2
    assert page.text.count("conv") == 2
    assert page.text.count("kernel 3") == 2
    # The options of layers inside stand there alone.
    heads = [line for line in texts(drawing(space, "depth=2,k=3")) if ">repeat" in line]
    assert ["k 3" in head for head in heads] == [False, False]
    assert ">times 2<" in heads[0]
    assert 'class="chosen"' in heads[0]
    assert 'class="chosen"' not in heads[1]
    # Top and bottom of a bracket hold the rows inside, and nothing of what follows.
    ends = [re.match(r"M6 ([\d.]+)H2V([\d.]+)H6", value) for name, value in page.attributes if name == "d"]
    (top, bottom), (_, end) = [map(float, found.groups()) for found in ends if found]
    heights = [float(line.split('y="')[1].split('"')[0]) for line in texts(drawing(space, "depth=2,k=3"))]
    assert sum(top < y < bottom for y in heights) == 1 + 2 * 4  # the head, and two lines for each layer
    assert end > bottom


def test_words_stay_inside_the_drawing():
    # A letter is 6.5 units wide on average in the widest of the usual fonts.
    assert TEXT + LETTERS * 6.7 <= WIDTH
    pieces = [Piece("module"), Piece("factory my.package.with.a.very.long.name:AndAnEvenLongerClass"), Piece("n 3")]
    lines = wrap(pieces, LETTERS)
    assert all(sum(len(piece.text) for piece in line) <= LETTERS + 1 for line in lines)
    whole = "".join(piece.text for line in lines for piece in line)
    assert whole == "module factory my.package.with.a.very.long.name:AndAnEvenLongerClass, n 3"
    assert all(line for line in lines)


def test_the_drawing_is_as_high_as_what_is_in_it():
    svg = drawing(load_space("nature-cnn"), "fixed")
    height = float(svg.split('viewBox="')[1].split('"')[0].split()[3])
    last = max(float(line.split('y="')[1].split('"')[0]) for line in texts(svg))
    assert 0 < height - last < 20
