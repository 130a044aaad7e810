"""Spaces of which some architectures are left out, by name or by limits on what they may cost."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from rlnas import seeding
from rlnas.errors import UserError, unknown
from rlnas.spaces.choice import Architecture, Option
from rlnas.spaces.space import Space

DRAWS = 10_000
"""Random architectures that tell how many of a space too large to be listed are within limits."""
FEWEST_HITS = 10
"""So many of them must be within the limits, or sampling by rejection would take too long."""
FEWEST = 20_000
"""At least about so many architectures must be within the limits of such a space, or samples would repeat too often."""


@dataclass(frozen=True)
class Limits:
    """What an architecture may cost at most; `None` sets no limit.

    Attributes:
        max_params: trainable parameters of the encoder.
        max_multiply_adds: multiply-adds of the encoder, for one observation.
        max_latency: milliseconds of one forward pass on one observation.

    Raises:
        UserError: if a limit is not a positive number.
    """

    max_params: int | None = None
    max_multiply_adds: int | None = None
    max_latency: float | None = None

    def __post_init__(self) -> None:
        for name, limit in self.given.items():
            if isinstance(limit, np.number):
                object.__setattr__(self, name, limit := limit.item())
            if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not 0 < limit < math.inf:
                raise UserError(f"{name.replace('_', '-')} must be a number above 0, not {limit!r}.")

    @property
    def given(self) -> dict[str, int | float]:
        """The limits that are set, by name."""
        return {name: limit for name, limit in asdict(self).items() if limit is not None}

    def words(self) -> str:
        """The limits as a reader meets them: `at most 500,000 parameters and 0.5 ms of latency`."""
        return "at most " + " and ".join(_amount(name, limit) for name, limit in self.given.items())


def _amount(name: str, value: float) -> str:
    if name == "max_latency":
        return f"{value:g} ms of latency"
    return f"{value:,} {'parameters' if name == 'max_params' else 'multiply-adds'}"


def _compared(name: str, value: float, limit: float, whose: str = "") -> str:
    allowed = f"{limit:g} ms is" if name == "max_latency" else f"{limit:,} are"
    return f"{_amount(name, value)}{whose}, where at most {allowed} allowed"


class PartialSpace(Space):
    """Base of these spaces. A subclass says which architectures it has (`within`), and lists them where it can."""

    limited = True
    listed: tuple[Architecture, ...] | None
    """All of them, in the order in which they are gone through; `None` where they are too many."""
    estimated = 0
    """About how many there are, where they are not listed."""

    def within(self, architecture: Architecture) -> bool:
        """Whether the part has an architecture of the whole space."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """The number of architectures; an estimate where they are not listed."""
        return self.estimated if self.listed is None else len(self.listed)

    def __iter__(self) -> Iterator[Architecture]:
        return iter(self.listed) if self.listed is not None else filter(self.within, super().__iter__())

    def __contains__(self, architecture: object) -> bool:
        return self._valid(architecture) and self.within(architecture)

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws one of them, uniformly."""
        if self.listed is not None:
            return self.listed[int(rng.integers(len(self.listed)))]
        while True:  # it ends: a share of at least about one in a thousand was seen to be within
            architecture = super().sample(rng)
            if self.within(architecture):
                return architecture

    def admits(self, indices: Sequence[int]) -> bool:
        """Whether a list of option indices, one for each choice, names one of them."""
        return super().admits(indices) and self.within(Space.architecture(self, indices))


class Subset(PartialSpace):
    """Some of the architectures of a space, by their ids, in the order in which they are gone through.

    Example:
        >>> from rlnas.spaces import load_space
        >>> [architecture.id for architecture in Subset(load_space("minatar-1"), ["k1=5,k2=5", "k1=1,k2=1"])]
        ['k1=5,k2=5', 'k1=1,k2=1']
    """

    def __init__(self, whole: Space, names: Sequence[str]):
        super().__init__(whole.name, whole.input_shape, whole.layers)
        self._ids = {found.id: found for found in map(whole.architecture, names)}
        self.listed = tuple(self._ids.values())

    def within(self, architecture: Architecture) -> bool:
        """Whether an architecture is one of those named."""
        return architecture.id in self._ids

    def _identity(self) -> tuple[object, ...]:
        return *super()._identity(), self.listed

    def architecture(self, value: str | Mapping[str, Option] | Sequence[int]) -> Architecture:
        """See `Space.architecture`; the others of the whole space are refused."""
        found = super().architecture(value)
        if found.id not in self._ids:
            raise unknown(f"architecture of this part of space {self.name!r}:", found.id, self._ids)
        return found


