"""HTML, built so that nothing can be left unescaped: what is not `Html` is text."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

LONG = 60
"""Letters from which on a name needs a wide column."""
_LONG = re.compile(r"[^\s<>]{28,}")


class Html(str):
    """A string that is HTML already."""


def text(words: str) -> Html:
    """Escaped text. Long architecture ids may break after a comma.

    >>> text("a < b"), text("k2=4,k3=3")
    ('a &lt; b', 'k2=4,k3=3')
    """
    return Html(_LONG.sub(lambda found: found[0].replace(",", ",<wbr>"), escape(words)))


def join(content: Iterable[str]) -> Html:
    """Puts pieces one after another; what is not `Html` is text."""
    return Html("".join(piece if isinstance(piece, Html) else text(piece) for piece in content))


def tag(name: str, *content: str, **attributes: str) -> Html:
    """An element.

    >>> tag("p", "a < b", tag("b", "c"), class_="x")
    '<p class="x">a &lt; b<b>c</b></p>'
    """
    written = "".join(f' {key.rstrip("_").replace("_", "-")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{written}>{join(content)}</{name}>")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], texts: int = 1, marked: Sequence[int] = ()) -> Html:
    """A table that scrolls sideways where the screen is narrow.

    Args:
        head: names of the columns.
        rows: the cells.
        texts: the first columns, which hold text; the others hold numbers.
        marked: the rows that stand out.
    """

    def row(cells: Sequence[str], name: str, classes: str = "") -> Html:
        found = [
            tag("th", c, scope="row", class_="long" if len(c) > LONG else "")
            if name == "td" and not i
            else tag(name, c, class_="" if i < texts else "n")
            for i, c in enumerate(cells)
        ]
        return tag("tr", *found, class_=classes)

    body = [row(cells, "td", "best" if number in marked else "") for number, cells in enumerate(rows)]
    whole = tag("table", tag("thead", row(head, "th")), tag("tbody", *body))
    return tag("div", Html(whole.replace(' class=""', "")), class_="scroll", tabindex="0")


def details(summary: str, *content: str, open_: bool = False) -> Html:
    """A part that can be folded away, and is at first unless `open_`."""
    return tag("details", tag("summary", summary), *content, **({"open": "open"} if open_ else {}))
