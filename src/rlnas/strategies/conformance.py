"""What every strategy must do, checked: for our own strategies and for those of third parties.

A strategy that passes can be driven live or on a table, stopped anywhere and resumed. The idea is that of the test
suites for samplers that ship with Optuna.
"""

import json
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from rlnas.errors import UserError
from rlnas.spaces import Activation, Architecture, Choice, LimitedSpace, Limits, Linear, Space
from rlnas.strategies.checks import check_proposal
from rlnas.strategies.checks import check_ranking as check_order
from rlnas.strategies.strategy import Evaluate, Fit, Outcome, Proposal, Ranked, Strategy, Train

Make = Callable[[Space, int, int], Strategy]
"""Makes a fresh strategy from a space, a budget of iterations and a seed."""

ENOUGH = 20
"""In a space of so many architectures, two seeds are not expected to search alike."""


def check_strategy(
    make: Make, spaces: Iterable[Space] | None = None, iterations: int = 57, limit: int = 10_000
) -> None:
    """Puts a strategy through all checks, on several spaces; the first that fails is an `AssertionError`.

    Args:
        make: the strategy's class, or any function that makes one.
        spaces: where to try it; by default small, of one choice, far too large to enumerate, and limited in cost.
        iterations: its budget, in iterations of the algorithm.
        limit: proposals within which a search has to end.

    Example:
        A test of your own strategy is one line:

        >>> from rlnas.strategies import SPOS, RandomSearch, SPOSSettings, check_strategy
        >>> check_strategy(RandomSearch)

        Options go in through a function; a budget that keeps the check short is a good one:

        >>> options = SPOSSettings(eval_budget=12, population=6)
        >>> check_strategy(lambda space, iterations, seed: SPOS(space, iterations, seed, options))

        With pytest, `parametrize` over `CHECKS` and `example_spaces()` makes each check a test, and lets one be left
        out: a strategy that draws no lots has no use for `check_seeds`.

        >>> for check in CHECKS:
        ...     check(Bench(RandomSearch, example_spaces()[0]))
    """
    for space in example_spaces() if spaces is None else spaces:
        for check in CHECKS:
            check(Bench(make, space, iterations, limit=limit))


def example_spaces() -> tuple[Space, Space, Space, Space, Space]:
    """Spaces that differ in what a strategy may trip over.

    24 architectures whose choices differ in the number of options; a single choice; 20^9 architectures; and the first
    and the last of these within limits of cost that no single choice decides.
    """
    mixed = [Linear(Choice("width", (4, 8, 16))), Activation(Choice("act", ("relu", "tanh")))]
    mixed.append(Linear(Choice("out", range(1, 5))))
    wide = [Linear(Choice(f"w{n}", range(1, 21))) for n in range(9)]
    return (
        Space("small", (4,), mixed),
        Space("one-choice", (4,), mixed[:1]),
        Space("large", (4,), wide),
        LimitedSpace(Space("small-limited", (4,), mixed), Limits(max_params=100)),
        LimitedSpace(Space("large-limited", (4,), wide), Limits(max_params=1_700)),
    )


@dataclass
class SyntheticRunner:
    """Makes up outcomes: a score of the architecture, and noise that depends on the turn and nothing else."""

    space: Space
    turn: int = 0  # proposals answered so far; a search that is resumed goes on from there
    unlucky: bool = False  # whether no game ends during a `Fit`, and every second training of a `Train` fails

    def answer(self, proposal: Proposal) -> Outcome:
        """The outcome of a proposal, the same at every call."""
        if isinstance(proposal, Fit):
            score = self.score(proposal.path)
            games = 0 if self.unlucky else 1 + self._noise("games") % 2
            return Outcome(((score,) * games,), running=score / 2)
        if isinstance(proposal, Evaluate):
            return Outcome(tuple((self.score(path),) * proposal.episodes for path in proposal.paths))
        seeds = proposal.seeds or 1
        failed = [self.unlucky and (self.turn + n) % 2 == 0 for n in range(len(proposal.architectures))]
        returns = tuple(
            () if lost else (self.score(architecture),) * seeds
            for architecture, lost in zip(proposal.architectures, failed, strict=True)
        )
        return Outcome(returns, reward_means=returns)

    def told(self) -> None:
        """Goes to the next turn."""
        self.turn += 1

    def score(self, architecture: Architecture) -> float:
        """Later options are better, give or take one."""
        return sum(self.space.indices(architecture)) + self._noise(architecture.id) % 1_000 / 1_000

    def _noise(self, name: str) -> int:
        return zlib.crc32(f"{self.turn}:{name}".encode())


