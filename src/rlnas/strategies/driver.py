"""The one loop that runs a strategy, live or on a table."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rlnas.errors import UserError
from rlnas.spaces import Space
from rlnas.strategies.checks import check_proposal, check_ranking
from rlnas.strategies.strategy import Outcome, Proposal, Ranked, Strategy


class Runner(Protocol):
    """Carries out proposals: with a supernet and emulators, with trainings from scratch, or by looking up a table."""

    space: Space
    """What is searched; every proposal must stay within it."""

    def answer(self, proposal: Proposal) -> Outcome:
        """Carries out a proposal; raises a `UserError` if this runner cannot carry out its kind."""
        ...

    def told(self) -> None:
        """Called when the strategy has taken an outcome: the moment at which a search can be saved."""
        ...


def drive(strategy: Strategy, runner: Runner) -> None:
    """Lets a runner answer a strategy's proposals until the search is over; raises a `UserError` for a bad one."""
    while (proposal := strategy.ask()) is not None:
        with checking(strategy):
            check_proposal(proposal, runner.space)
        strategy.tell(runner.answer(proposal))
        runner.told()


def ranked(strategy: Strategy, space: Space) -> list[Ranked]:
    """The ranking of a strategy; raises a `UserError` if it is none (`check_ranking`)."""
    ranking = strategy.rank()
    with checking(strategy):
        check_ranking(ranking, space)
    return ranking


@contextmanager
def checking(strategy: Strategy) -> Iterator[None]:
    """Names the strategy in what a check says."""
    try:
        yield
    except UserError as error:
        raise UserError(
            f"strategy {type(strategy).__name__} breaks the contract of rlnas.strategies.Strategy: {error}"
        ) from None
