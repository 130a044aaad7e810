"""The one loop that runs a strategy, live or on a table."""

from __future__ import annotations

from typing import Protocol

from rlnas.search.strategy import Outcome, Proposal, Strategy


class Runner(Protocol):
    """Carries out proposals: with a supernet and emulators, with trainings from scratch, or by looking up a table."""

    def answer(self, proposal: Proposal) -> Outcome:
        """Carries out a proposal.

        Raises:
            UserError: if this runner cannot carry out proposals of its kind.
        """
        ...

    def told(self) -> None:
        """Called when the strategy has taken an outcome: the moment at which a search can be saved."""
        ...


def drive(strategy: Strategy, runner: Runner) -> None:
    """Lets a runner answer a strategy's proposals until the search is over."""
    while (proposal := strategy.ask()) is not None:
        strategy.tell(runner.answer(proposal))
        runner.told()
