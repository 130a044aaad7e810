"""The kinds of arguments that public functions take, and the check of a call.

A kind is a type with its check and its form on the command line, such as `Count`. Command line, files and Python meet
the same checks. A number may be NumPy's or written as text, one name may stand for a list of names; True is no number.
"""

import contextlib
import functools
import inspect
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from numbers import Integral, Real
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

from pydantic import PlainValidator, TypeAdapter, ValidationError

from rlnas.errors import UserError, shown
from rlnas.quantity import parse_steps

P = ParamSpec("P")
T = TypeVar("T")

LONGEST_TEXT = 4_000
LONGEST_NAME, LONGEST_PATH = 255, 4_000
"""Bytes of a file's name and of a path that file systems take."""


class Refusal(ValueError):
    """An argument that is not allowed, with what is, and a sentence on what to do."""

    def __init__(self, allowed: str, hint: str = ""):
        super().__init__(allowed)
        self.hint = hint


def plain(value: object) -> object:
    """A number of NumPy's as Python's own; anything else as it is."""
    item = getattr(value, "item", None)
    return item() if type(value).__module__ == "numpy" and callable(item) and getattr(value, "ndim", 1) == 0 else value


def whole(least: int, most: int) -> PlainValidator:
    """The check of a whole number."""
    allowed = f"a whole number from {least:,} to {most:,}"

    def check(value: object) -> int:
        if isinstance(value, str) and len(value) < 20 and value.removeprefix("-").isdecimal():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, Integral) or not least <= int(value) <= most:
            raise Refusal(allowed)
        return int(value)

    return PlainValidator(check)


def _steps(value: object) -> int:
    try:
        return parse_steps(value)  # type: ignore[arg-type]
    except UserError as error:
        raise Refusal(str(error).partition("must be ")[2].partition(", not ")[0]) from None


def _number(value: object) -> float:
    try:
        number = math.nan if isinstance(value, bool) or not isinstance(value, Real | str) else float(value)
    except (ValueError, OverflowError):
        number = math.nan
    if not math.isfinite(number):
        raise Refusal("a finite number")
    return number


def that(allowed: str, holds: Callable[[Any], bool]) -> PlainValidator:
    """The check of a value that is taken as it is."""

    def check(value: object) -> object:
        if not holds(own := plain(value)):
            raise Refusal(allowed)
        return own

    return PlainValidator(check)


def check_text(value: object) -> str:
    """A name; raises a `Refusal` if it is none."""
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT or "\0" in value:
        raise Refusal(f"a name of at most {LONGEST_TEXT:,} characters")
    return value


def _env(value: object) -> str:
    if isinstance(value, str):
        return check_text(value)
    spec = getattr(value, "spec", None) or value
    own = None if isinstance(spec, type) else getattr(spec, "id", None)
    hint = "Register it in a module (gymnasium.register), and name that module with imports=[...]."
    raise Refusal(
        "the id of a registered environment, such as 'CartPole-v1'",
        f"Its id is {own!r}." if isinstance(own, str) else hint if isinstance(value, type) or spec is not value else "",
    )


def check_place(value: object) -> Path:
    """The path that a text or a path object names; raises a `Refusal` if no file can have it."""
    try:
        text = os.fspath(value)  # type: ignore[call-overload]
    except TypeError:
        text = None
    if not isinstance(text, str) or not text or "\0" in text:
        raise Refusal("a path")
    path = Path(text)
    try:
        length, *names = map(len, map(os.fsencode, (text, *path.parts)))
    except UnicodeError:
        raise Refusal("a path that the file system can spell") from None
    if length > LONGEST_PATH or any(name > LONGEST_NAME for name in names):
        raise Refusal(f"a path of names of at most {LONGEST_NAME} bytes, {LONGEST_PATH:,} in all")
    return path


def _architecture(value: object) -> str | dict[str, Any]:
    if isinstance(value, str):
        return check_text(value)
    if not isinstance(value, Mapping):
        raise Refusal("the id of an architecture, or a dict of its options")
    return {name: plain(option) for name, option in value.items()}


