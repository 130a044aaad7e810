"""An architecture: one option for every choice of a space."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from rlnas.spaces.choice import Option, spelled

FIXED_ID = "fixed"
"""The id of the one architecture of a space without choices."""


@dataclass(frozen=True)
class Architecture(Mapping[str, Option]):
    """One option for every choice, in the order of the space's choices. Build it with `Space.architecture`.

    Example:
        >>> Architecture((("k2", 4), ("k3", 5))).id
        'k2=4,k3=5'
    """

    items_: tuple[tuple[str, Option], ...]

    @property
    def id(self) -> str:
        """The short stable id, e.g. `k2=4,k3=5`; `fixed` for a space without choices."""
        return ",".join(f"{name}={spelled(option)}" for name, option in self.items_) or FIXED_ID

    def __getitem__(self, name: str) -> Option:
        return dict(self.items_)[name]

    def __iter__(self) -> Iterator[str]:
        return iter(name for name, _ in self.items_)

    def __len__(self) -> int:
        return len(self.items_)

    def __hash__(self) -> int:
        return hash(self.items_)

    def __str__(self) -> str:
        return self.id
