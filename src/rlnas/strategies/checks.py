"""What proposals and rankings must be, checked while a search runs and by the conformance suite."""

import math
from collections.abc import Sequence

from rlnas.errors import UserError
from rlnas.quantity import plural
from rlnas.spaces import Architecture, LimitedSpace, Space
from rlnas.strategies.strategy import Evaluate, Fit, Proposal, Ranked, Train


def check_proposal(proposal: Proposal, space: Space) -> None:
    """Raises a `UserError` unless a proposal can be carried out.

    It names architectures of the space, none of them twice, and a whole amount of work.
    """
    if isinstance(proposal, Fit):
        found: Sequence[Architecture] = [proposal.path]
        amount, unit = proposal.iterations, "iterations"
    elif isinstance(proposal, Evaluate):
        found = proposal.paths
        amount, unit = proposal.episodes, "episodes"
        if proposal.done < 0 or proposal.done + len(found) > proposal.total:
            raise UserError(f"{proposal} counts more architectures than its total.")
    elif isinstance(proposal, Train):
        found, amount, unit = proposal.architectures, 1 if proposal.seeds is None else proposal.seeds, "seeds"
        steps = 1 if proposal.steps is None else proposal.steps
        if not isinstance(steps, int) or steps < 1:
            raise UserError(f"trainings must pause after whole steps, at least 1, not {steps!r}.")
    else:
        raise UserError(f"ask() must return a Fit, Evaluate or Train, or None, not {proposal!r}.")
    if not isinstance(amount, int) or amount < 1:
        raise UserError(f"a proposal must ask for whole {unit}, at least 1, not {amount!r}.")
    if not found:
        raise UserError(f"a proposal must name an architecture, but {proposal} names none.")
    for architecture in found:
        if not isinstance(architecture, Architecture):
            raise UserError(f"a proposal must name architectures of the space, not {architecture!r}.")
        if architecture not in space:
            raise _outside("a proposal", architecture, space)
    if len(set(found)) < len(found):
        raise UserError(f"a proposal must not name an architecture twice: {proposal}.")


def training_seeds(proposal: Train, seeds: Sequence[int], budget: int) -> Sequence[int]:
    """The seeds that a proposal names, of those of a study.

    Raises a `UserError` if it names more seeds than there are, or more steps than a training has, the `budget`.
    """
    if proposal.seeds is not None and proposal.seeds > len(seeds):
        raise UserError(
            f"the strategy trains with {plural(proposal.seeds, 'seed')}, and the search has {len(seeds)}: raise "
            "--train-seeds."
        )
    if proposal.steps is not None and proposal.steps > budget:
        raise UserError(f"the strategy trains for {proposal.steps:,} steps, and a training has {budget:,}.")
    return seeds[: proposal.seeds]


def check_ranking(ranking: Sequence[Ranked], space: Space) -> None:
    """Raises a `UserError` unless a ranking is in order, of the space, without repetition, with finite proxies."""
    for entry in ranking:
        if not isinstance(entry, Ranked) or not isinstance(entry.architecture, Architecture):
            raise UserError(f"rank() must return a list of Ranked, not of {entry!r}.")
        if entry.architecture not in space:
            raise _outside("rank()", entry.architecture, space)
        if not isinstance(entry.proxy, (int, float)) or not math.isfinite(entry.proxy):
            raise UserError(f"rank() must give finite proxies, but that of {entry.architecture.id} is {entry.proxy!r}.")
    if len({entry.architecture for entry in ranking}) < len(ranking):
        raise UserError("rank() must not list an architecture twice.")
    proxies = [entry.proxy for entry in ranking]
    if proxies != sorted(proxies, reverse=True):
        raise UserError("rank() must list the best first.")


def _outside(what: str, architecture: Architecture, space: Space) -> UserError:
    limits = f" ({space.limits.words()})" if isinstance(space, LimitedSpace) else ""
    return UserError(f"{what} must stay within the space{limits}, but {architecture.id!r} is not in it.")
