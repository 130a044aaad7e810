"""Strategies that need no weights, simulated on the table by the loop that runs every strategy."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rlnas import seeding
from rlnas.analysis.ground_truth import ComparisonSettings, GroundTruth, Options
from rlnas.analysis.labels import options_text
from rlnas.analysis.outcomes import SearchOutcome, StrategyOutcome, outcome_of
from rlnas.errors import UserError, unknown
from rlnas.strategies import RANDOM, STRATEGIES, drive, make_strategy, ranked, shares_weights
from rlnas.table import Table, TableRunner
from rlnas.table.searches import StoredSearch


def chosen_strategies(table: Table, searches: Sequence[StoredSearch], strategies: Sequence[str] | None) -> list[str]:
    """The strategies of a comparison, in the order given; those that have stored searches for `None`.

    Raises `UserError` if one of them is unknown, or has no stored search and cannot run on a table.
    """
    stored = sorted({search.strategy for search in searches} - {RANDOM})
    named = [name for name in dict.fromkeys(stored if strategies is None else strategies) if name != RANDOM]
    for name in named:
        if name not in (*stored, *STRATEGIES):
            raise unknown("strategy", name, {*stored, *STRATEGIES})
        if name not in stored and shares_weights(name):
            command = f"rlnas search --env {table.env} --space {table.space.name} --strategy {name} --table TABLE"
            raise UserError(
                f"there is no search of {name!r}, and it cannot run on a table because it shares weights. Run it on "
                f"the environment with several seeds ({command}), then name these runs with --searches."
            )
    return named


def simulate(name: str, truth: GroundTruth, settings: ComparisonSettings) -> StrategyOutcome:
    """Runs a strategy on the table many times; its held-out scores are those of searches without that seed.

    Raises `MissingRun` for a run that the table lacks, `UserError` if the strategy needs a supernet or ranks nothing.
    """
    options = settings.options.get(name, {})
    roots = [seeding.integer(settings.seed, "compare-black-box", repeat) for repeat in range(settings.repeats)]
    return StrategyOutcome(
        f"{name} ({options_text(options)})" if options else name,
        tuple(_repeat(name, options, truth, root) for root in roots),
        over="repeat",
        strategy=name,
        options=options,
    )


def _repeat(name: str, options: Options, truth: GroundTruth, root: int) -> SearchOutcome:
    def search(runner: TableRunner) -> str:
        strategy = make_strategy(name, truth.space, 0, root, options)
        drive(strategy, runner)
        ranking = ranked(strategy, truth.space)
        if not ranking:
            raise UserError(f"strategy {name!r} ranked no architecture of the table {truth.table.name!r}.")
        return ranking[0].architecture.id

    runner = truth.runner()
    best = search(runner)
    trained = sorted(runner.trained, key=truth.index)
    held_out = [
        truth.scores[truth.index(search(truth.runner(without=seed))), place]
        for place, seed in enumerate(truth.seeds if len(truth.seeds) > 1 else ())
    ]
    return replace(outcome_of(trained, best, truth, runner.clock), held_out=np.array(held_out))
