"""How far proxies, and the table itself, can be trusted."""

from __future__ import annotations

from collections.abc import Iterator
from math import sqrt

import numpy as np

from rlnas.quantity import short
from rlnas.report.comparison.compare import Comparison, View
from rlnas.report.comparison.contenders import Contender, Found
from rlnas.report.comparison.sheets import (
    Cell,
    Sheet,
    column,
    count,
    ends,
    interval,
    number,
    words,
)
from rlnas.report.comparison.tables import IN_ORDER, NAMES, slug
from rlnas.report.formats import NONE
from rlnas.stats.agreement import CORRELATIONS, Agreement


def proxies(view: View, comparison: Comparison) -> Sheet:
    """How well proxies rank, search by search, beside the seed-to-seed ceiling."""
    rows: list[tuple[Cell, ...]] = []
    marked: list[int] = []
    for contender in view.ranking:
        rows += [_proxy_row(contender.label, found) for found in contender.found]
        marked.append(len(rows))
        rows.append(_mean_row(contender, view))
    rows += list(_ceiling_rows(view))
    return Sheet(
        f"proxies-{slug(view.metric)}",
        f"Proxy against true performance, by {NAMES[view.metric]}",
        f"Rank correlations over the architectures that a search ranked (of {view.standings.truth.size}), with "
        "bootstrap 95% intervals over architectures; in the row of the mean these intervals leave out other search "
        f"seeds, and all of them the noise of the table. {_ceiling_words(view)} Best rank: the true rank of what the "
        "search returns, the best of its top K. "
        "True top K: how many of its top K are among the true best K; random search: "
        f"{view.random.average('hits'):.2f} of {comparison.conditions.top_k} on average, best rank "
        f"{view.random.average('rank'):.1f}.",
        (
            column("strategy"),
            column("seed", "search_seed"),
            column("returns", "architecture"),
            column("ranked"),
            column("Kendall", *ends("kendall")),
            column("Spearman", *ends("spearman")),
            column("best rank"),
            column("true top K", "in_true_top_k"),
            column("score"),
            column("regret"),
            column("cost in steps", "cost_steps"),
        ),
        tuple(rows),
        texts=3,
        marked=tuple(marked),
    )


def _proxy_row(label: str, found: Found) -> tuple[Cell, ...]:
    return (
        words(label),
        Cell(str(found.seed), (found.seed,)),
        words(found.architecture),
        count(int((~np.isnan(found.proxies)).sum())),
        *(interval(found.correlations[kind]) for kind in CORRELATIONS),
        count(found.rank),
        count(found.hits),
        number(found.score),
        number(found.regret),
        Cell(short(found.cost), (found.cost,)),
    )


def _mean_row(contender: Contender, view: View) -> tuple[Cell, ...]:
    ranks, hits, cost = (contender.average(name) for name in ("rank", "hits", "cost"))
    return (
        words(contender.label),
        words("mean"),
        words(""),
        Cell("", (None,)),
        *(interval(view.correlations[contender.label][kind]) for kind in CORRELATIONS),
        Cell(f"{ranks:.1f}", (ranks,)),
        Cell(f"{hits:.2f}", (hits,)),
        number(contender.mean),
        number(contender.average("regret")),
        Cell(short(round(cost)), (cost,)),
    )


def _ceiling_rows(view: View) -> Iterator[tuple[Cell, ...]]:
    """Rows of the table against itself; one that says there is none, where there is one seed."""
    empty = [Cell("", (None,))] * 5
    size = count(view.standings.truth.size)
    for one, other in zip(*(view.agreements[kind] for kind in CORRELATIONS), strict=False):
        label = "ceiling: one seed against another"
        if one.seeds > 1:
            label = f"ceiling: means of {one.seeds} seeds"
        elif one.others > 1:
            label = f"ceiling: one seed against the mean of {one.others} others"
        yield words(label), words(NONE), words(""), size, _agreement(one), _agreement(other), *empty
    if not all(view.agreements[kind] for kind in CORRELATIONS):
        yield words("ceiling"), words(NONE), words(""), size, interval(None), interval(None), *empty


