"""Strategies that ask for trainings alone, run on the table by the loop that runs every strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from rlnas import seeding
from rlnas.errors import UserError, unknown
from rlnas.report.comparison.contenders import Contender, Found, found_among
from rlnas.report.comparison.naming import option_words
from rlnas.report.comparison.standings import Conditions, Options, Standings
from rlnas.strategies import RANDOM, STRATEGIES, drive, make_strategy, ranked, shares_weights
from rlnas.table import Table, TableRunner
from rlnas.table.searches import StoredSearch


def chosen_strategies(table: Table, searches: Sequence[StoredSearch], strategies: Sequence[str] | None) -> list[str]:
    """The strategies that are compared; those without a stored search are to be run on the table.

    Args:
        table: the table.
        searches: the stored searches.
        strategies: which are asked for, in this order; `None`: all that have stored searches.

    Raises:
        UserError: if one of them is unknown, or has no stored search and cannot be run on a table.
    """
    stored = sorted({search.strategy for search in searches} - {RANDOM})
    asked = [name for name in dict.fromkeys(stored if strategies is None else strategies) if name != RANDOM]
    for name in asked:
        if name in stored:
            continue
        if name not in STRATEGIES:
            raise unknown("strategy", name, {*stored, *STRATEGIES})
        if shares_weights(name):
            command = f"rlnas search --env {table.env} --space {table.space.name} --strategy {name} --table TABLE"
            raise UserError(
                f"there is no search of {name!r} to judge: it shares weights, so it first runs on the environment "
                f"({command}), a few times with different seeds; then name these runs with --searches."
            )
    return asked


def black_box(name: str, standings: Standings, conditions: Conditions) -> Contender:
    """A strategy, run on the table again and again.

    What it is worth under a seed that had no part in the search is found by searching again without that seed.

    Args:
        name: the strategy.
        standings: the true performances.
        conditions: how often, with which root of the random streams, and with which options.

    Raises:
        MissingRun: if the table lacks a run of an architecture that it asks for.
        UserError: if it asks for a supernet, or ranks nothing.
    """
    options = conditions.options.get(name, {})
    return Contender(
        f"{name} ({option_words(options)})" if options else name,
        tuple(
            _repeat(name, options, standings, seeding.integer(conditions.seed, "compare-black-box", repeat))
            for repeat in range(conditions.repeats)
        ),
        over="repeat",
        strategy=name,
        options=options,
    )


def _repeat(name: str, options: Options, standings: Standings, root: int) -> Found:
    def search(runner: TableRunner) -> str:
        """The id of the architecture that a search returns."""
        strategy = make_strategy(name, standings.space, 0, root, options)
        drive(strategy, runner)
        ranking = ranked(strategy, standings.space)
        if not ranking:
            raise UserError(f"strategy {name!r} ranked no architecture of the table {standings.table.name!r}.")
        return ranking[0].architecture.id

    runner = standings.runner()
    best = search(runner)
    trained = sorted(runner.trained, key=standings.index)
    held_out = [
        standings.scores[standings.index(search(standings.runner(without=seed))), place]
        for place, seed in enumerate(standings.seeds if len(standings.seeds) > 1 else ())
    ]
    return replace(found_among(trained, best, standings, runner.clock), held_out=np.array(held_out))
