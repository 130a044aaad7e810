"""What was found, and how sure it is, in words."""

from __future__ import annotations

import statistics
from dataclasses import dataclass

import numpy as np

from rlnas.quantity import plural
from rlnas.report.data import Run
from rlnas.report.evidence import FEW, Margin, margin
from rlnas.report.formats import big, estimate, exact, gain, gain_estimate, score, spread
from rlnas.stats.estimates import mean_difference
from rlnas.strategies import RANDOM
from rlnas.trials.results import NetworkResult

ONE_SEED = (
    "One training seed each: this shows nothing sure. An architecture's seeds may differ by more than architectures "
    "do; several seeds ({option}) are needed to tell them apart."
)

CONFIRM = "rlnas resume RUN --confirm-seeds 5"


@dataclass(frozen=True)
class Headline:
    """The words at the top of the page.

    Attributes:
        title: the finding in one line.
        lead: sentences on the budget.
        sure: how sure the finding is.
        warnings: what is missing or failed, each a sentence.
    """

    title: str
    lead: str
    sure: str
    warnings: list[str]


def headline(run: Run) -> Headline:
    """The words for a study or a trial, done or not."""
    return _trial(run) if run.kind == "trial" else _study(run)


def _trial(run: Run) -> Headline:
    (network,) = run.networks
    (trial,) = network.trials
    name, budget = network.name, f"{big(run.settings['steps'])} environment steps"
    start = "from a supernet's weights" if run.settings.get("start") else "from scratch"
    lead = f"{name} of space {run.space.name}, trained {start} for {budget} with seed {trial.seed}."
    if not run.done:
        return Headline(f"{name} on {run.env}: not finished", lead, "", _missing(run))
    if trial.total_reward is None:
        return Headline(f"{name} finished no game of {run.env}", lead, "", [*_missing(run), *run.remarks])
    title = f"{name} scored {score(trial.total_reward)} on {run.env} with a single training seed"
    sure = "One training seed: seeds of one architecture differ widely, so another seed may score quite differently."
    return Headline(title, lead, sure, run.remarks)


def _study(run: Run) -> Headline:
    chosen, warnings = run.best, [*_missing(run), *run.remarks]
    if chosen is None or chosen.score is None:
        return Headline(_no_best(run), _budget(run), "", warnings)
    best = run.judged(chosen)
    others = [run.judged(network) for network in run.baselines if network is not chosen]
    if best.score is None:
        title = f"{best.name} was the best on {run.env}, but has no score with the confirmation seeds"
        return Headline(title, _budget(run), _before(chosen), warnings)
    title = ("" if run.done else "So far: ") + f"{best.name} scored {score(best.score)} on {run.env}"
    if len(best.scores()) == 1:
        title += " with a single training seed"
    title += "".join(_against(best, network) for network in others)
    return Headline(title, _budget(run), _sure(run, best, others), warnings)


def _against(best: NetworkResult, other: NetworkResult) -> str:
    """What the title says of a hand-made network: which of the two is better only where that is sure."""
    found = margin(best, other)
    if found is None:
        return f"; the hand-made {other.name} has no score"
    assert best.score is not None
    gap = found.gap.value
    assert gap is not None
    if found.sure:
        return f", {gain(gap, best.score)[1:]} {'more' if gap > 0 else 'less'} than the hand-made {other.name}"
    open_ = "" if found.gap.low is None else ": which is better is open"
    return f"; the hand-made {other.name} scored {score(other.score)}{open_}"


def _no_best(run: Run) -> str:
    if not run.done:
        return f"The study of {run.env} is not finished: no network has a score yet"
    trials = [trial for network in run.networks if network.candidate for trial in network.trials]
    if trials and all(trial.status == "failed" for trial in trials):
        return f"Nothing found on {run.env}: every training failed"
    if all(trial.total_reward is None for trial in trials):
        return f"Nothing found on {run.env}: no game finished within the budget"
    return f"Nothing found on {run.env}: no architecture has a score with every seed"


def _budget(run: Run) -> str:
    chosen = run.settings
    size = f"{run.space.size:,} architectures" if run.space.size < 10**9 else f"{run.space.size:.1e} architectures"
    start = "from scratch"
    if chosen.get("warm_start"):
        start = "the top from the supernet's weights and the hand-made from scratch, so not after equal training"
    drawn = f", {plural(len(run.drawn), 'architecture')} drawn at random" if run.drawn else ""
    words = (
        f"Strategy {chosen['strategy']} searched space {run.space.name} ({size}) with a budget of "
        f"{exact(chosen['steps'])} environment steps. The top {chosen['top_k']} of its proxy ranking{drawn} and the "
        f"hand-made networks have a budget of {exact(chosen['train_steps'])} steps each, {start}, with "
        f"{plural(chosen['train_seeds'], 'training seed')}"
    )
    words += f", looked up in the table {chosen['table']['source']}." if chosen["table"] else "."
    if (again := chosen.get("confirm_seeds")) and not (run.done and not run.confirmation):
        seeds = plural(again, "confirmation seed")
        words += f" Once the best is picked, it and the hand-made networks train with {seeds}."
    if run.search and not run.search.steps:
        words += " The search itself took no steps beside these trainings."
    elif run.search:
        words += (
            f" The search took {big(run.search.fit_steps)} steps of training and "
            f"{big(run.search.evaluation_steps)} of evaluation "
            f"({plural(run.search.evaluated_architectures, 'architecture')})."
        )
    return words