def _options(value: object) -> dict[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise Refusal("a dict of options by their names")
    return dict(value)


def several(
    check: Callable[[object], Any], allowed: str, *, twice: str = "refuse", one: tuple[type, ...] = (str, os.PathLike)
) -> PlainValidator:
    """The check of a list by that of its items; an item of one of the types `one` may stand for a list.

    Args:
        check: of an item.
        allowed: what is allowed, in words.
        twice: `"refuse"`, `"drop"` or `"keep"` an item that is named again.
        one: the types.
    """

    def check_all(value: object) -> tuple[Any, ...]:
        array: Any = value if hasattr(value, "tolist") else None
        items = [value] if isinstance(value, one) else value if array is None else array.tolist()
        # Of a set, the order is that of chance.
        if isinstance(items, bytes | bytearray | str | Mapping | Set) or not isinstance(items, Iterable):
            raise Refusal(allowed)
        found = []
        for item in items:
            try:
                new = check(item)
            except Refusal as error:
                raise Refusal(allowed, error.hint) from None
            if twice != "keep" and new in found:
                if twice == "refuse":
                    raise Refusal(f"{allowed}, each named once")
                continue
            found.append(new)
        return tuple(found)

    return PlainValidator(check_all)


@dataclass(frozen=True)
class Form:
    """How a kind looks on the command line; what has no form is no option there."""

    metavar: str  # stands for a value in the help
    many: bool = False  # several values may follow
    positional: bool = False  # the value stands without a flag
    flag: str = ""  # the flag's name, if it is not the argument's
    short: bool = False  # numbers may be written as 10M
    values: str = ""  # a sentence on values that come from a table


NAMES = Form("NAME", many=True)

Count = Annotated[int, whole(1, 1_000_000), Form("N")]
CountFromZero = Annotated[int, whole(0, 1_000_000), Form("N")]
SeedCount = Annotated[int, whole(1, 10_000), Form("N")]
Seed = Annotated[int, whole(0, 10**15), Form("N")]
Processes = Annotated[int, whole(1, 1_024), Form("N")]
Steps = Annotated[int | str, PlainValidator(_steps), Form("N", short=True)]
Number = Annotated[float, PlainValidator(_number), Form("X")]
Flag = Annotated[bool, that("True or False", lambda value: isinstance(value, bool)), Form("")]
Text = Annotated[str, PlainValidator(check_text), Form("NAME")]
CommandLine = Annotated[str, that("a command line", lambda value: isinstance(value, str))]
Env = Annotated[str, PlainValidator(_env), Form("ENV")]
Envs = Annotated[
    str | Sequence[str], several(_env, "ids of registered environments", one=(str,)), Form("ENV", many=True)
]
Names = Annotated[str | Sequence[str], several(check_text, "a list of names"), NAMES]
Modules = Annotated[
    str | Sequence[str],
    several(check_text, "a list of names of modules", twice="drop"),
    Form("MODULE", many=True, flag="import"),
]
Place = Annotated[str | Path, PlainValidator(check_place), Form("PATH")]
Places = Annotated[Sequence[str | Path], several(check_place, "a list of paths"), Form("PATH", many=True)]
RunPlace = Annotated[Place, Form("RUN", positional=True)]
Seeds = Annotated[
    Sequence[int], several(whole(0, 2**63 - 1).func, "a list of whole numbers of at least 0"), Form("SEED", many=True)
]
Architecture = Annotated[str | Mapping[str, Any], PlainValidator(_architecture), Form("ID")]
Options = Annotated[Mapping[str, Any], PlainValidator(_options), Form("NAME=VALUE", many=True)]
Watch = Annotated[Callable[[Any], None], that("a function that takes a Progress", callable)]
TrialBackend = Annotated[
    Any, that("a backend (rlnas.trials.backend)", lambda value: callable(getattr(value, "submit", None)))
]


def check(name: str, kind: TypeAdapter[Any], value: object) -> Any:
    """What a kind makes of an argument; raises a `UserError` with argument, value and what is allowed instead."""
    try:
        return kind.validate_python(value)
    except ValidationError as error:
        why = next(one["ctx"]["error"] for one in error.errors() if one["type"] == "value_error")
        raise UserError(f"{name.replace('_', '-')} must be {why}, not {shown(value)}. {why.hint}".strip()) from None


def checked_call(function: Callable[P, T]) -> Callable[P, T]:
    """Checks the arguments of every call by the kinds in the signature; the function gets what the kinds make of them.

    A kind whose class loads late, and so cannot be found here, is not checked: its values come from rlnas itself.
    """
    signature = inspect.signature(function)

    @functools.cache
    def kinds() -> dict[str, TypeAdapter[Any]]:
        found: dict[str, Any] = {}
        for name, parameter in signature.parameters.items():
            kind = parameter.annotation
            with contextlib.suppress(NameError):
                found[name] = eval(kind, function.__globals__) if isinstance(kind, str) else kind
        return {name: TypeAdapter(kind) for name, kind in found.items() if "PlainValidator" in repr(kind)}

    @functools.wraps(function)
    def call(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = signature.bind(*args, **kwargs)
        for name, kind in kinds().items():
            if name in bound.arguments:
                bound.arguments[name] = check(name, kind, bound.arguments[name])
        return function(*bound.args, **bound.kwargs)

    return call
