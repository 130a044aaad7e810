"""What the files of a run hold, each with a model that checks it: a run may be a stranger's, or damaged."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from rlnas.errors import UserError, fault
from rlnas.files import read_bytes, read_json

Count = Annotated[int, Field(ge=0, lt=2**63)]
Seed = Annotated[int, Field(ge=0)]
Kind = TypeVar("Kind")

NAME = r"^[A-Za-z0-9_+=,-]+$"
"""What a network can be called: its name becomes a folder's, and may be from a stranger's file."""


class Record(BaseModel):
    """Plain data of a file; a number is a number there, and not a text that looks like one."""

    model_config = ConfigDict(strict=True, frozen=True, allow_inf_nan=False)


class Timing(Record):
    """`timing.json` of a training."""

    seconds: float = Field(ge=0)


def checked_record(kind: type[Kind], data: Any, file: Path) -> Kind:
    """Plain data of a file, as a model or type has it; raises a `UserError` that names the file and what is wrong."""
    try:
        return TypeAdapter(kind).validate_python(data)
    except ValidationError as error:
        raise UserError(f"the file {str(file)!r} is damaged or of another version: {fault(error)}.") from None


def read_record(kind: type[Kind], file: Path) -> Kind:
    """What a JSON file holds, checked as `checked_record` does."""
    return checked_record(kind, read_json(file), file)


def read_columns(file: Path, schema: Mapping[str, str]) -> dict[str, list[Any]]:
    """The columns of a Parquet file; raises a `UserError` unless it has them, of these types, all values finite.

    `schema` are the names of the columns, and of their types in polars.
    """
    import polars  # late: it starts threads, and no process with threads forks trials

    data = read_bytes(file)
    try:
        frame = polars.read_parquet(io.BytesIO(data), columns=list(schema))
    except (KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except BaseException as error:  # its reader panics on some damaged files
        raise UserError(f"the file {str(file)!r} cannot be read: {error}.") from None
    for name, kind in schema.items():
        column = frame[name]
        if column.dtype != getattr(polars, kind):
            raise UserError(f"the file {str(file)!r} has {column.dtype} as {name!r}, not {kind}.")
        if column.null_count() or (column.dtype.is_float() and not column.is_finite().all()):
            raise UserError(f"the file {str(file)!r} lacks a finite value of {name!r}.")
    return {name: frame[name].to_list() for name in schema}
