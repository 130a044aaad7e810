"""The section on the search: its proxy ranking, the fit of the supernet, and every architecture that it tried."""

from __future__ import annotations

import statistics

import numpy as np

from rlnas.quantity import plural
from rlnas.report import figures
from rlnas.report.data import Run
from rlnas.report.formats import alike, big, estimate, milliseconds, score, spread
from rlnas.report.markup import Html, details, table, tag
from rlnas.report.proxy import ROOT, Truth, proxy_quality
from rlnas.stats.agreement import correlation
from rlnas.trials.metrics import learning_curve

ENOUGH = 5
"""Architectures from which on a rank correlation is worth writing down."""
OPEN = 30
"""Architectures up to which the table of all is unfolded."""


def search(run: Run) -> Html:
    """The section."""
    left = []
    scatter = figures.proxy_scatter(run)
    if scatter is not None:
        left.append(tag("figure", scatter, tag("figcaption", _proxy_caption(run))))
    steps, means = learning_curve(*run.games)
    if steps:
        caption = "The fit of the supernet: mean return of the last 100 games, whatever path played them."
        left.append(tag("figure", figures.fit_curve((steps, means)), tag("figcaption", caption)))
    right = []
    if run.ranking:
        right.append(tag("figure", figures.ranking_bars(run), tag("figcaption", _ranking_caption(run))))
    if not left and not right:
        left.append(tag("p", "The search has written no results yet.", class_="note"))
    columns = tag("div", tag("div", *left), tag("div", *right), class_="pair")
    return tag("section", tag("h2", "Search"), columns, tag("p", _fits(run), class_="note"), _ranking_table(run))


def _proxy_caption(run: Run) -> str:
    """What the chart of proxy and true performance shows, and what it cannot show."""
    proxy = dict(run.ranking)
    pairs = [(proxy[e.name], e.score) for e in run.networks if e.name in proxy and e.score is not None]
    words = "Proxy against true performance of what was trained."
    if any(len(network.scores()) > 1 for network in run.networks):
        words += " Dot: mean over the seeds; bar: from the lowest to the highest seed."
    if pairs and all(first == second for first, second in pairs):
        return words + " Here the proxy is the true performance itself."
    if run.truth is not None:
        return f"{words} Pale: what was not trained, by the table. {_quality_words(run, run.truth)}"
    if len(pairs) >= ENOUGH:
        one, other = np.array(pairs).T
        found = correlation(one, other, "kendall", seed=ROOT)
        words += f" Kendall's tau of these {len(pairs)}: {estimate(found)} (95% bootstrap interval)."
    return words + (
        " These are the top of the ranking only, so they do not show how well the proxy ranks the whole space."
    )


def _quality_words(run: Run, truth: Truth) -> str:
    """What the proxy ranking is worth, since the true performance of all is known."""
    top_k = int(run.settings["top_k"])
    found = proxy_quality(run.ranking, top_k, run.best.name if run.best else None, truth)
    words = (
        f"Over the {plural(len(run.ranking), 'architecture')} that the search ranked, proxy and true performance have "
        f"a Kendall correlation of {estimate(found.kendall)} and a Spearman correlation of {estimate(found.spearman)} "
        "(95% bootstrap intervals)."
    )
    if found.ceiling is not None:
        words += f" One whole training of each has {found.ceiling.mean:.2f} (Kendall) with the mean of the other seeds."
    words += f" Of the top {top_k}, {found.hits} {'is' if found.hits == 1 else 'are'} among the true top {top_k}."
    if found.rank is not None and found.regret is not None:
        words += f" The best found has rank {found.rank} of {len(truth.names)}, {score(found.regret)} below the best."
    return words


def _ranking_caption(run: Run) -> str:
    top = int(run.settings["top_k"])
    words = f"Proxy ranking; the top {top}, which are trained, in blue."
    if len(run.ranking) > figures.BARS:
        words = f"The first {figures.BARS} of {len(run.ranking):,} in the proxy ranking; the top {top} in blue."
    if run.paths:
        words += " At each bar: how often the path was fitted."
    if any(figures.short(run, name) != name for name, _ in run.ranking[: figures.BARS]):
        words += " # is the rank; the table below has the full names."
    if len(run.ranking) > top and run.ranking[top - 1][1] == run.ranking[top][1]:
        tied = sum(value == run.ranking[top][1] for _, value in run.ranking)
        words += f" {tied} architectures share the proxy score at the cut, so which of them was trained is arbitrary."
    return words


def _fits(run: Run) -> str:
    if not run.paths:
        return ""
    counts = [run.fitted[architecture.id] for architecture in run.space] if run.space.size <= 10_000 else []
    if not counts:
        return f"{len(run.paths):,} fits of {len(run.fitted):,} different paths."
    return (
        f"{plural(len(run.paths), 'fit')} over {plural(len(counts), 'path')}: each {min(counts)} to {max(counts)} "
        f"times, median {statistics.median(counts):g}; {plural(counts.count(0), 'path')} never fitted."
    )


def _ranking_table(run: Run) -> Html:
    if not run.ranking:
        return Html("")
    true = {network.name: network for network in run.networks}
    proxies = alike([proxy for _, proxy in run.ranking])
    rows = []
    for rank, (name, _) in enumerate(run.ranking, 1):
        cost = run.space.cost(run.space.architecture(name))
        row = [name, str(rank), proxies[rank - 1]]
        row += [str(run.fitted[name])] if run.paths else []
        if name in true:
            row.append(spread(true[name].score, true[name].deviation))
        else:
            row.append(score(run.truth.means[name]) if run.truth is not None else "")
        row += [f"{cost.parameters:,}", big(cost.multiply_adds)]
        row += [milliseconds(run.latency.get(name))] if run.latency else []
        rows.append(row)
    best = [rank for rank, (name, _) in enumerate(run.ranking) if run.best is not None and name == run.best.name]
    head = ["architecture", "rank", "proxy", *(["times fitted"] if run.paths else []), "total reward", "parameters"]
    head += ["multiply-adds", *(["latency"] if run.latency else [])]
    tried = f"{len(rows):,} of the {run.space.size:,} architectures" if run.space.size < 10**9 else f"{len(rows):,}"
    summary = f"Every architecture that the search ranked ({tried})"
    return details(summary, table(head, rows, marked=best), open_=len(rows) <= OPEN)