@dataclass(frozen=True)
class Bench:
    """A strategy on the bench: what makes it, and what it is tried on."""

    make: Make
    space: Space
    iterations: int = 57
    seed: int = 1
    limit: int = 10_000  # proposals within which a search has to end

    def require(self, holds: bool, sentence: str) -> None:
        """Raises the error of a check that fails."""
        if not holds:  # not by `assert`, which python -O leaves out
            raise AssertionError(f"on space {self.space.name!r}: {sentence}")

    def fresh(self, seed: int | None = None) -> Strategy:
        """A new strategy."""
        return self.make(self.space, self.iterations, self.seed if seed is None else seed)

    def turns(self, strategy: Strategy, runner: SyntheticRunner) -> Iterator[Proposal]:
        """Drives a strategy to its end; gives each proposal, which was checked, once the strategy knows the outcome."""
        for _ in range(self.limit):
            proposal = strategy.ask()
            if proposal is None:
                return
            with self.kept():
                check_proposal(proposal, self.space)
            strategy.tell(runner.answer(proposal))
            runner.told()
            yield proposal
        over = strategy.ask() is None
        self.require(over, f"the search must end, but goes on after {self.limit} proposals.")

    def drive(self, strategy: Strategy, runner: SyntheticRunner | None = None) -> list[Proposal]:
        """Drives a strategy to its end; returns its proposals."""
        return list(self.turns(strategy, runner or SyntheticRunner(self.space)))

    def search(self, seed: int | None = None) -> tuple[list[Proposal], list[Ranked]]:
        """The proposals and the ranking of a whole search."""
        strategy = self.fresh(seed)
        return self.drive(strategy), strategy.rank()

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Turns a `UserError` into the error of a check."""
        try:
            yield
        except UserError as error:
            raise AssertionError(f"on space {self.space.name!r}: {error}") from None

    @contextmanager
    def requires(self, sentence: str) -> Iterator[None]:
        """Turns what a strategy raises into the error of a check."""
        try:
            yield
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"on space {self.space.name!r}: {sentence}, but: {error!r}.") from error

    def as_json(self, state: dict[str, Any]) -> str:
        """A state as JSON text."""
        with self.requires("state_dict() must be plain data that JSON can hold"):
            return json.dumps(state, sort_keys=True)

    def rank(self, strategy: Strategy) -> list[Ranked]:
        """A strategy's ranking, which was checked."""
        with self.requires("rank() must work at any time"):
            ranking = strategy.rank()
        with self.kept():
            check_order(ranking, self.space)
        return ranking


def check_proposals(bench: Bench) -> None:
    """Proposals are of the space, never empty, within the budget; and they come to an end."""
    for budget in (1, bench.iterations):
        trial = replace(bench, iterations=budget)
        strategy = trial.fresh()
        proposals = trial.drive(strategy)
        bench.require(strategy.ask() is None, "ask() must go on returning None when the search is over.")
        spent = sum(proposal.iterations for proposal in proposals if isinstance(proposal, Fit))
        bench.require(spent <= budget, f"the fits take {spent} iterations, but the budget is {budget}.")


def check_ranking(bench: Bench) -> None:
    """Rankings are in order, at any time; at the end they hold as many architectures as `coverage` says."""
    strategy, runner = bench.fresh(), SyntheticRunner(bench.space)
    bench.rank(strategy)
    for _ in bench.turns(strategy, runner):
        if _is_sampled(runner.turn):
            bench.rank(strategy)
    size, coverage = len(bench.rank(strategy)), strategy.coverage
    bench.require(size == coverage, f"the final ranking holds {size} architectures, but coverage says {coverage}.")
    sentences = all(isinstance(remark, str) for remark in strategy.remarks())
    bench.require(sentences, "remarks() must be sentences.")


