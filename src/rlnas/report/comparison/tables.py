"""The tables of a comparison: table 1 of the paper, and what the paper lacks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rlnas.quantity import short
from rlnas.report.comparison.compare import Comparison, View, Yardstick
from rlnas.report.comparison.contenders import Contender, Found
from rlnas.report.comparison.sheets import (
    Cell,
    Column,
    Sheet,
    Value,
    column,
    count,
    ends,
    interval,
    mean,
    number,
    signed,
    words,
)
from rlnas.report.formats import NONE, plural, score
from rlnas.table import Metric
from rlnas.table.statistics import CORRELATIONS, Agreement, interquartile_mean

NAMES: dict[Metric, str] = {"reward_mean": "reward mean", "total_reward": "total reward"}
IN_ORDER: tuple[Metric, ...] = ("reward_mean", "total_reward")
"""As in the paper's table 1."""

TRUE = (
    "A score is the true performance of a network: the mean over all the table's training seeds. A search returns the "
    "best of its top K by that score. So the same seeds select and score, and what is selected looks somewhat better "
    "than it is (winner's curse). That holds alike for random search and for every strategy, and most for the best of "
    "the table; hand-made networks, the largest and the average are not selected, so they are not flattered."
)


def basis(comparison: Comparison) -> str:
    """Budget, seeds and repeats: what every table is printed with."""
    conditions, seeds = comparison.conditions, comparison.table.seeds
    whole = comparison.table.steps
    cut = f" (trainings of {short(whole)} steps as they stood then)" if conditions.budget < whole else ""
    return (
        f"Budget {short(conditions.budget)} steps for each training{cut}; {plural(len(seeds), 'training seed')} "
        f"({', '.join(map(str, seeds))}); K = {conditions.top_k}; random search repeated "
        f"{plural(conditions.repeats, 'time')}."
    )


def facts(comparison: Comparison) -> dict[str, Value]:
    """The same, as columns of every CSV file."""
    table, conditions = comparison.table, comparison.conditions
    return {
        "table": table.name,
        "env": table.env,
        "space": table.space.name,
        "budget": conditions.budget,
        "training_seeds": " ".join(map(str, table.seeds)),
        "top_k": conditions.top_k,
        "repeats": conditions.repeats,
        "root_seed": conditions.seed,
    }


def table_1(comparison: Comparison) -> Sheet:
    """Table 1 of the paper: random search, hand-made networks and strategies by both metrics."""
    views = [comparison.views[metric] for metric in IN_ORDER]
    rows = [_row("random search", plural(comparison.conditions.repeats, "repeat"), [view.random for view in views])]
    yards = list(zip(*(view.yardsticks for view in views), strict=True))
    rows += [_yard_row(same) for same in yards if same[0].made]
    for contenders in zip(*(view.contenders for view in views), strict=True):
        rows.append(_row(contenders[0].label, plural(len(contenders[0].found), "search seed"), contenders))
    rows += [_yard_row(same) for same in yards if not same[0].made]
    return Sheet(
        "table-1",
        "Table 1: true performance of what each search returns",
        "Mean ± standard deviation over searches (for random search, over its repeats); for each metric a search "
        f"returns the best of its top K by that metric. {TRUE}",
        (
            column("network or strategy", "name"),
            column("over"),
            *(column(NAMES[metric], metric, f"{metric}_deviation") for metric in IN_ORDER),
        ),
        tuple(rows),
        texts=2,
    )


def _row(label: str, over: str, contenders: Sequence[Contender]) -> tuple[Cell, ...]:
    return words(label), words(over), *(mean((one.mean, one.deviation)) for one in contenders)


def _yard_row(yardsticks: Sequence[Yardstick]) -> tuple[Cell, ...]:
    # The best of the table may be another network by each metric.
    names = list(dict.fromkeys(yard.label for yard in yardsticks))
    label = names[0] if len(names) == 1 else f"{names[0]}; {names[1].partition(': ')[2]}"
    return words(label), words(NONE), *(mean((yard.score, None)) for yard in yardsticks)


