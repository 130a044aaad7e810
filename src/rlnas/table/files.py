"""The file of a table: Parquet, with its settings and a checksum of every byte in the metadata."""

import hashlib
import io
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import polars
from pydantic import ValidationError

from rlnas.errors import UserError, fault
from rlnas.files import parse_json, read_bytes, write_bytes
from rlnas.processes import absolute
from rlnas.table.same_settings import TableFacts
from rlnas.trials.metrics import METRICS, PRIMARY

SCHEMA_VERSION = 1
_BLANK = b"rlnas-sha256:" + b"0" * 64  # stands in the checksum's place while the checksum is worked out
_CHECKSUM = re.compile(rb"rlnas-sha256:([0-9a-f]{64})")

COLUMNS: dict[str, Any] = {
    "architecture": polars.String,
    "seed": polars.Int64,
    "status": polars.String,
    "reason": polars.String,
    "steps": polars.Int64,
    "episodes": polars.Int64,
    "budgets": polars.List(polars.Int64),
    **dict.fromkeys(METRICS, polars.List(polars.Float64)),
    "parameters": polars.Int64,
    "multiply_adds": polars.Int64,
    "measured_inference_ms": polars.Float64,
    "measured_training_ms": polars.Float64,
    "measured_wall_seconds": polars.Float64,
}
"""One row for each run.

`architecture` (its id), `seed`; `status` is `done` or `failed`, with its `reason`; environment `steps` trained and full
games finished (`episodes`); `budgets`: environment steps at which the metrics were taken, the last being the whole run;
every metric at these (null before the first game ended); `parameters` and `multiply_adds` of the encoder; and what the
building machine measured, which no seed repeats: milliseconds of one inference (one observation) and of one training
step (a minibatch, forward and backward), seconds of the run. A table that was built before there was a metric lacks it.
"""

MEASURED = tuple(name for name in COLUMNS if name.startswith("measured_"))


def write_table(path: Path, rows: Sequence[Mapping[str, Any]], settings: Mapping[str, Any]) -> None:
    """Writes a table whole: a row for each run, with the keys of `COLUMNS`, and settings as plain data."""
    ordered = sorted(rows, key=lambda row: (row["architecture"], row["seed"]))
    later = [name for name in METRICS if not any(name in row for row in rows)]
    frame = polars.DataFrame(ordered, schema=COLUMNS, orient="row").drop(later)
    metadata = {"schema_version": str(SCHEMA_VERSION), "settings": json.dumps(settings, sort_keys=True)}
    metadata["checksum"] = _BLANK.decode()
    buffer = io.BytesIO()
    frame.write_parquet(buffer, compression="zstd", statistics=False, metadata=metadata)
    blank = buffer.getvalue()
    if len(_CHECKSUM.findall(blank)) != 1:
        raise RuntimeError("the checksum's place in the file is not unique")
    checksum = hashlib.sha256(blank).hexdigest().encode()
    write_bytes(path, _CHECKSUM.sub(b"rlnas-sha256:" + checksum, blank))


def check_new(path: Path) -> None:
    """Raises `UserError` unless a path may be that of a new table, which is not the own table of a build."""
    path = absolute(path)
    if path.suffix != ".parquet":
        raise UserError(f"the name of a table's file ends in .parquet, not {path.name!r}.")
    if path.exists():
        raise UserError(f"the file {str(path)!r} exists already: choose another name.")
    if (path.parent / "table.json").exists():
        raise UserError(f"{str(path.parent)!r} is the directory of a build, which writes its own table.")
    place = next(folder for folder in path.parents if folder.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise UserError(f"the file {str(path)!r} cannot be written in {str(place)!r}.")


def read_table(path: Path) -> tuple[polars.DataFrame, dict[str, Any], str]:
    """Reads a table's rows, settings and checksum; raises `UserError` for what is no table, or has changed."""
    data = read_bytes(path)
    # The checksum comes before all else, since the Parquet reader may crash on a damaged file.
    found = _CHECKSUM.findall(data)
    if len(found) != 1:
        raise UserError(f"the file {str(path)!r} is no table of rlnas, or is damaged: it has no checksum.")
    checksum = found[0].decode()
    if hashlib.sha256(_CHECKSUM.sub(_BLANK, data)).hexdigest() != checksum:
        raise UserError(f"the table {str(path)!r} has changed since it was written: its checksum does not fit.")
    try:
        metadata = polars.read_parquet_metadata(io.BytesIO(data))
        if (version := metadata.get("schema_version")) != str(SCHEMA_VERSION):
            raise UserError(f"the table {str(path)!r} has schema version {version}; this rlnas reads {SCHEMA_VERSION}.")
        frame, settings = polars.read_parquet(io.BytesIO(data)), parse_json(metadata["settings"])
        wrong = _fault(frame, settings)
    except (KeyboardInterrupt, SystemExit, MemoryError, UserError):
        raise
    except BaseException as error:  # the Parquet reader panics on some files that were made to harm
        raise UserError(f"the table {str(path)!r} cannot be read: {error!r}.") from None
    if wrong:
        raise UserError(f"the table {str(path)!r} cannot be used: {wrong}.")
    return frame, settings, checksum


def _fault(frame: polars.DataFrame, settings: object) -> str | None:
    """What is wrong with a table that somebody else wrote, if anything is."""
    metrics = [name for name in METRICS if name in frame.columns or name == PRIMARY]
    columns = [name for name in COLUMNS if name in metrics or name not in METRICS]
    for name in columns:
        if frame.schema.get(name) != (kind := COLUMNS[name]):
            return f"its column {name!r} must be {kind}, not {frame.schema.get(name)}"
    try:
        TableFacts.model_validate(settings)
    except ValidationError as error:
        return f"of its settings {fault(error)}"
    for name in columns:
        if name not in MEASURED and frame[name].null_count():
            return f"a run of it has no {name}"
    if not frame["status"].is_in(["done", "failed"]).all():
        return "a run of it is neither done nor failed"
    if frame["budgets"].list.len().min() == 0:
        return "a run of it has no budgets"
    if frame["budgets"].explode().null_count() or (frame["budgets"].list.diff().list.min() <= 0).any():
        return "a run of it has budgets that do not ascend"
    for name in metrics:
        if (frame[name].list.len() != frame["budgets"].list.len()).any():
            return f"a run of it has another number of budgets than of {name}"
        if not frame[name].explode().drop_nulls().is_finite().all():
            return f"it holds a {name} that is not finite"
    return None
