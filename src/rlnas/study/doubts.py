"""What can be said of a search's budget before the search starts."""

from __future__ import annotations

from rlnas.quantity import plural
from rlnas.spaces import Space
from rlnas.strategies import RANDOM, Strategy
from rlnas.study.settings import StudySettings

ENOUGH_FITS = 1_000
"""In a space of more architectures, so many fits are enough: those of one architecture serve others."""


def doubts(settings: StudySettings, strategy: Strategy, candidates: Space) -> list[str]:
    """Why the ranking of a search will say little, a sentence for each reason, and what to do.

    Args:
        settings: the study's settings.
        strategy: their strategy.
        candidates: what it searches.
    """
    needed = min(candidates.size, ENOUGH_FITS)
    if not 0 < strategy.fits < needed:
        return []
    steps = needed * strategy.iterations_per_fit * settings.iteration_steps
    return [
        f"The budget pays for {plural(strategy.fits, 'fit')}, and there are {candidates.size:,} architectures: most "
        f"are ranked without a fit of their own, so the ranking says little. {needed:,} fits take --steps {steps}; "
        f"--strategy {RANDOM} takes no fits and trains architectures from scratch."
    ]