def _agreement(found: Agreement) -> Cell:
    text = f"{found.mean:.2f}"
    if found.splits > 1:
        text += f" ({found.lowest:.2f} to {found.highest:.2f})"
    return Cell(text, (found.mean, found.lowest, found.highest))


def _ceiling_words(view: View) -> str:
    if not all(view.agreements[kind] for kind in CORRELATIONS):
        if view.standings.scores.shape[1] < 2:
            return "The table has one training seed, so its seed-to-seed ceiling is unknown (–)."
        if view.standings.truth.size < 2:
            return "With one architecture there is nothing to rank, and no seed-to-seed ceiling (–)."
        return "The table's scores are all equal under some seed, so it has no seed-to-seed ceiling (–)."
    return (
        "Ceiling: the same correlation of the table with itself under other seeds, the mean over pairs of sets of "
        "seeds that share none (lowest to highest). A proxy that is as good as one whole training of every "
        "architecture comes near that of one seed against the mean of the others; a better one passes it."
    )


def reliability(comparison: Comparison) -> Sheet:
    """How much of the variance of a single training is the architecture's."""
    rows = []
    for metric in IN_ORDER:
        view = comparison.views[metric]
        found = view.components
        parts = (found.architecture, found.seed, found.reliability) if found else (None, None, None)
        error = sqrt(found.seed / view.standings.scores.shape[1]) if found else None
        rows.append(
            (
                words(NAMES[metric]),
                count(view.standings.scores.shape[0]),
                count(view.standings.scores.shape[1]),
                interval(found.icc if found else None),
                _chance(view.rank_test),
                number(parts[0]),
                number(parts[1]),
                Cell(NONE if parts[2] is None else f"{parts[2]:.2f}", (parts[2],)),
                number(error),
                number(view.average),
                number(float(view.standings.truth.std(ddof=1)) if view.standings.truth.size > 1 else None),
            )
        )
    return Sheet(
        "reliability",
        "How far the table can be trusted",
        _reliability_words(comparison),
        (
            column("metric"),
            column("architectures"),
            column("seeds"),
            column("ICC(1)", *ends("icc")),
            column("p by ranks", "p_ranks"),
            column("variance: architecture", "variance_architecture"),
            column("variance: seed", "variance_seed"),
            column("ICC(1, k)", "reliability"),
            column("error of a score", "standard_error"),
            column("mean of all", "mean"),
            column("deviation of the means", "deviation"),
        ),
        tuple(rows),
    )


def _chance(p: float | None) -> Cell:
    if p is None:
        return Cell(NONE, (None,))
    return Cell("< 0.001" if p < 0.001 else f"{p:.3f}", (p,))


def _reliability_words(comparison: Comparison) -> str:
    if len(comparison.table.seeds) < 2:
        return (
            "The table has one training seed: how much of a score is the architecture's and how much the seed's cannot "
            "be told, so ICC and ceiling are unknown (–), and every difference here may be chance."
        )
    return (
        "ICC(1): the share of the variance of a single training that the architecture explains, the rest being the "
        "seed's (one-way random effects; Shrout and Fleiss, 1979), with a bootstrap 95% interval over architectures. "
        "At 0 or below, the table shows no effect of the architecture. P by ranks: the probability that trainings "
        "which no architecture influences differ as much in rank (permutations of the statistic of Kruskal and Wallis, "
        "1952); trainings that failed to learn weigh less in it. ICC(1, k): as ICC(1), for the mean over all the "
        "table's seeds, with which everything here is scored. Error of a score: the standard error of such a mean; two "
        "networks whose scores are closer than twice that cannot be told apart by this table, nor their ranks."
    )
