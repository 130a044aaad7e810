"""What strategies are called: by what sets their searches apart from others of the same strategy."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import chain, combinations
from typing import Any

from rlnas.report.comparison.contenders import Contender
from rlnas.report.formats import exact, flatten
from rlnas.table.searches import StoredSearch


def option_words(options: Mapping[str, Any]) -> str:
    """Options as labels have them.

    >>> option_words({"mode": "fast", "warm": True})
    'mode=fast, warm=true'
    """
    return ", ".join(f"{name}={_spelled(value)}" for name, value in options.items())


def _spelled(value: object) -> str:
    return json.dumps(value, sort_keys=True).strip('"')


def grouped(searches: Sequence[StoredSearch], strategy: str) -> dict[str, list[StoredSearch]]:
    """The searches of a strategy: those that differ in their seed alone, under one label each."""
    own = [search for search in searches if search.strategy == strategy]
    found: dict[str, list[StoredSearch]] = {}
    for kind in dict.fromkeys(search.kind for search in own):
        members = sorted((search for search in own if search.kind == kind), key=lambda search: search.seed)
        found[_label(members[0], own)] = members
    return found


def _label(search: StoredSearch, others: Sequence[StoredSearch]) -> str:
    """The strategy, and what sets the search apart from others of the same strategy."""

    def spelled(one: StoredSearch, name: str) -> str:
        return _spelled(one.options[name]) if name in one.options else "default"

    words = []
    if len({other.steps for other in others}) > 1:
        words.append(f"{exact(search.steps)} steps")
    for name in sorted({name for other in others for name in other.options}):
        if len({spelled(other, name) for other in others}) > 1:
            words.append(f"{name}={spelled(search, name)}")
    return f"{search.strategy} ({', '.join(words)})" if words else search.strategy


def names_in_common(groups: Sequence[Sequence[Contender]]) -> list[dict[str, str]]:
    """What the strategies of several comparisons are called side by side, for each by their labels.

    A strategy is named with the options that differ anywhere, and with its budget where two of one comparison differ in
    that alone. What could not be told apart so keeps its label.
    """
    found: list[dict[str, str]] = []
    for group in groups:
        names = {one.label: _name(one, groups) for one in group}
        times = Counter(names.values())
        found.append({label: name if times[name] == 1 else label for label, name in names.items()})
    return found


def _name(one: Contender, groups: Sequence[Sequence[Contender]]) -> str:
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
