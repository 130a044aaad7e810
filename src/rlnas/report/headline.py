"""The finding of a run and its evidence, in words."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from rlnas.analysis.proxies import ROOT
from rlnas.quantity import exact, plural
from rlnas.report.formats import big, difference, estimate, gain, score, spread
from rlnas.report.read_run import Run
from rlnas.stats.estimates import Estimate, interquartile_mean_estimate, mean_difference, probability_better
from rlnas.strategies import RANDOM
from rlnas.trials.results import NetworkResult

FEW = 5  # below so many seeds an interval is rough
CONFIRM = "rlnas resume RUN --confirm-seeds 5"


@dataclass(frozen=True)
class Headline:
    """The words at the top of the page."""

    title: str  # the finding in one line
    budget: str  # sentences on the budget
    evidence: str  # how sure the finding is
    warnings: list[str]  # what is missing or failed, a sentence each


@dataclass(frozen=True)
class Lead:
    """How much better one network is than another."""

    gap: Estimate  # the difference of the mean total rewards
    # The probability that one training of the first scores higher than one of the second; `None` with one seed.
    better: Estimate | None
    seeds: int  # the number of seeds of the network that has fewer

    @property
    def significant(self) -> bool:
        """Whether the difference has an interval without 0."""
        low, high = self.gap.low, self.gap.high
        return low is not None and high is not None and (low > 0 or high < 0)

    def sentence(self, of: float) -> str:
        """The difference and what its interval says, as fine as the score `of`."""
        interval = " (95% interval)"
        if self.gap.low is None:
            interval, meaning = "", "there is no interval, because no seed differs from another"
        elif not self.significant:
            meaning = "the interval contains 0, so the difference may be chance"
        else:
            meaning = f"{'higher' if self.gap.low > 0 else 'lower'} by more than chance explains"
        rough = f" (rough, with fewer than {FEW} seeds)" if self.seeds < FEW else ""
        return f"The difference is {difference(self.gap, of)}{interval}: {meaning}{rough}."


def lead(first: NetworkResult, second: NetworkResult) -> Lead | None:
    """The lead of one network over another; `None` unless both have a score with every seed."""
    gap = first.lead_over(second)
    if gap is None:
        return None
    one, other = np.array(first.scores()), np.array(second.scores())
    seeds = min(one.size, other.size)
    return Lead(gap, probability_better(one, other) if seeds > 1 else None, seeds)


def interquartile(network: NetworkResult) -> Estimate | None:
    """The interquartile mean of a network's total reward over its seeds; `None` with fewer than three scores."""
    if network.score is None or len(network.scores()) < 3:
        return None
    return interquartile_mean_estimate(np.array(network.scores()), seed=ROOT)


def headline(run: Run) -> Headline:
    """The words for a study or a trial, done or not."""
    return _trial(run) if run.kind == "trial" else _study(run)


def _trial(run: Run) -> Headline:
    (network,) = run.networks
    (trial,) = network.trials
    start = "from a supernet's weights" if run.settings.get("start") else "from scratch"
    steps = f"{big(run.settings['steps'])} environment steps"
    budget = f"{network.name} of space {run.space.name}, trained {start} for {steps} with seed {trial.seed}."
    if not run.done:
        return Headline(f"{network.name} on {run.env}: not finished", budget, "", _missing(run))
    if trial.total_reward is None:
        return Headline(f"{network.name} finished no game of {run.env}", budget, "", [*_missing(run), *run.remarks])
    title = f"{network.name} scored {score(trial.total_reward)} on {run.env} with a single training seed"
    evidence = "One training seed: another seed may score quite differently."
    return Headline(title, budget, evidence, run.remarks)


def _study(run: Run) -> Headline:
    chosen, warnings = run.best, [*_missing(run), *run.remarks]
    if chosen is None or chosen.score is None:
        return Headline(_no_best(run), _budget(run), "", warnings)
    best = run.confirmed(chosen)
    others = [run.confirmed(network) for network in run.baselines if network is not chosen]
    if best.score is None:
        title = f"{best.name} was the best on {run.env}, but has no score with the confirmation seeds"
        return Headline(title, _budget(run), _selection_scores(chosen), warnings)
    title = ("" if run.done else "So far: ") + f"{best.name} scored {score(best.score)} on {run.env}"
    if len(best.scores()) == 1:
        title += " with a single training seed"
    title += "".join(_against(best, network) for network in others)
    return Headline(title, _budget(run), _evidence(run, best, others), warnings)


def _against(best: NetworkResult, other: NetworkResult) -> str:
    """The title's words on a hand-made network: which of the two is better only where that is significant."""
    found = lead(best, other)
    if found is None or found.gap.value is None or best.score is None:
        return f"; the hand-made {other.name} has no score"
    gap = found.gap.value
    if found.significant:
        return f", {gain(gap, best.score)[1:]} {'more' if gap > 0 else 'less'} than the hand-made {other.name}"
    chance = "" if found.gap.low is None else ": no significant difference"
    return f"; the hand-made {other.name} scored {score(other.score)}{chance}"


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
    chosen, search = run.settings, run.search
    size = f"{run.space.size:,}" if run.space.size < 10**9 else f"{run.space.size:.1e}"
    start = "from scratch"
    if chosen.get("warm_start"):
        start = "the top K from the supernet's weights, the hand-made from scratch, so not on equal terms"
    random = f", {plural(len(run.random), 'random architecture')}" if run.random else ""
    words = (
        f"Strategy {chosen['strategy']} searched space {run.space.name} ({size} architectures) with a budget of "
        f"{exact(chosen['steps'])} environment steps. The top {chosen['top_k']} of its proxy ranking{random} and the "
        f"hand-made networks train for {exact(chosen['train_steps'])} steps each, {start}, with "
        f"{plural(chosen['train_seeds'], 'training seed')}"
    )
    words += f", looked up in the table {chosen['table']['source']}." if chosen["table"] else "."
    if (again := chosen.get("confirm_seeds")) and not (run.done and not run.confirmation):
        words += f" The best and the hand-made networks then train with {plural(again, 'confirmation seed')}."
    if search and not search.steps:
        words += " The search itself took no further steps."
    elif search:
        words += (
            f" The search took {big(search.fit_steps)} steps of training and {big(search.evaluation_steps)} of "
            f"evaluation ({plural(search.evaluated_architectures, 'architecture')})."
        )
    return words


