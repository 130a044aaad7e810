"""From the words of a command to its request."""

import inspect
import itertools
import os
import re
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, field, make_dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import tyro

from rlnas.errors import UserError
from rlnas.experiments.request import Option, Request, options_of, read_options

R = TypeVar("R", bound=Request)

CONFIG, SAVE = "--config", "--save-config"


def read_request(request: type[R], words: Sequence[str]) -> tuple[R, Path | None]:
    """The request of the words after a command and of the file of `--config`; and the file of `--save-config`."""
    options = {name: option for name, option in options_of(request).items() if option.form is not None}
    _refuse_repeated([CONFIG, SAVE, *(one.flag for one in options.values() if one.form and one.form.many)], words)
    known = read_options(request, file) if (file := _value_of(CONFIG, words)) else {}
    before = {name: _words(option, known.get(name, option.default)) for name, option in options.items()}
    arguments = [_field(option, before[name], options) for name, option in options.items()]
    arguments += [
        _file("config", CONFIG, "File of options in TOML; options of the command line come before those of the file."),
        _file("save_config", SAVE, "File to write the options to, for --config."),
    ]
    read: Any = tyro.cli(
        make_dataclass("Reader", arguments, kw_only=True),
        prog=f"rlnas {request.words}",
        description=_plain(inspect.cleandoc(request.__doc__ or ""), options),
        args=list(words),
    )
    # What has neither a value nor a default may be left open.
    values: dict[str, object] = {
        name: known.get(name) for name, option in options.items() if name in known or option.default is MISSING
    }
    for name, option in options.items():
        if (value := getattr(read, name)) != before[name]:
            values[name] = value
            if option.takes_pairs:
                own = known.get(name)
                values[name] = {**(own if isinstance(own, Mapping) else {}), **_pairs(value, option.flag)}
    _find_modules_here(values)
    found = request(**values)  # type: ignore[arg-type]  # a request checks its values
    return found, None if read.save_config is None else Path(read.save_config)


def _words(option: Option, value: object) -> Any:
    """A value as the command line spells it: text, several of them, or on and off; `None` where there is none."""
    if value is MISSING:
        return MISSING if type(None) not in getattr(option.annotation, "__args__", ()) else None
    if value is None or isinstance(value, bool):
        return value
    words = option.spell(value)
    return tuple(words) if option.form is not None and option.form.many else "".join(words[:1])


def _field(option: Option, value: Any, options: dict[str, Option]) -> tuple[str, Any, Any]:
    form = option.form
    assert form is not None
    kind: Any = bool if isinstance(value, bool) else tuple[str, ...] if form.many else str
    metavar = f"{form.metavar} [{form.metavar} ...]" if form.many else form.metavar
    hint = "" if value in (None, ()) else None
    if form.positional and value is None:
        metavar = f"[{metavar}]"
    about = tyro.conf.arg(name=option.key, metavar=metavar, help=_plain(option.words, options), help_behavior_hint=hint)
    found: Any = Annotated[kind | None if value is None else kind, about]
    if form.positional:
        found = Annotated[found, tyro.conf.Positional]
    return option.name, found, field() if value is MISSING else field(default=value)


def _file(name: str, flag: str, about: str) -> tuple[str, Any, Any]:
    arg = tyro.conf.arg(name=flag.removeprefix("--"), metavar="FILE", help=about, help_behavior_hint="")
    return name, Annotated[str | None, arg], field(default=None)


def _plain(text: str, options: dict[str, Option]) -> str:
    """Text with the options that it names as the command line spells them."""
    return re.sub(r"`([^`]+)`", lambda found: options[found[1]].flag if found[1] in options else found[1], text)


def _value_of(flag: str, words: Sequence[str]) -> str | None:
    """What follows a flag."""
    for word, following in itertools.pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        if name == flag:
            return value if equals else following or None
    return None


def _refuse_repeated(several: Sequence[str], words: Sequence[str]) -> None:
    """Refuses a file or an option of several values that is given twice: one would be forgotten without a word."""
    for flag, times in Counter(word.partition("=")[0].replace("_", "-") for word in words).items():
        if times > 1 and flag in several and flag.startswith("--"):
            raise UserError(f"{flag} is given {times} times: give it once, with all its values.")


def _pairs(words: Sequence[str], flag: str) -> dict[str, str]:
    """Reads `name=value` pairs."""
    found: dict[str, str] = {}
    for pair in words:
        name, separator, value = pair.partition("=")
        if not separator:
            raise UserError(f"{flag} takes NAME=VALUE, not {pair!r}.")
        name = name.replace("-", "_")
        if name in found:
            raise UserError(f"{flag} names {name!r} twice: {name}={found[name]} and {pair}.")
        found[name] = value
    return found


def _find_modules_here(values: Mapping[str, object]) -> None:
    """Lets --import and ids such as `module:Name-v0` find modules in the current folder, after all others."""
    if (values.get("imports") or ":" in str(values.get("env"))) and os.getcwd() not in sys.path:
        sys.path.append(os.getcwd())
