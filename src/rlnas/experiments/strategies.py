"""Names and options of strategies, checked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rlnas.calls import Options
from rlnas.errors import UserError, unknown
from rlnas.experiments.arguments import checked
from rlnas.strategies import check_option_names, settings_class


def strategy_names(parts: Sequence[str]) -> tuple[str, ...]:
    """Names of strategies, which may stand apart or joined by commas.

    >>> strategy_names("spos,enas"), strategy_names(["spos", "enas,random"])
    (('spos', 'enas'), ('spos', 'enas', 'random'))

    Raises:
        UserError: if there is none, or one is named twice.
    """
    parts = [parts] if isinstance(parts, str) else parts
    names = tuple(name for part in parts for name in part.split(",") if name)
    if not names:
        raise UserError("name at least one strategy.")
    if len(set(names)) < len(names):
        raise UserError(f"strategies names one twice: {', '.join(names)}.")
    return names


def check_strategy_options(strategy: str, options: Options) -> dict[str, Any]:
    """The strategy's options, checked, defaults written out, so that the run directory says all."""
    check_option_names(strategy, options)
    chosen = checked(settings_class(strategy), f"{strategy} option", options)
    return chosen.model_dump(mode="json")


def share_options(strategies: Sequence[str], options: Options) -> dict[str, dict[str, Any]]:
    """For each strategy those of the options that it has, checked.

    >>> share_options(["spos", "enas"], {"eval_episodes": "8", "hidden": 32})
    {'spos': {'eval_episodes': 8}, 'enas': {'hidden': 32}}

    Raises:
        UserError: if there is no such strategy, none of them has such an option, or a value is not allowed.
    """
    known = {name: settings_class(name).model_fields for name in strategies}
    for option in options:
        if not known:
            raise UserError(f"there is no strategy that the option {option!r} could be of.")
        if not any(option in fields for fields in known.values()):
            allowed = {name for fields in known.values() for name in fields}
            raise unknown(f"option of {', '.join(strategies)}:", option, allowed)
    shared: dict[str, dict[str, Any]] = {}
    for name, fields in known.items():
        own = {option: value for option, value in options.items() if option in fields}
        whole = check_strategy_options(name, own)
        shared[name] = {option: whole[option] for option in own}
    return shared
