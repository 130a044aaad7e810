"""Numbers as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NONE = "–"


def score(value: float | None) -> str:
    """A score.

    >>> score(1.1176), score(157.93), score(12345.6), score(0.0403), score(0.0), score(None)
    ('1.12', '157.9', '12,346', '0.0403', '0.00', '–')
    """
    if value is None:
        return NONE
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}"
    if size >= 100:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 0.1 or size == 0 else f"{value:.3g}"


def spread(value: float | None, deviation: float | None) -> str:
    """A score with its standard deviation, where there is one.

    >>> spread(94.371, 6.432), spread(127.64, 16.24), spread(4.97, 0.0231), spread(1.0, None)
    ('94.37 ± 6.43', '127.6 ± 16.2', '4.97 ± 0.02', '1.00')
    """
    if value is None or deviation is None:
        return score(value)
    return f"{score(value)} ± {_as_fine_as(value, deviation)}"


def _as_fine_as(value: float, other: float) -> str:
    """A number with the decimals that `score` gives another; more, where that other is small itself."""
    size = abs(value)
    if size >= 1000:
        return f"{other:,.0f}"
    if size >= 100:
        return f"{other:.1f}"
    return f"{other:.2f}" if size >= 0.1 else score(other)


def big(value: float) -> str:
    """A count in three digits.

    >>> big(4096), big(500_000), big(10_000_000), big(999_999), big(14_000_128)
    ('4,096', '500k', '10M', '1M', '14M')
    """
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * unit and value >= 10_000:
            return f"{value / unit:.3g}{letter}"
    return f"{value:,.0f}"


def exact(value: int) -> str:
    """A budget, short but exact: what a command line takes.

    >>> exact(10_000_000), exact(1_500_000), exact(4096)
    ('10M', '1500k', '4096')
    """
    for unit, letter in ((1_000_000, "M"), (1_000, "k")):
        if value and value % unit == 0:
            return f"{value // unit}{letter}"
    return str(value)


def plural(number: int, thing: str) -> str:
    """A number of things.

    >>> plural(1, "seed"), plural(2, "seed")
    ('1 seed', '2 seeds')
    """
    return f"{number:,} {thing}" + ("" if number == 1 else "s")


def flatten(data: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as `a.b: value`.

    >>> flatten({"a": {"b": 1}, "c": [1, "x"], "d": []})
    {'a.b': '1', 'c': '1, x', 'd': 'none'}
    """
    found: dict[str, str] = {}
    for key, value in data.items():
        if isinstance(value, Mapping):
            found.update(flatten(value, f"{prefix}{key}."))
        elif isinstance(value, list | tuple):
            found[f"{prefix}{key}"] = ", ".join(map(str, value)) or "none"
        else:
            found[f"{prefix}{key}"] = str(value).lower() if isinstance(value, bool) or value is None else str(value)
    return found
