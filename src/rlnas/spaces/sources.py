"""The kinds of arguments that stand for a space (`rlnas.calls`)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import PlainValidator

from rlnas.calls import Form, Refusal, check_place, several
from rlnas.spaces.space import Space


def _source(value: object) -> Path | Space:
    try:
        return value if isinstance(value, Space) else check_place(value)
    except Refusal:
        raise Refusal("a name of the catalogue, a TOML file, or a Space") from None


SpaceSource = Annotated[str | Path | Space, PlainValidator(_source), Form("SPACE")]
SpaceSources = Annotated[
    str | Path | Space | Sequence[str | Path | Space],
    several(_source, "names of the catalogue, TOML files, or Spaces", one=(str, Path, Space)),
    Form("SPACE", many=True),
]