def strategies(view: View) -> Sheet:
    """What a strategy is worth: against random search, the average and the hand-made networks, and at what price."""
    made = [yard for yard in view.yardsticks if yard.made]
    columns: list[Column] = [
        column("strategy"),
        column("searches"),
        column("score", "score", "score_deviation"),
        column("interquartile mean"),
        column("better than random search", *ends("better_than_random")),
        column("gain over the average"),
        *(column(f"gain over {yard.label}") for yard in made),
        column("regret"),
        column("cost in steps", "cost_steps"),
    ]
    rows = []
    for one in (view.random, *view.contenders):
        gains = [signed(one.mean - other) for other in (view.average, *(yard.score for yard in made))]
        cost = one.average("cost")
        rows.append(
            (
                words(one.label),
                count(len(one.found)),
                mean((one.mean, one.deviation)),
                number(interquartile_mean(one.scores)),
                interval(view.better.get(one.label)),
                *gains,
                number(one.average("regret")),
                Cell(short(round(cost)), (cost,)),
            )
        )
    return Sheet(
        f"strategies-{_slug(view)}",
        f"What each strategy is worth, by {NAMES[view.metric]}",
        "Means over searches, with their standard deviation. Better than random search: the probability that a search "
        "returns a better network than a repeat of random search, a tie counting half (Mann-Whitney), with a 95% "
        "interval for other search seeds (Newcombe, 2006); the noise of the table itself is not in it. The average is "
        f"that of all architectures ({score(view.average)}): what one drawn at random gives. Regret: how far below the "
        "best of the table. Cost: the environment steps of the search, and those of training its top K with every "
        "seed of the table.",
        tuple(columns),
        tuple(rows),
    )


def proxies(view: View, comparison: Comparison) -> Sheet:
    """How well proxies rank, search by search, beside the seed-to-seed ceiling."""
    rows: list[tuple[Cell, ...]] = []
    marked: list[int] = []
    for contender in view.contenders:
        rows += [_proxy_row(contender.label, found) for found in contender.found]
        marked.append(len(rows))
        rows.append(_mean_row(contender, view))
    rows += list(_ceiling_rows(view))
    return Sheet(
        f"proxies-{_slug(view)}",
        f"Proxy against true performance, by {NAMES[view.metric]}",
        f"Rank correlations over the architectures that a search ranked (of {view.standings.truth.size}), with "
        "bootstrap 95% intervals over architectures; in the row of the mean these intervals leave out other search "
        f"seeds. {_ceiling_words(view)} Best rank: the true rank of what the search returns, the best of its top K. "
        "True top K: how many of its top K are among the true best K; random search: "
        f"{view.random.average('hits'):.2f} of {comparison.conditions.top_k} on average, best rank "
        f"{view.random.average('rank'):.1f}.",
        (
            column("strategy"),
            column("search seed"),
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
    assert found.search is not None  # only repeats of random search have none
    return (
        words(label),
        Cell(str(found.search.seed), (found.search.seed,)),
        words(found.architecture),
        count(len(found.search.ranking)),
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
        return "The table's scores are all equal under some seed, so it has no seed-to-seed ceiling (–)."
    return (
        "Ceiling: the same correlation of the table with itself under other seeds, the mean over pairs of sets of "
        "seeds that share none (lowest to highest). A proxy as good as one training from scratch comes near that of "
        "one seed against another, or above it, since the true performance that it meets is a mean over more seeds."
    )


def reliability(comparison: Comparison) -> Sheet:
    """How much of the variance of a single training is the architecture's."""
    rows = []
    for metric in IN_ORDER:
        view = comparison.views[metric]
        found = view.components
        parts = (found.architecture, found.seed, found.reliability) if found else (None, None, None)
        rows.append(
            (
                words(NAMES[metric]),
                count(view.standings.scores.shape[0]),
                count(view.standings.scores.shape[1]),
                interval(found.icc if found else None),
                number(parts[0]),
                number(parts[1]),
                Cell(NONE if parts[2] is None else f"{parts[2]:.2f}", (parts[2],)),
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
            column("variance: architecture", "variance_architecture"),
            column("variance: seed", "variance_seed"),
            column("ICC(1, k)", "reliability"),
            column("mean of all", "mean"),
            column("deviation of the means", "deviation"),
        ),
        tuple(rows),
    )


def _reliability_words(comparison: Comparison) -> str:
    if len(comparison.table.seeds) < 2:
        return (
            "The table has one training seed: how much of a score is the architecture's and how much the seed's cannot "
            "be told, so ICC and ceiling are unknown (–), and every difference here may be chance."
        )
    return (
        "ICC(1): the share of the variance of a single training that the architecture explains, the rest being the "
        "seed's (one-way random effects; Shrout and Fleiss, 1979), with a bootstrap 95% interval over architectures. "
        "At 0 or below, the table shows no effect of the architecture. ICC(1, k): the same for the mean over all the "
        "table's seeds, with which everything here is scored."
    )


def _slug(view: View) -> str:
    return NAMES[view.metric].replace(" ", "-")
