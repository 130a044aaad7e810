"""Numbers as people write them: 10M, 500k, 1e6, 2 seeds."""

import re
from decimal import Decimal
from numbers import Real

from rlnas.errors import UserError, shown

LARGEST_QUANTITY = 10**15
_FACTORS = {"": 1, "k": 10**3, "m": 10**6, "g": 10**9, "b": 10**9}
_QUANTITY = re.compile(r"([+-]?\d+(?:_\d+)*(?:\.\d+)?(?:e\d{1,3})?)([kmgb]?)", re.IGNORECASE)


def parse_steps(text: str | int, name: str = "steps") -> int:
    """Reads a number of environment steps; raises a `UserError`, which calls it `name`, if it is none.

    >>> parse_steps("1.5M"), parse_steps("500k"), parse_steps("1e6"), parse_steps(1e6)
    (1500000, 500000, 1000000, 1000000)
    """
    if isinstance(text, str):
        found = _QUANTITY.fullmatch(text.strip())
        value = Decimal(found[1].replace("_", "")) * _FACTORS[found[2].lower()] if found else Decimal(0)
    else:
        number = isinstance(text, Real) and not isinstance(text, bool) and 1 <= text <= LARGEST_QUANTITY
        value = Decimal(float(text) if number else 0)
    if not 1 <= value <= LARGEST_QUANTITY or value != int(value):
        raise UserError(f"{name} must be a whole number from 1 to 1e15, such as 10M, 500k or 1e6, not {shown(text)}.")
    return int(value)


def short(number: int) -> str:
    """Writes a number as people do.

    >>> short(10_000_000), short(1_500), short(102_400), short(999_999), short(12)
    ('10M', '1.5k', '102.4k', '1M', '12')
    """
    for factor, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if float(f"{number / factor:.4g}") >= 1:
            return f"{number / factor:.4g}{letter}"
    return str(number)


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
