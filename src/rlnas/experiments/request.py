"""What the user asks for: a frozen class per command, whose fields are its options, each written once.

The command line, the Python function, the reference page, a file of options and the command that repeats a run are all
made from the class. A field has a kind (`rlnas.kinds`), a default, and a sentence in the docstring below it, which
names other options as `top_k`.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import shlex
import sys
import tomllib
import typing
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from pathlib import Path
from typing import Any, ParamSpec, Protocol, Self, TypeVar

from pydantic import TypeAdapter

from rlnas.errors import UserError, unknown
from rlnas.files import write_bytes
from rlnas.kinds import Form, Modules, check
from rlnas.processes import absolute, settled
from rlnas.quantity import exact
from rlnas.spaces import Space, in_catalogue
from rlnas.spaces.toml import toml_key, toml_value
from rlnas.spaces.words import value_text

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


@dataclass(frozen=True)
class Option:
    """A field of a request."""

    name: str  # the argument in Python
    annotation: Any  # its kind
    default: Any  # `MISSING` if there is none
    form: Form | None  # None: an argument of Python alone
    words: str  # the sentence about it

    def check(self, value: object) -> Any:
        """What its kind makes of a value; raises a `UserError` if the value is not of the kind."""
        return check(self.name, _adapter(self.annotation), value)

    @property
    def flag(self) -> str:
        """How the command line shows its name."""
        return self.form.metavar if self.form and self.form.positional else f"--{self.key}"

    @property
    def key(self) -> str:
        """Its name in a file of options."""
        return ((self.form and self.form.flag) or self.name).replace("_", "-")

    @property
    def takes_pairs(self) -> bool:
        """Whether its values are pairs `NAME=VALUE`."""
        return self.form is not None and self.form.metavar == "NAME=VALUE"

    def spell(self, value: object) -> list[str]:
        """The words of the command line that stand for a value."""
        form = self.form or Form("")
        if isinstance(value, Mapping):
            pairs = [f"{name}={value_text(one)}" for name, one in value.items()]
            return pairs if form.many else [",".join(pairs)]
        if isinstance(value, list | tuple):
            return [word for one in value for word in self.spell(one)]
        if isinstance(value, Space):
            return [value.name if in_catalogue(value) else "SPACE.toml"]
        return [exact(value) if form.short and isinstance(value, int) else str(value)]


_adapter = functools.cache(TypeAdapter)


def options_of(request: type[Any]) -> dict[str, Option]:
    """The options of a request: those without a flag first, then its own, then those that it shares with others."""
    cached: Any = _options_of  # a class is hashable, which mypy does not know
    return cached(request)


@functools.cache
def _options_of(request: Any) -> dict[str, Option]:
    mro = request.__mro__
    hints = typing.get_type_hints(request, include_extras=True)
    owners = {name: owner for owner in reversed(mro) for name in vars(owner).get("__annotations__", {})}
    found = {}
    for field in sorted(fields(request), key=lambda field: field.kw_only and 1 + mro.index(owners[field.name])):
        form = _form(hints[field.name])
        words = next((own[field.name] for owner in mro if field.name in (own := _sentences(owner))), "")
        words = f"{words} {form.values}".strip() if form is not None else words
        found[field.name] = Option(field.name, hints[field.name], field.default, form, words)
    return found


def _form(hint: Any) -> Form | None:
    """The form that an annotation holds; of several the last, which is the outermost."""
    own = [one for one in getattr(hint, "__metadata__", ()) if isinstance(one, Form)]
    inner = [form for part in typing.get_args(hint) if (form := _form(part)) is not None]
    found = own or inner
    return found[-1] if found else None


@functools.cache
def _sentences(owner: type) -> dict[str, str]:
    """The docstrings below the fields of a class, which Python itself does not keep."""
    if not is_dataclass(owner):
        return {}
    statements = _syntax(sys.modules[owner.__module__].__file__ or "").body
    body = next((one.body for one in statements if isinstance(one, ast.ClassDef) and one.name == owner.__name__), [])
    return {
        field.target.id: " ".join(below.value.value.split())
        for field, below in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant) and isinstance(below.value.value, str)
    }


@functools.cache
def _syntax(file: str) -> ast.Module:
    return ast.parse(Path(file).read_text(encoding="utf-8"))


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a user asks of a command. Values are checked, and changed to what their kinds make of them."""

    words: typing.ClassVar[str]
    """The words that call the command."""

    imports: Modules = ()
    """Modules of your own: they register environments or strategies, or hold layers. They are code, so a run or a table
    that needs some is opened only if they are named."""

    def __post_init__(self) -> None:
        for name, option in options_of(type(self)).items():
            object.__setattr__(self, name, option.check(getattr(self, name)))

    @classmethod
    def like(cls, other: Request, **changes: object) -> Self:
        """A request with the options that another one has too, changed."""
        return cls(
            **{name: getattr(other, name) for name in options_of(type(other)) if name in options_of(cls)} | changes
        )

    def changed(self) -> list[tuple[Option, Any]]:
        """The options of the command line that are not at their defaults, with their values."""
        found = [(option, getattr(self, name)) for name, option in options_of(type(self)).items() if option.form]
        return [
            (option, value)
            for option, value in found
            if option.default is MISSING or value != (option.default and option.check(option.default))
        ]

    def command(self) -> str:
        """The command line that asks for the same; `SPACE.toml` stands for a space that is not in the catalogue."""
        words = ["rlnas", *self.words.split()]
        for option, value in self.changed():
            if isinstance(value, bool):
                words.append(option.flag if value else option.flag.replace("--", "--no-", 1))
            elif value is not None:
                words += [*[option.flag] * option.flag.startswith("--"), *option.spell(value)]
        return shlex.join(words)

    def save(self, path: str | Path) -> None:
        """Writes the options that are not at their defaults to a new TOML file, which `read_options` reads.

        Raises:
            UserError: if there is such a file, its name does not end in .toml, or an option has no form in TOML.
        """
        file = absolute(path)
        if file.suffix != ".toml" or file.exists():
            raise UserError(f"options are written to a new file that ends in .toml, not to {str(path)!r}.")
        lines, tables = [], []
        for option, value in self.changed():
            if isinstance(value, Space) and not in_catalogue(value):
                raise UserError(
                    f"the space {value.name!r} is not in the catalogue: write it to a TOML file, and name that file."
                )
            if isinstance(value, Mapping):
                named = {key: "none" if one is None else one for key, one in value.items()}
                rows = [f"{toml_key(key)} = {toml_value(one)}\n" for key, one in named.items()]
                tables.append(f"\n[{option.key}]\n" + "".join(rows))
            elif value is not None:
                words = option.spell(value)
                plain = value if isinstance(value, int | float) else words if isinstance(value, tuple) else words[0]
                lines.append(f"{option.key} = {toml_value(plain)}\n")
        try:
            write_bytes(file, "".join(lines + tables).encode("utf-8"))
        except (OSError, UnicodeEncodeError) as error:
            raise UserError(f"the file {str(path)!r} cannot be written: {error}.") from None