def check_bad_luck(bench: Bench) -> None:
    """A search survives fits in which no game ends, and trainings that fail."""
    strategy = bench.fresh()
    with bench.requires("a search must survive fits in which no game ends, and trainings that fail"):
        proposals = bench.drive(strategy, SyntheticRunner(bench.space, unlucky=True))
        strategy.rank()
    size, coverage = len(bench.rank(strategy)), strategy.coverage
    trained = any(isinstance(proposal, Train) for proposal in proposals)
    bench.require(
        size == coverage or (trained and size < coverage),
        f"where no game ends during the fits, the final ranking holds {size} architectures, but coverage says "
        f"{coverage}.",
    )


def check_repeatable(bench: Bench) -> None:
    """The same seed gives the same search."""
    (proposals, ranking), (again, ranking_again) = bench.search(), bench.search()
    bench.require(proposals == again, "two searches with the same seed must propose the same.")
    bench.require(ranking == ranking_again, "two searches with the same seed must rank the same.")


def check_seeds(bench: Bench) -> None:
    """Other seeds give other searches, where the space has room for them."""
    if bench.space.size < ENOUGH:
        return
    first, *others = (bench.search(seed) for seed in range(bench.seed, bench.seed + 4))
    differ = any(other != first for other in others)
    bench.require(differ, "another seed must give another search, but four seeds search alike.")


def check_questions(bench: Bench) -> None:
    """Asking, ranking and saving change nothing; a saved state stays as it was."""
    strategy, runner = bench.fresh(), SyntheticRunner(bench.space)
    while runner.turn < bench.limit:
        state = strategy.state_dict()
        before = bench.as_json(state)
        proposal = strategy.ask()
        bench.require(proposal == strategy.ask(), "ask() must return the same until tell() is called.")
        if _is_sampled(runner.turn):
            same = strategy.rank() == strategy.rank()
            bench.require(same, "rank() must return the same until tell() is called.")
        now = bench.as_json(strategy.state_dict())
        bench.require(now == before, "ask() and rank() must not change the state.")
        if proposal is None:
            return
        strategy.tell(runner.answer(proposal))
        runner.told()
        kept = bench.as_json(state) == before
        bench.require(kept, "state_dict() must return a copy, but a later tell() changed it.")
        changed = bench.as_json(strategy.state_dict()) != before
        bench.require(changed, "tell() must change what state_dict() returns: the whole state has to be in it.")


def check_resume(bench: Bench) -> None:
    """A search that goes on from a saved state, in a fresh strategy, is the search that was never stopped."""
    whole, runner = bench.fresh(), SyntheticRunner(bench.space)
    states = [bench.as_json(whole.state_dict())]
    expected: list[Proposal] = []
    for proposal in bench.turns(whole, runner):
        expected.append(proposal)
        states.append(bench.as_json(whole.state_dict()))
    ranking = whole.rank()
    for turn in _cuts(expected):
        resumed, state = bench.fresh(), json.loads(states[turn])
        at = f"after {turn} proposals"
        with bench.requires("load_state_dict() must take what state_dict() gave, by way of JSON"):
            resumed.load_state_dict(state)
        loaded = bench.as_json(resumed.state_dict())
        bench.require(loaded == states[turn], f"{at}: the state that was loaded must be the state that is saved.")
        rest = bench.drive(resumed, SyntheticRunner(bench.space, turn))
        bench.require(rest == expected[turn:], f"{at}: a resumed search must propose what an undisturbed one does.")
        bench.require(resumed.rank() == ranking, f"{at}: a resumed search must rank as an undisturbed one does.")
        kept = bench.as_json(state) == states[turn]
        bench.require(kept, "load_state_dict() must copy the state that it is given, but the search changed it.")


def _is_sampled(turn: int) -> bool:
    """Every turn at first, then fewer and fewer: a ranking may take a while."""
    return turn < 8 or turn & (turn - 1) == 0


def _cuts(proposals: Sequence[Proposal]) -> list[int]:
    """Where to stop a search: around its ends, around each change of the kind of proposal, and in between."""
    count = len(proposals)
    found = {0, 1, 2, count - 1, count, *(count * part // 5 for part in range(1, 5))}
    for turn in range(1, count):
        if type(proposals[turn]) is not type(proposals[turn - 1]) and len(found) < 20:
            found |= {turn, turn + 1}
    return sorted(turn for turn in found if 0 <= turn <= count)


CHECKS: tuple[Callable[[Bench], None], ...] = (
    check_proposals,
    check_ranking,
    check_bad_luck,
    check_repeatable,
    check_seeds,
    check_questions,
    check_resume,
)
"""Every check that `check_strategy` makes."""
