"""Labels of strategies: what sets their searches apart from other searches of the same strategy."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, combinations
from typing import Any

from rlnas.analysis.outcomes import StrategyOutcome
from rlnas.quantity import exact
from rlnas.spaces.words import flatten
from rlnas.table.searches import StoredSearch


def options_text(options: Mapping[str, Any]) -> str:
    """Options as labels have them.

    >>> options_text({"mode": "fast", "warm": True})
    'mode=fast, warm=true'
    """
    return ", ".join(f"{name}={_value(value)}" for name, value in options.items())


def _value(value: object) -> str:
    return json.dumps(value, sort_keys=True).strip('"')


def searches_by_label(searches: Sequence[StoredSearch], strategy: str) -> dict[str, list[StoredSearch]]:
    """The searches of a strategy; those that differ in their seed alone have one label."""
    own = [search for search in searches if search.strategy == strategy]
    found: dict[str, list[StoredSearch]] = {}
    for kind in dict.fromkeys(search.kind for search in own):
        members = sorted((search for search in own if search.kind == kind), key=lambda search: search.seed)
        found[_label(members[0], own)] = members
    return found


def _label(search: StoredSearch, others: Sequence[StoredSearch]) -> str:
    def text(one: StoredSearch, name: str) -> str:
        return _value(one.options[name]) if name in one.options else "default"

    words = []
    if len({other.steps for other in others}) > 1:
        words.append(f"{exact(search.steps)} steps")
    for name in sorted({name for other in others for name in other.options}):
        if len({text(other, name) for other in others}) > 1:
            words.append(f"{name}={text(search, name)}")
    return f"{search.strategy} ({', '.join(words)})" if words else search.strategy


def labels_side_by_side(groups: Sequence[Sequence[StrategyOutcome]]) -> list[dict[str, str]]:
    """For each of several comparisons, by the strategies' own labels, labels that hold for all comparisons.

    A label names the options that differ anywhere, and the budget where two strategies of one comparison differ in
    that alone. Strategies that this does not tell apart keep their own labels.
    """
    found: list[dict[str, str]] = []
    for group in groups:
        names = {one.label: _common_label(one, groups) for one in group}
        times = Counter(names.values())
        found.append({label: name if times[name] == 1 else label for label, name in names.items()})
    return found


def _common_label(one: StrategyOutcome, groups: Sequence[Sequence[StrategyOutcome]]) -> str:
    own = [[other for other in group if other.strategy == one.strategy] for group in groups]
    options, mine = [flatten(other.whole_options) for other in chain(*own)], flatten(one.whole_options)
    words = []
    pairs = (pair for group in own for pair in combinations(group, 2))
    if one.budget is not None and any(a.whole_options == b.whole_options and a.budget != b.budget for a, b in pairs):
        words.append(f"{exact(one.budget)} steps")
    different = [name for name in sorted({*chain(*options)}) if len({found.get(name) for found in options}) > 1]
    words += [f"{name}={mine[name]}" for name in different if name in mine]
    if words or different:
        return f"{one.strategy} ({', '.join(words)})" if words else one.strategy
    return one.label
