"""A choice, a named parameter with a finite list of options, and an architecture, one option for every choice."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

from rlnas.errors import UserError, shown
from rlnas.kinds import checked_call, plain, several

Option = int | str | bool
T = TypeVar("T", bound=Option | float)

Options = Annotated[Sequence[Option], several(plain, "a list of options", twice="keep", one=())]


@dataclass(frozen=True)
class Choice:
    """A named parameter with a finite list of options.

    Args:
        name: lower-case letters, digits and underscores; it becomes part of the architecture's id.
        options: the values that the parameter may take, in a fixed order.

    Raises:
        UserError: if the name cannot stand in an id, or the options are empty, repeated or of another type.

    Example:
        >>> Choice("k2", [1, 3, 5]).options
        (1, 3, 5)
    """

    name: str
    options: tuple[Option, ...]

    @checked_call
    def __init__(self, name: str, options: Options):
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            use = "use lower-case letters, digits and underscores, a letter first"
            raise UserError(f"a choice cannot be called {shown(name)}: {use}.")
        values = tuple(options)
        if not values:
            raise UserError(f"choice {name!r} has no options: give it at least one.")
        for value in values:
            if not isinstance(value, int | str) or not re.fullmatch(r"[A-Za-z0-9_+-]+", str(value)):
                use = "use whole numbers, true/false, or words of letters, digits, '_', '+' and '-'"
                raise UserError(f"option {shown(value)} of choice {name!r} is not allowed: {use}.")
        if len({str(value).lower() for value in values}) != len(values) or len(set(values)) != len(values):
            raise UserError(f"choice {name!r} lists an option twice: {list(values)}.")
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "options", values)

    def __len__(self) -> int:
        return len(self.options)


def spelled(option: Option) -> str:
    """An option as ids spell it."""
    return str(option).lower() if isinstance(option, bool) else str(option)


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


def resolve(parameter: T | Choice, values: dict[str, Option]) -> T:
    """The value of a layer's parameter under the chosen options: itself, or the option of its choice."""
    return values[parameter.name] if isinstance(parameter, Choice) else parameter  # type: ignore[return-value]


def values_of(parameter: T | Choice) -> tuple[T, ...]:
    """All values that a layer's parameter can take."""
    return parameter.options if isinstance(parameter, Choice) else (parameter,)  # type: ignore[return-value]


def widest(parameter: int | Choice) -> int:
    """The largest value that a width can take."""
    return max(map(int, values_of(parameter)))
