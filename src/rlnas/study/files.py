"""Files of a run: written whole and renamed into place, checkpoints that hold tensors and plain data only."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rlnas.errors import UserError

FORMAT = "rlnas-checkpoint-2"


def _beside(path: Path) -> Path:
    """The name of a file while it is being written: always the same, so that kills leave no heap of parts."""
    return path.with_name(f".{path.name}.part")


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file so that a kill at any moment leaves the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = _beside(path)
    with temporary.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    os.replace(temporary, path)


def write_json(path: Path, data: Any) -> None:
    """Writes plain data as indented JSON; equal data gives equal bytes."""
    write_bytes(path, (json.dumps(data, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Reads JSON.

    Raises:
        UserError: if the file cannot be read or is not JSON.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"the file {str(path)!r} cannot be read: {error}.") from None


def read_object(path: Path) -> dict[str, Any]:
    """Reads a JSON object.

    Raises:
        UserError: if the file cannot be read or holds something else.
    """
    found = read_json(path)
    if not isinstance(found, dict):
        raise UserError(f"the file {str(path)!r} should hold a JSON object.")
    return found


def write_table(path: Path, columns: Mapping[str, Any]) -> None:
    """Writes named columns as a Parquet file."""
    buffer = io.BytesIO()
    polars.DataFrame(columns).write_parquet(buffer)
    write_bytes(path, buffer.getvalue())


def save_checkpoint(path: Path, owner: str, tensors: Mapping[str, Tensor], data: Mapping[str, Any]) -> None:
    """Writes a checkpoint.

    Args:
        path: the file.
        owner: fingerprint of the settings that the checkpoint belongs to.
        tensors: by name.
        data: plain data that JSON can hold.
    """
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    metadata = {"format": FORMAT, "owner": owner, "data": json.dumps(data)}
    write_bytes(path, save(whole, metadata=metadata))


def load_checkpoint(path: Path, owner: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads a checkpoint. No code in it is ever executed.

    Raises:
        UserError: if it is truncated, not a checkpoint, or belongs to other settings.
    """
    advice = f"Delete it to train that part again from its start: {path}"
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise UserError(f"the checkpoint was not written by rlnas or by another version of it. {advice}")
            if metadata.get("owner") != owner:
                raise UserError(f"the checkpoint belongs to other settings than this run's. {advice}")
            return {name: file.get_tensor(name) for name in file.keys()}, json.loads(metadata["data"])  # noqa: SIM118
    except (SafetensorError, OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"the checkpoint is truncated or damaged ({error}). {advice}") from None
