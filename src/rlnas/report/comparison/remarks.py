"""What a reader should know of the searches and of the table, a sentence each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from rlnas.quantity import plural, short
from rlnas.report.comparison.contenders import Contender
from rlnas.strategies import RANDOM
from rlnas.table.searches import StoredSearch


def left_out(without: Sequence[str]) -> list[str]:
    """Which networks are not compared."""
    if not without:
        return []
    names = ", ".join(without[:5]) + (", ..." if len(without) > 5 else "")
    count = plural(len(without), "network")
    return [f"Left out, since they lack a score under one of the training seeds: {count} ({names})."]


def ranked_by_lot(contenders: Sequence[Contender]) -> list[str]:
    """Which short trainings rank architectures that no game of theirs speaks for."""
    found = []
    for one in contenders:
        unknown = sum(int(np.isnan(repeat.proxies).sum()) for repeat in one.found)
        if unknown:
            runs = sum(repeat.proxies.size for repeat in one.found)
            found.append(f"{one.label}: in {unknown} of {runs} trainings no game had ended by then; these rank last.")
    return found


def of_searches(
    kept: Mapping[str, Sequence[StoredSearch]],
    given: Sequence[StoredSearch],
    top_k: int,
    budget: int,
    seeds: Sequence[int],
) -> list[str]:
    """What is odd about the searches that are compared, by their labels, and which of those given are not."""
    found: list[str] = []
    named = [(f"{label} with seed {search.seed}", search) for label, group in kept.items() for search in group]
    left = sum(search.strategy == RANDOM for search in given)
    if left:
        found.append(f"{left} of the given searches are of random search and left out: it is run on the table instead.")
    silent = [name for name, search in named if not search.settings]
    if silent:
        names = silent[0] if len(silent) == 1 else f"{silent[0]} and {len(silent) - 1} other searches"
        say = "does not say what its" if len(silent) == 1 else "do not say what their"
        found.append(f"{names} {say} agents were trained with, so that is not checked.")
    for name, search in named:
        if len(search.ranking) < top_k:
            found.append(f"{name} ranks {len(search.ranking)} architectures only, fewer than the top {top_k}.")
        at_cut = search.ranking[top_k - 1 : top_k + 1]
        if len(at_cut) == 2 and at_cut[0][1] == at_cut[1][1]:
            tied = sum(proxy == at_cut[0][1] for _, proxy in search.ranking)
            found.append(f"{name}: {tied} architectures share the proxy at the cut, so its top {top_k} is by lot.")
        if search.train_steps not in (None, budget) and {*search.train_seeds} & {*seeds}:
            found.append(
                f"{name} ranks by trainings of {short(search.train_steps or 0)} steps with seeds of the table, so "
                "the seed that is held out had a part in what is picked from, which flatters."
            )
        found += [f"{name}: {remark}" for remark in search.remarks]
    return found
