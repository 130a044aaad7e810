"""The tables of a comparison: table 1 of the paper, and what the paper lacks."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from statistics import fmean, stdev

import numpy as np

from rlnas.quantity import plural, short
from rlnas.report.comparison.compare import Comparison, View
from rlnas.report.comparison.contenders import Contender
from rlnas.report.comparison.sheets import (
    Cell,
    Column,
    Sheet,
    Value,
    column,
    count,
    difference,
    ends,
    interval,
    mean,
    number,
    scored,
    words,
)
from rlnas.report.comparison.verdicts import held_out_lead
from rlnas.report.comparison.yardsticks import Yardstick
from rlnas.report.formats import NONE, score
from rlnas.stats.estimates import interquartile_mean_estimate
from rlnas.table import Metric

NAMES: dict[Metric, str] = {"reward_mean": "reward mean", "total_reward": "total reward"}
IN_ORDER: tuple[Metric, ...] = ("reward_mean", "total_reward")
"""As in the paper's table 1."""

TRUE = (
    "A score is the true performance of a network: the mean over all the table's training seeds. A search returns the "
    "best of its top K by that score; one that asks for trainings itself, the best of all that it had trained. So the "
    "same seeds select and score, and what is selected looks better than it is (winner's curse), the more so the more "
    "there was to select from and the closer that was; hand-made networks, the largest and the average are not "
    "selected, so they are not flattered. What is left under seeds that had no part in the selection is the column "
    "'held out' of the tables of what each strategy is worth."
)
SHORT = (
    "Short trainings: every architecture trained once, for as many steps as a search may take, and ranked by that. "
    "They are the table's own trainings as they stood then, one repeat for each training seed. The seed that ranks has "
    "a part in the score, but neither in the correlation nor in what is held out."
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
    # A strategy that asks for trainings may be dearer by one metric, so that K is another by each.
    labels = sorted({one.label: one.average("cost") for view in views for one in view.equal}.items(), key=itemgetter(1))
    rows = [_row([view.random for view in views])]
    rows += [_row([_labelled(view.equal, label) for view in views]) for label, _ in labels]
    yards = list(zip(*(view.yardsticks for view in views), strict=True))
    rows += [_yard_row(same) for same in yards if same[0].kind == "made"]
    rows += [_row(same) for same in zip(*(view.judged for view in views), strict=True)]
    rows += [_yard_row(same) for same in yards if same[0].kind != "made"]
    return Sheet(
        "table-1",
        "Table 1: true performance of what each search returns",
        "Mean ± standard deviation over searches (for random search, over its repeats); for each metric a search "
        f"returns the best of its top K by that metric. {TRUE}{_about_rivals(views[0])}",
        (
            column("network or strategy", "name"),
            column("over"),
            *(column(NAMES[metric], metric, f"{metric}_deviation") for metric in IN_ORDER),
        ),
        tuple(rows),
        texts=2,
    )


def _labelled(contenders: Sequence[Contender], label: str) -> Contender | None:
    return next((one for one in contenders if one.label == label), None)


def _row(same: Sequence[Contender | None]) -> tuple[Cell, ...]:
    """A contender by each metric; a dash where there is none by that."""
    first = next(one for one in same if one is not None)
    scores = (mean((one.mean, one.deviation) if one is not None else (None, None)) for one in same)
    return words(first.label), words(plural(len(first.found), first.over)), *scores


def _yard_row(yardsticks: Sequence[Yardstick]) -> tuple[Cell, ...]:
    # The best of the table may be another network by each metric.
    names = list(dict.fromkeys(yard.label for yard in yardsticks))
    label = names[0] if len(names) == 1 else f"{names[0]}; {names[1].partition(': ')[2]}"
    return words(label), words(NONE), *(mean((yard.score, None)) for yard in yardsticks)


def _about_rivals(view: View) -> str:
    """What the rows of rivals are, where there are any."""
    equal = (
        " Random search with a larger K is as expensive as a strategy whose search is paid for." if view.equal else ""
    )
    return f"{equal} {SHORT}" if view.short else equal


def strategies(view: View, comparison: Comparison) -> Sheet:
    """What a strategy is worth: against random search, the average and the hand-made networks, and at what price."""
    others = [yard for yard in view.yardsticks if yard.kind in ("made", "average")]
    columns: list[Column] = [
        column("strategy"),
        column("searches"),
        column("cost in steps", "cost_steps"),
        column("score", "score", "score_deviation"),
        column("held out", "held_out", "held_out_deviation"),
        column("interquartile mean", *ends("interquartile_mean")),
        column("better than random search", *ends("better_than_random")),
        column("lead held out", *ends("lead_held_out")),
        column("regret"),
        *(column(f"held out, above {yard.label}", *ends(f"above_{yard.label}".replace(" ", "_"))) for yard in others),
    ]
    rows = []
    for one in (view.random, *view.equal, *view.contenders, *view.short, view.exhaustive):
        leads = [difference(held_out_lead(one, yard.scores)) for yard in others]
        cost, found = one.average("cost"), view.verdicts.get(one.label)
        rows.append(
            (
                words(one.label),
                count(len(one.found)),
                Cell(short(round(cost)), (cost,)),
                mean((one.mean, one.deviation)),
                mean(_held_out(one)),
                scored(interquartile_mean_estimate(one.scores, seed=comparison.conditions.seed)),
                interval(found.probability if found else None),
                difference(found.lead if found else None),
                number(one.average("regret")),
                *leads,
            )
        )
    return Sheet(
        f"strategies-{slug(view.metric)}",
        f"What each strategy is worth, by {NAMES[view.metric]}",
        _worth_words(view),
        tuple(columns),
        tuple(rows),
    )


def _worth_words(view: View) -> str:
    return (
        "Means over searches, with their standard deviation. Held out: for each training seed the best of the same "
        "networks is picked by the other seeds and scored with that one (leave-one-out cross-validation; a strategy "
        "that is run on the table searches again without it); it is what is fair to set beside a network that was not "
        "selected. Better than random search: the probability that a search "
        "returns a better network than a repeat of random search that trains as many architectures as the strategy's "
        "steps would pay for, a tie counting half (Mann-Whitney), with a 95% interval for other search seeds "
        "(Newcombe, 2006) on this very table. Lead held out: how far it is above that random search under training "
        "seeds that picked neither, with a 95% interval for other training seeds (Nadeau and Bengio, 2003) and these "
        "very searches. Only where both intervals agree is a strategy called better or worse; of twenty that are "
        "neither, one or so may still be called it by chance. Held out, above: the same lead over the average of all "
        f"architectures ({score(view.average)}, what one drawn at random gives) and over the hand-made networks. "
        "Interquartile mean: with a 95% bootstrap interval over searches, too narrow where there are few. Exhaustive "
        "search trains every architecture. Regret: how far below the best of the table. Cost: the environment steps "
        "of the search, and those of training with every seed of the table what it returns the best of."
        f"{_about_rivals(view)}"
    )


def _held_out(contender: Contender) -> tuple[float | None, float | None]:
    """Mean and sample standard deviation over searches of what is left under seeds that did not pick."""
    known = [found[~np.isnan(found)] for found in contender.held_out]
    means = [float(values.mean()) for values in known if values.size]
    if not means:
        return None, None
    return fmean(means), stdev(means) if len(means) > 1 else None


def costs(view: View) -> Sheet:
    """The curves of score against cost."""
    curves = (("random search", view.efficiency.random), ("short trainings", view.efficiency.short))
    rows = [
        (words(label), count(point.size), count(point.steps), mean((point.score, point.deviation)))
        for label, points in curves
        for point in points
    ]
    # With one seed nothing is held out.
    what = "held out" if view.standings.scores.shape[1] > 1 else "score"
    return Sheet(
        f"cost-{slug(view.metric)}",
        f"What steps buy, by {NAMES[view.metric]}",
        "Size: architectures that random search trains, or the steps of each short training.",
        (
            column("curve"),
            column("size"),
            column("steps"),
            column(what, *(what.replace(" ", "_") + end for end in ("", "_deviation"))),
        ),
        tuple(rows),
    )


def slug(metric: Metric) -> str:
    """A metric as a part of file names."""
    return NAMES[metric].replace(" ", "-")
