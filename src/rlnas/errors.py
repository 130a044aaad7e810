"""The errors that rlnas raises on purpose, each with one sentence for the person who reads it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError


class RlnasError(Exception):
    """Base of all errors that rlnas raises on purpose."""


class UserError(RlnasError, ValueError):
    """Bad input. The command line prints the message as it is and exits with code 2."""


class EnvironmentFault(RlnasError, RuntimeError):
    """An environment raised, or returned something that no agent can learn from. It fails its trial, not the study."""


class TrainingDiverged(RlnasError, RuntimeError):
    """The loss or the gradient is no longer finite. It fails its trial, not the study."""


class WorkerError(RlnasError, RuntimeError):
    """A worker process ended for a reason that is not its trial's: a crash of rlnas, a full disk."""


def shown(value: object) -> str:
    """A value in a message: its `repr`, if that can be had, cut where it is long."""
    try:
        text = " ".join(repr(value).split())
    except Exception:  # whatever an object's own code does
        text = f"a {type(value).__name__}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def unknown(kind: str, value: object, allowed: Iterable[str]) -> UserError:
    """The error for a name of a kind, e.g. `"space"`, that does not exist: its nearest match, and what is allowed."""
    names = sorted(allowed)
    text = value if isinstance(value, str) else shown(value) if isinstance(value, int) else str(value)
    near = difflib.get_close_matches(text, names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(names[:12]) + (f", ... ({len(names)} in all)" if len(names) > 12 else "")
    return UserError(f"unknown {kind} {shown(text)}.{hint} Allowed: {listed}.")


def needs_extra(what: str, extra: str) -> UserError:
    """The error where a package is not installed: `what` (e.g. `"a video needs"`) is in an extra of rlnas."""
    return UserError(f"{what} the extra {extra!r}: pip install -c constraints.txt -e '.[{extra}]' in a clone of rlnas.")


def differences(old: Any, new: Any, name: str = "") -> list[str]:
    """The settings that differ, each in words: `name is old there, not new`."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        keys = list(dict.fromkeys([*old, *new]))
        return [line for key in keys for line in differences(old.get(key), new.get(key), f"{name}.{key}".lstrip("."))]
    return [] if old == new else [f"{name} is {old!r} there, not {new!r}"]


def fault(error: ValidationError) -> str:
    """The first thing that is wrong with values read from disk: where, and what."""
    first = error.errors()[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']}".removeprefix(": ")
