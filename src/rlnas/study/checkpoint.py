"""Checkpoints: tensors and plain data, so that opening a stranger's run never executes code."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from rlnas.errors import UserError
from rlnas.files import write_bytes

FORMAT = "rlnas-checkpoint-4"
OLDER = "rlnas-checkpoint-3"
"""A format that is read, but no longer written: its plain data stand beside the tensors."""

DATA = "plain data"
"""The name under which plain data stand among the tensors: what is beside these may not exceed 100 MB."""


def save_checkpoint(path: Path, owner: str, tensors: Mapping[str, Tensor], data: Mapping[str, Any]) -> None:
    """Writes a checkpoint.

    Args:
        path: the file.
        owner: fingerprint of the settings that the checkpoint belongs to.
        tensors: by name.
        data: plain data that JSON can hold.
    """
    plain = torch.frombuffer(bytearray(json.dumps(data).encode()), dtype=torch.uint8)
    write_bytes(path, pack({**tensors, DATA: plain}, {"format": FORMAT, "owner": owner}))


def pack(tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Tensors as bytes in the format of safetensors; the same tensors give the same bytes.

    Of tensors that share memory, as tied weights do, each is written whole.
    """
    places: set[int] = set()
    whole = {}
    for name, tensor in tensors.items():
        plain = tensor.detach().contiguous()
        place = plain.untyped_storage().data_ptr()
        whole[name] = plain.clone() if place in places else plain
        places.add(place)
    return save(whole, metadata=metadata)


def load_checkpoint(path: Path, owner: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads a checkpoint. No code in it is ever executed.

    Raises:
        UserError: if it is truncated, not a checkpoint, or belongs to other settings.
    """
    advice = f"Delete it to train that part again from its start: {path}"
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") not in (FORMAT, OLDER):
                raise UserError(f"the checkpoint was not written by rlnas or by another version of it. {advice}")
            if metadata.get("owner") != owner:
                raise UserError(f"the checkpoint belongs to other settings than this run's. {advice}")
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            older = metadata["format"] == OLDER
            return tensors, json.loads(metadata["data"] if older else tensors.pop(DATA).numpy().tobytes())
    except (SafetensorError, OSError, ValueError) as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"the checkpoint is truncated or damaged ({error}). {advice}") from None