class LimitedSpace(PartialSpace):
    """The architectures of a space that are within limits: what a strategy searches in place of the whole space.

    Where the whole space is `enumerable`, they are listed when it is made. Those of a larger one are sampled by
    rejection, and `size` is an estimate.

    Latencies, in milliseconds by architecture id, are needed where latency is limited: of every architecture that the
    other limits leave.

    Raises:
        UserError: if no architecture is within the limits, or too few of a space too large to enumerate; or if latency
            is limited in such a space.

    Example:
        >>> from rlnas.spaces import load_space
        >>> space = LimitedSpace(load_space("minatar-1"), Limits(max_params=44_000))
        >>> space.size, len(load_space("minatar-1"))
        (15, 25)
    """

    def __init__(self, whole: Space, limits: Limits, latencies: Mapping[str, float] | None = None):
        if whole.limited:
            raise UserError(f"space {whole.name!r} is limited already: limit the whole space.")
        super().__init__(whole.name, whole.input_shape, whole.layers)
        self.limits = limits
        self._given = limits.given  # made once: every sample is compared
        self._latencies = {} if latencies is None else dict(latencies)
        if limits.max_latency is not None and (latencies is None or not self.enumerable):
            known = "latency can be limited only where it is known of each; use max-params or max-multiply-adds"
            raise UserError(f"space {self.name!r} has {whole.size:,} architectures: {known}.")
        self.listed = self._list() if self.enumerable else None
        if self.listed is None:
            self.estimated = self._estimate(whole.size)

    def _identity(self) -> tuple[object, ...]:
        return *super()._identity(), self.limits, frozenset(self._latencies.items())

    def __repr__(self) -> str:
        return f"LimitedSpace({self.name!r}, {self.limits.words()})"

    def architecture(self, value: str | Mapping[str, Option] | Sequence[int]) -> Architecture:
        """See `Space.architecture`; one that is beyond a limit is refused, and the message says what it costs."""
        found = super().architecture(value)
        if excess := self._excess(found):
            name, cost = excess
            beyond = _compared(name, cost, self._given[name])
            raise UserError(f"architecture {found.id!r} of space {self.name!r} is beyond the limits: {beyond}.")
        return found

    def with_input(self, input_shape: Sequence[int]) -> Space:
        """See `Space.with_input`; refused where latency is limited, since latencies are those of one shape."""
        if self.limits.max_latency is not None:
            raise UserError(f"the latencies of space {self.name!r} are those of inputs of shape {self.input_shape}.")
        return LimitedSpace(Space(self.name, input_shape, self.layers), self.limits)

    def _excess(self, architecture: Architecture) -> tuple[str, float] | None:
        """The limit that the architecture is beyond, and what it costs; latency last, as it may be known of few."""
        for name, limit in self._given.items():
            cost = self._measure(name, architecture)
            if cost is None:
                raise UserError(f"no latency of architecture {architecture.id!r} of space {self.name!r} is known.")
            if cost > limit:
                return name, cost
        return None

    def within(self, architecture: Architecture) -> bool:
        """Whether an architecture is within the limits."""
        return self._excess(architecture) is None

    def _list(self) -> tuple[Architecture, ...]:
        every = list(Space.__iter__(self))
        found = tuple(filter(self.within, every))
        if not found:
            least = self._least(every, "there are")
            raise UserError(f"no architecture of space {self.name!r} is within the limits; {least}.")
        return found

    def _estimate(self, whole: int) -> int:
        rng = seeding.generator(0, "limits")
        indices = rng.integers([len(choice) for choice in self.choices], size=(DRAWS, len(self.choices)))
        drawn = [Space.architecture(self, row) for row in indices.tolist()]
        hits = sum(self.within(architecture) for architecture in drawn)
        size = whole * hits // DRAWS
        if hits >= FEWEST_HITS and size >= FEWEST:
            return size
        least = self._least([self._descend(name, drawn) for name in self._given], "that were found")
        few = f"none of {DRAWS:,} random architectures of space {self.name!r} is within the limits"
        if hits:
            few = f"only about {size:,} of the {whole:,} architectures of space {self.name!r} are within the limits, "
            few += "too few to be sampled by rejection and too many to be listed"
        raise UserError(f"{few}; {least}.")

    def _least(self, architectures: list[Architecture], known: str) -> str:
        """For each limit, the smallest cost among the architectures and whose it is, as part of a sentence."""
        parts = []
        for name, limit in self._given.items():
            costs = [(cost, a.id) for a in architectures if (cost := self._measure(name, a)) is not None]
            if costs:
                least, whose = min(costs, key=lambda pair: pair[0])
                parts.append(_compared(name, least, limit, f" ({whose})"))
        return f"the least costs {known}: {', and '.join(parts)}"

    def _measure(self, name: str, architecture: Architecture) -> float | None:
        if name == "max_latency":
            return self._latencies.get(architecture.id)
        cost = self.cost(architecture)
        return cost.parameters if name == "max_params" else cost.multiply_adds

    def _descend(self, name: str, drawn: Sequence[Architecture]) -> Architecture:
        """From the cheapest of some architectures on, takes the cheapest option of one choice after another."""

        def cost(architecture: Architecture) -> float:
            found = self._measure(name, architecture)
            assert found is not None  # latency is not limited in such a space
            return found

        best, before = min(drawn, key=cost), math.inf
        while cost(best) < before:
            before = cost(best)
            for choice in self.choices:
                near = [Space.architecture(self, {**best, choice.name: option}) for option in choice.options]
                best = min([best, *near], key=cost)
        return best


def limit(space: Space, limits: Limits, latencies: Mapping[str, float] | None = None) -> Space:
    """The part of a space within limits, see `LimitedSpace`; the space itself where no limit is set."""
    if not isinstance(limits, Limits):
        raise UserError(f"limits must be Limits, not {limits!r}.")
    return LimitedSpace(space, limits, latencies) if limits.given else space
