"""A list of a space's architectures, as a space."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from rlnas.errors import unknown
from rlnas.spaces.architecture import Architecture
from rlnas.spaces.choice import Option
from rlnas.spaces.space import Space


class Subset(Space):
    """Some of the architectures of a space, by name: what a strategy draws from in place of the whole.

    Args:
        whole: the space.
        names: ids of its architectures, in the order in which they are gone through.

    Raises:
        UserError: if the space has no such architecture.

    Example:
        >>> from rlnas.spaces import load_space
        >>> [architecture.id for architecture in Subset(load_space("minatar-1"), ["k1=5,k2=5", "k1=1,k2=1"])]
        ['k1=5,k2=5', 'k1=1,k2=1']
    """

    limited = True

    def __init__(self, whole: Space, names: Sequence[str]):
        super().__init__(whole.name, whole.input_shape, whole.layers)
        self._kept = {found.id: found for found in map(whole.architecture, names)}

    @property
    def size(self) -> int:
        """The number of architectures."""
        return len(self._kept)

    def __iter__(self) -> Iterator[Architecture]:
        return iter(self._kept.values())

    def __contains__(self, architecture: object) -> bool:
        return isinstance(architecture, Architecture) and self._kept.get(architecture.id) == architecture

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Subset) and self.to_dict() == other.to_dict() and list(self) == list(other)

    def __hash__(self) -> int:
        return hash((super().__hash__(), *self._kept))

    def __repr__(self) -> str:
        return f"Subset({self.name!r}, {self.size} architectures)"

    def sample(self, rng: np.random.Generator) -> Architecture:
        """Draws one of them, uniformly."""
        return list(self)[int(rng.integers(self.size))]

    def architecture(self, value: str | Mapping[str, Option] | Sequence[int]) -> Architecture:
        """The architecture that an id, a dict of options, or a list of option indices names.

        Raises:
            UserError: if the space has no such architecture, or it is none of these.
        """
        found = super().architecture(value)
        if found.id not in self._kept:
            raise unknown(f"architecture of this part of space {self.name!r}:", found.id, self._kept)
        return found

    def admits(self, indices: Sequence[int]) -> bool:
        """Whether a list of option indices, one for each choice, names one of these."""
        return super().admits(indices) and super().architecture(indices) in self
