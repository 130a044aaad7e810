"""What proposals and rankings must be, checked while a search runs and by the conformance suite."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rlnas.errors import UserError
from rlnas.quantity import plural
from rlnas.spaces import Architecture, LimitedSpace, Space
from rlnas.strategies.strategy import Evaluate, Fit, Proposal, Ranked, Train


def check_proposal(proposal: Proposal, space: Space) -> None:
    """Makes sure that a proposal can be carried out.

    Args:
        proposal: what `ask` returned.
        space: what is searched.

    Raises:
        UserError: if it is no proposal, names nothing or something twice, leaves the space, or asks for nothing whole.
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
            raise UserError(
                f"a proposal must stay within the space{_limits(space)}, but {architecture.id!r} is not in it."
            )
    if len(set(found)) < len(found):
        raise UserError(f"a proposal must not name an architecture twice: {proposal}.")


def training_seeds(proposal: Train, seeds: Sequence[int], budget: int) -> Sequence[int]:
    """The seeds that a proposal names, of those of a study.

    Raises:
        UserError: if it names more seeds than there are, or more steps than a training has.
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
    """Makes sure that a ranking is one.

    Args:
        ranking: what `rank` returned.
        space: what is searched.

    Raises:
        UserError: if it leaves the space, lists something twice, is out of order, or a proxy is no finite number.
    """
    for entry in ranking:
        if not isinstance(entry, Ranked) or not isinstance(entry.architecture, Architecture):
            raise UserError(f"rank() must return a list of Ranked, not of {entry!r}.")
        if entry.architecture not in space:
            where = f"the space{_limits(space)}"
            raise UserError(f"rank() must stay within {where}, but {entry.architecture.id!r} is not in it.")
        if not isinstance(entry.proxy, (int, float)) or not math.isfinite(entry.proxy):
            raise UserError(f"rank() must give finite proxies, but that of {entry.architecture.id} is {entry.proxy!r}.")
    if len({entry.architecture for entry in ranking}) < len(ranking):
        raise UserError("rank() must not list an architecture twice.")
    proxies = [entry.proxy for entry in ranking]
    if proxies != sorted(proxies, reverse=True):
        raise UserError("rank() must list the best first.")


def _limits(space: Space) -> str:
    return f" ({space.limits.words()})" if isinstance(space, LimitedSpace) else ""
