"""Numbers as people read them."""

from collections.abc import Callable, Sequence

from rlnas.stats.estimates import Estimate

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
    return f"{score(value)} ± {as_fine_as(value, deviation)}"


def as_fine_as(value: float, other: float) -> str:
    """A number with the decimals that `score` gives another; more, where that other is small itself.

    >>> as_fine_as(184.0, 99.7), as_fine_as(0.05, 0.123456)
    ('99.7', '0.12')
    """
    size = abs(value)
    if size >= 1000:
        return f"{other:,.0f}"
    if size >= 100:
        return f"{other:.1f}"
    return f"{other:.2f}" if size >= 0.1 else score(other)


def alike(values: Sequence[float | None]) -> list[str]:
    """Scores for one column: all with the decimals of the largest.

    >>> alike([184.0, 99.7, None]), alike([0.0, 0.04])
    (['184.0', '99.7', '–'], ['0.00', '0.04'])
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return [NONE if value is None else as_fine_as(largest, value) for value in values]


def gain(value: float, of: float) -> str:
    """A difference of scores, as fine as the score that it belongs to, with its sign.

    >>> gain(69.204, 179.4), gain(-0.046, 4.67), gain(0.0, 4.67), gain(0.0004, 4.67)
    ('+69.2', '−0.05', '0.00', '+0.0004')
    """
    text = as_fine_as(of, abs(value))
    if value and not float(text.replace(",", "")):
        text = score(abs(value))
    return ("+" if value > 0 else "−" if value < 0 else "") + text


def estimate(found: Estimate | None, of: float | None = None) -> str:
    """A number with its interval: as fine as a score, or with two decimals.

    >>> estimate(Estimate(0.94, 0.5, 1.0)), estimate(Estimate(179.4, 171.85, 184.0), 179.4), estimate(None)
    ('0.94 [0.50, 1.00]', '179.4 [171.8, 184.0]', '–')
    """
    return _bracketed(found, lambda value: f"{value:.2f}" if of is None else as_fine_as(of, value))


def difference(found: Estimate | None, of: float | None = None) -> str:
    """A difference of scores with its interval, as fine as the score `of` or as its largest number.

    >>> difference(Estimate(1.5, -0.5, 3.5), 7.0), difference(Estimate(12.345)), difference(Estimate(None))
    ('+1.50 [−0.50, +3.50]', '+12.35', '–')
    """
    ends = [] if found is None else [end for end in (found.value, found.low, found.high) if end is not None]
    scale = of if of is not None else max(map(abs, ends), default=0.0)
    return _bracketed(found, lambda value: gain(value, scale))


def _bracketed(found: Estimate | None, text: Callable[[float], str]) -> str:
    if found is None or found.value is None:
        return NONE
    ends = "" if found.low is None or found.high is None else f" [{text(found.low)}, {text(found.high)}]"
    return text(found.value) + ends


def milliseconds(value: float | None) -> str:
    """A latency.

    >>> milliseconds(0.12345), milliseconds(12.3456), milliseconds(None)
    ('0.123 ms', '12.3 ms', '–')
    """
    return NONE if value is None else f"{value:.3g} ms" if value < 1000 else f"{value:,.0f} ms"


def big(value: float) -> str:
    """A count in three digits.

    >>> big(4096), big(500_000), big(10_000_000), big(999_999), big(14_000_128)
    ('4,096', '500k', '10M', '1M', '14M')
    """
    for unit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= 0.9995 * unit and value >= 10_000:
            return f"{value / unit:.3g}{letter}"
    return f"{value:,.0f}"
