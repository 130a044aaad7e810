"""What a strategy searches: the part of a study's space that is within its limits, and whether the budget is enough."""

from dataclasses import replace
from pathlib import Path

from rlnas.errors import UserError
from rlnas.quantity import plural
from rlnas.spaces import Space, limit
from rlnas.strategies import RANDOM, Strategy
from rlnas.study.latency import check_measurable, find_latencies, read_latencies, write_latencies
from rlnas.study.settings import StudySettings
from rlnas.trials.progress import Watcher

ENOUGH_FITS = 1_000
"""In a space of more architectures, so many fits are enough: those of one architecture serve others."""


def foreseen_candidates(space: Space, settings: StudySettings) -> Space:
    """What is within the limits as far as it is known before latencies are measured.

    Raises:
        UserError: if no architecture is within the limits, or latencies cannot be had.
    """
    limits, table = settings.limits, settings.load_table()
    if limits.given and table is not None and table.remarks:
        raise UserError(f"no limits can be set on a search in this table. {' '.join(table.remarks)}")
    if limits.max_latency is None:
        return limit(space, limits)
    if table is not None:
        return limit(space, limits, find_latencies(space, limits, table))
    check_measurable(space)
    return limit(space, replace(limits, max_latency=None))


def needed_latencies(settings: StudySettings, watch: Watcher) -> dict[str, float]:
    """The latencies that the limits need, looked up or measured now; none where latency is not limited.

    Raises:
        UserError: if no architecture is within the limits.
    """
    if settings.max_latency is None:
        return {}
    space, table = settings.load_space(), settings.load_table()
    own = settings.algorithm_options.own_value_encoder
    found = find_latencies(space, settings.limits, table, watch, own_value_encoder=own)
    limit(space, settings.limits, found)
    return found


def find_candidates(path: Path, settings: StudySettings, latencies: dict[str, float], watch: Watcher) -> Space:
    """What the strategy searches. Latencies are kept in the run directory `path`, and those that are kept are used.

    `latencies` are those of `needed_latencies`; empty if they have not been found in this process.

    Raises:
        UserError: if no architecture is within the limits, or kept latencies are damaged or gone.
    """
    if settings.max_latency is None:
        return limit(settings.load_space(), settings.limits)
    file = path / "search/latency.json"
    if file.exists():
        latencies = read_latencies(file)
    elif (path / "search/checkpoint.safetensors").exists():
        raise UserError(f"the file {str(file)!r} is gone, and the search that was begun depends on it.")
    else:
        latencies = latencies or needed_latencies(settings, watch)
        write_latencies(file, latencies, settings.table.source if settings.table else None)
    return limit(settings.load_space(), settings.limits, latencies)


def doubts(settings: StudySettings, strategy: Strategy, candidates: Space) -> list[str]:
    """Why the ranking of a search will say little, a sentence for each reason, and what to do."""
    needed = min(candidates.size, ENOUGH_FITS)
    if not 0 < strategy.fits < needed:
        return []
    steps = needed * strategy.iterations_per_fit * settings.iteration_steps
    return [
        f"The budget pays for {plural(strategy.fits, 'fit')}, and there are {candidates.size:,} architectures: most "
        f"are ranked without a fit of their own, so the ranking says little. {needed:,} fits take --steps {steps}; "
        f"--strategy {RANDOM} takes no fits and trains architectures from scratch."
    ]