def read_options(request: type[Any], path: str | Path) -> dict[str, object]:
    """The options in a TOML file, by their arguments; raises a `UserError` for one that the request does not have.

    Their values are not checked yet.
    """
    try:
        data = tomllib.loads(absolute(path).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UserError(f"the file of options {str(path)!r} cannot be read: {error}.") from None
    options = options_of(request)
    known = {option.key: name for name, option in options.items() if option.form}
    found: dict[str, object] = {}
    for key, value in data.items():
        name = known.get(key.replace("_", "-"), key)
        if name not in known.values():
            raise unknown(f"option in {str(path)!r}:", key, known)
        if name in found:
            raise UserError(f"the file of options {str(path)!r} names {key!r} twice.")
        pairs = isinstance(value, Mapping) and options[name].takes_pairs
        found[name] = {one.replace("-", "_"): own for one, own in value.items()} if pairs else value
    return found


class HasResult(Protocol[T_co]):
    """A request."""

    def result(self) -> T_co:
        """See `Request`."""


class _Call:
    """The function of a request. Its signature and its docstring are made when somebody looks: that takes a while."""

    def __init__(self, request: type[Any], name: str):
        self.request = request
        self.__name__ = self.__qualname__ = name
        self.__module__ = "rlnas"

    def __call__(self, *args: object, **kwargs: object) -> Any:
        with settled():
            return self.request(*args, **kwargs).result()

    def __get__(self, instance: object, owner: type | None = None) -> Self:
        return self  # what has a __get__ is shown by help() as a function

    def __reduce__(self) -> str:
        return self.__name__

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        arguments = "\n".join(f"    {name}: {option.words}" for name, option in options_of(self.request).items())
        return f"{inspect.getdoc(self.request)}\n\nArgs:\n{arguments}\n"

    @property
    def __signature__(self) -> inspect.Signature:
        order, hints = inspect.signature(self.request).parameters, typing.get_type_hints(self.request)
        arguments = [order[name].replace(annotation=hints[name]) for name in options_of(self.request)]
        return inspect.Signature(arguments, return_annotation=inspect.signature(self.request.result).return_annotation)


def function(request: Callable[P, HasResult[T]], name: str) -> Callable[P, T]:
    """The function of a request: its arguments are the request's fields."""
    assert isinstance(request, type)
    return _Call(request, name)
