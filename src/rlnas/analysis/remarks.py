"""What a reader should know of the searches and of the table, a sentence each."""

from collections.abc import Mapping, Sequence

import numpy as np

from rlnas.analysis.outcomes import StrategyOutcome
from rlnas.quantity import plural, short
from rlnas.strategies import RANDOM
from rlnas.table.searches import StoredSearch


def left_out(without: Sequence[str]) -> list[str]:
    """Which networks are not compared."""
    if not without:
        return []
    names = ", ".join(without[:5]) + (", ..." if len(without) > 5 else "")
    return [f"Left out, without a score under each training seed: {plural(len(without), 'network')} ({names})."]


def missing_proxies(short_trainings: Sequence[StrategyOutcome]) -> list[str]:
    """Which short trainings finished no game."""
    found = []
    for one in short_trainings:
        missing = sum(int(np.isnan(search.proxies).sum()) for search in one.searches)
        if missing:
            runs = sum(search.proxies.size for search in one.searches)
            found.append(f"{one.label}: {missing} of {runs} trainings had finished no game by then; these rank last.")
    return found


def about_searches(
    compared: Mapping[str, Sequence[StoredSearch]],
    given: Sequence[StoredSearch],
    top_k: int,
    budget: int,
    seeds: Sequence[int],
) -> list[str]:
    """What is unusual about the searches that are compared, by their labels, and which of those given are not."""
    found: list[str] = []
    named = [(f"{label} with seed {search.seed}", search) for label, group in compared.items() for search in group]
    if left := sum(search.strategy == RANDOM for search in given):
        found.append(f"{left} of the given searches are random search and left out: random search runs on the table.")
    if silent := [name for name, search in named if not search.settings]:
        names = silent[0] if len(silent) == 1 else f"{silent[0]} and {len(silent) - 1} other searches"
        verb = "does not record its" if len(silent) == 1 else "do not record their"
        found.append(f"{names} {verb} training settings, so these settings are not checked.")
    for name, search in named:
        if len(search.ranking) < top_k:
            found.append(f"{name} ranks {len(search.ranking)} architectures only, fewer than the top {top_k}.")
        at_cut = search.ranking[top_k - 1 : top_k + 1]
        if len(at_cut) == 2 and at_cut[0][1] == at_cut[1][1]:
            tied = sum(proxy == at_cut[0][1] for _, proxy in search.ranking)
            found.append(f"{name}: {tied} architectures share the proxy at the cut, so its top {top_k} is arbitrary.")
        if search.train_steps not in (None, budget) and {*search.train_seeds} & {*seeds}:
            found.append(
                f"{name} ranks by trainings of {short(search.train_steps or 0)} steps with seeds of the table. The "
                "held-out seed therefore had a part in the ranking, so the held-out score is too high."
            )
        found += [f"{name}: {remark}" for remark in search.remarks]
    return found