def _evidence(run: Run, best: NetworkResult, others: Sequence[NetworkResult]) -> str:
    words = [_difference(best, network) for network in others if network.score is not None]
    if best.baseline:
        words.insert(0, "The best that the search found is itself one of the hand-made networks.")
    if run.truth is not None:
        average = f"A random architecture of the space scores {score(run.truth.average)} on average"
        words.append(f"{average}; the best found scored {score(best.score)}.")
    words += _over_random(run, best)
    if len(best.trials) == 1:
        more = "of a table that has them" if run.settings["table"] else CONFIRM if run.done else "--train-seeds"
        words.append(
            "With one training seed each, this shows nothing sure: seeds of one architecture may differ by more than "
            f"architectures do. Several seeds ({more}) are needed."
        )
    elif not words:
        words = [f"{spread(best.score, best.deviation)}: mean and standard deviation over its seeds."]
    if run.settings.get("confirm_seeds"):
        if run.done and run.best is not None:
            words.append(_selection_scores(run.best))
    elif len(best.trials) > 1 and sum(network.candidate for network in run.networks) > 1:
        more = "" if run.settings["table"] else f": {CONFIRM} trains it with others"
        words.append(f"The same seeds selected the best, so its score is too high{more}.")
    if run.truth is None and not run.random and run.settings["strategy"] != RANDOM:
        limits = ("warm_start", "max_params", "max_multiply_adds", "max_latency")
        option = f"--random-networks {min(5, run.space.size)}"
        more = "" if any(map(run.settings.get, limits)) else f": a search with {option} trains some"
        words.append(f"How it compares with a random architecture is not known{more}.")
    return " ".join(words)


def _over_random(run: Run, best: NetworkResult) -> list[str]:
    """The best against the random architectures."""
    scores = [network.score for network in run.random if network.score is not None]
    if best.score is None or not scores or len(scores) < len(run.random):
        return []  # a mean without those that failed would be too high
    deviation = statistics.stdev(scores) if len(scores) > 1 else None
    verb = "scores" if len(scores) == 1 else "score"
    gap = mean_difference(np.array(best.scores()), np.array(scores))
    words = (
        f"{plural(len(scores), 'random architecture')} {verb} {spread(statistics.fmean(scores), deviation)}; the best "
    )
    words += f"found scored {spread(best.score, best.deviation)}."
    found = Lead(gap, None, min(len(best.scores()), len(scores)))
    return [words] if gap.low is None else [words, found.sentence(best.score)]


def _selection_scores(chosen: NetworkResult) -> str:
    scored = spread(chosen.score, chosen.deviation)
    return f"The confirmation seeds had no part in selecting the best; with the seeds that had, it scored {scored}."


def _difference(best: NetworkResult, other: NetworkResult) -> str:
    """The comparison of two networks in a few sentences."""
    found, name = lead(best, other), other.name
    assert found is not None
    assert found.gap.value is not None
    assert best.score is not None
    worse = f" The best found does not score higher than {name}." if found.gap.value <= 0 else ""
    if found.better is None:
        return f"With a single training seed the difference to {name} is {gain(found.gap.value, best.score)}.{worse}"
    own, theirs = spread(best.score, best.deviation), spread(other.score, other.deviation)
    return (
        f"Over {plural(found.seeds, 'seed')} the best found scored {own} and {name} {theirs} (mean ± standard "
        f"deviation). {found.sentence(best.score)} A training of the best found scores higher than one of {name} with "
        f"probability {estimate(found.better)} (95% interval).{worse}"
    )


def _missing(run: Run) -> list[str]:
    """What is missing, and why."""
    found = []
    if not run.done:
        found.append(f"This {run.kind} is not finished (running or stopped): rlnas resume continues it.")
        if run.kind == "trial":
            return found
        if not run.ranking:
            done = f"{big(run.paths[-1].steps if run.paths else 0)} of {big(run.settings['steps'])} steps"
            found.append(f"The search has no ranking yet: {done} are in its path log.")
    trials = [(network, trial) for network in (*run.networks, *run.confirmation) for trial in network.trials]
    open_ = [f"{network.name}, seed {trial.seed} ({trial.status})" for network, trial in trials if not trial.ended]
    if open_:
        found.append(f"{len(open_)} of {plural(len(trials), 'training')} not done: {'; '.join(open_)}.")
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
        with_score = f"{len(network.scores())} of {plural(len(network.trials), 'seed')}"
        found.append(f"{network.name} has a score with {with_score} only, so it has no mean and {so}.")
    return found