def _sure(run: Run, best: NetworkResult, others: list[NetworkResult]) -> str:
    words = [_difference(best, network) for network in others if network.score is not None]
    if best.baseline:
        words.insert(0, "The best that the search put forward is itself one of the hand-made networks.")
    if run.truth is not None and best.score is not None:
        words.append(
            f"An architecture of the space drawn at random scores {score(run.truth.average)} on average; the best "
            f"found scored {score(best.score)}."
        )
    words += _over_random(run, best)
    if len(best.trials) == 1:
        words.append(ONE_SEED.format(option=_for_more_seeds(run)))
    elif not words:
        words = [f"{spread(best.score, best.deviation)}: mean and standard deviation over its seeds."]
    if run.settings.get("confirm_seeds"):
        if run.done and run.best is not None:
            words.append(_before(run.best))
    elif len(best.trials) > 1 and sum(network.candidate for network in run.networks) > 1:
        others_train = "" if run.settings["table"] else f": {CONFIRM} trains it with others"
        words.append(f"The best was picked for the highest of these same scores, which flatters it{others_train}.")
    if run.truth is None and not run.drawn and run.settings["strategy"] != RANDOM:
        words.append(f"How far that is above an architecture drawn at random is not known{_for_random(run)}.")
    return " ".join(words)


def _for_more_seeds(run: Run) -> str:
    """What gives more seeds: on this run directory, if it is done."""
    if run.settings["table"]:
        return "of a table that has them"
    return CONFIRM if run.done else "--train-seeds"


def _for_random(run: Run) -> str:
    """What trains architectures that are drawn at random, where that can be asked for."""
    hindered = any(run.settings.get(name) for name in ("warm_start", "max_params", "max_multiply_adds", "max_latency"))
    count = min(5, run.space.size)
    return "" if hindered else f": a search with --random-networks {count} trains some beside them"


def _over_random(run: Run, best: NetworkResult) -> list[str]:
    """The best beside what was drawn at random."""
    scores = [network.score for network in run.drawn if network.score is not None]
    if best.score is None or not scores or len(scores) < len(run.drawn):
        return []  # a mean without those that failed would flatter chance
    average = statistics.fmean(scores)
    deviation = statistics.stdev(scores) if len(scores) > 1 else None
    verb = "scores" if len(scores) == 1 else "score"
    found = Margin(
        mean_difference(np.array(best.scores()), np.array(scores)), None, min(len(best.scores()), len(scores))
    )
    sure = "" if found.gap.low is None else f" {_interval(found, best.score)}"
    return [
        f"{plural(len(scores), 'architecture')} drawn at random {verb} {spread(average, deviation)}; the best found "
        f"scored {spread(best.score, best.deviation)}.{sure}"
    ]


def _before(chosen: NetworkResult) -> str:
    """What the best scored with the seeds that picked it."""
    scored = spread(chosen.score, chosen.deviation)
    return f"The confirmation seeds had no part in picking the best; with those that had, it scored {scored}."


def _difference(best: NetworkResult, other: NetworkResult) -> str:
    """The comparison of two networks in a few sentences."""
    found = margin(best, other)
    assert found is not None
    assert found.gap.value is not None
    assert best.score is not None
    worse = f" What the search found does not score higher than {other.name}." if found.gap.value <= 0 else ""
    if found.better is None:
        return (
            f"With a single training seed the difference to {other.name} is {gain(found.gap.value, best.score)}.{worse}"
        )
    own, theirs = spread(best.score, best.deviation), spread(other.score, other.deviation)
    return (
        f"Over {plural(found.seeds, 'seed')} the best found scored {own} and {other.name} {theirs} (mean ± standard "
        f"deviation). {_interval(found, best.score)} A training of the best found scores higher than one of "
        f"{other.name} with probability {estimate(found.better).replace('(', '(95% interval ')}.{worse}"
    )


def _interval(found: Margin, of: float) -> str:
    """The difference and what its interval says."""
    assert found.gap.value is not None
    ends = "" if found.gap.low is None else "95% interval "
    words = gain_estimate(found.gap, of).replace("(", f"({ends}")
    rough = f" (with fewer than {FEW} seeds a rough statement)" if found.seeds < FEW else ""
    return f"The difference is {words}: {found.verdict}{rough}."


def _missing(run: Run) -> list[str]:
    """What is not there, and why."""
    found = []
    if not run.done:
        found.append(f"This {run.kind} is not finished (running or stopped); rlnas resume goes on where it is.")
        if run.kind == "study" and not run.ranking:
            done = run.paths[-1].steps if run.paths else 0
            found.append(
                f"The search has no ranking yet: {big(done)} of {big(run.settings['steps'])} steps are in its path log."
            )
    if run.kind == "trial" and not run.done:
        return found
    trained = [*run.networks, *run.confirmation]
    open_ = [(e, trial) for e in trained for trial in e.trials if not trial.ended]
    if open_:
        names = "; ".join(f"{network.name}, seed {trial.seed} ({trial.status})" for network, trial in open_)
        count = sum(len(network.trials) for network in trained)
        found.append(f"{len(open_)} of {plural(count, 'training')} not done: {names}.")
    found += [line for network in run.networks for line in _scoreless(network, "cannot be the best")]
    return found + [line for network in run.confirmation for line in _scoreless(network, "is not confirmed")]


def _scoreless(network: NetworkResult, so: str) -> list[str]:
    """Why trainings that have ended have no score, and what follows."""
    found = []
    for trial in network.trials:
        where = f"{network.name}, seed {trial.seed}"
        if trial.status == "failed":
            found.append(f"{where}: failed: {trial.reason or 'no reason is known'}")
        elif trial.status == "done" and trial.total_reward is None:
            found.append(f"{where}: no game finished in {big(trial.steps)} steps, so there is no score.")
    if found and network.scores():
        found.append(
            f"{network.name} has a score with {len(network.scores())} of {plural(len(network.trials), 'seed')} only, "
            f"so it has no mean and {so}."
        )
    return found
