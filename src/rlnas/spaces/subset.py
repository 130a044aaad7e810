"""Spaces of which some architectures are left out: what a strategy searches in place of the whole."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rlnas.errors import unknown
from rlnas.spaces.architecture import Architecture
from rlnas.spaces.choice import Option
from rlnas.spaces.space import Space


class PartialSpace(Space):
    """Base of these spaces. A subclass says which architectures it has (`within`), and lists them where it can."""

    limited = True
    listed: tuple[Architecture, ...] | None
    """All of them, in the order in which they are gone through; `None` where they are too many."""

    def within(self, architecture: Architecture) -> bool:
        """Whether the part has an architecture of the whole space."""
        raise NotImplementedError

    @property
    def size(self) -> int:
        """The number of architectures."""
        assert self.listed is not None
        return len(self.listed)

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

    def __repr__(self) -> str:
        return f"Subset({self.name!r}, {self.size} architectures)"

    def architecture(self, value: str | Mapping[str, Option] | Sequence[int]) -> Architecture:
        """See `Space.architecture`; the others of the whole space are refused."""
        found = super().architecture(value)
        if found.id not in self._ids:
            raise unknown(f"architecture of this part of space {self.name!r}:", found.id, self._ids)
        return found
