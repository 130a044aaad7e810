"""Trainings that start from the supernet's weights: what is handed from the search to a trial."""

from __future__ import annotations

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from rlnas.errors import UserError
from rlnas.files import write_bytes

FILE = "start.safetensors"
"""Its name in a trial's directory."""


def checksum(start: bytes) -> str:
    """What a trial's settings say of its start: another start is another trial. Empty for a training from scratch."""
    return hashlib.sha256(start).hexdigest()[:16] if start else ""


def put_start(start: bytes, directory: Path) -> None:
    """Puts a start where its trial looks for it."""
    if start:
        write_bytes(directory / FILE, start)


def read_start(directory: Path, expected: str) -> bytes:
    """The start in a trial's directory.

    Raises:
        UserError: if it is missing, or another one than the trial's settings name.
    """
    file = directory / FILE
    try:
        data = file.read_bytes()
    except OSError as error:
        raise UserError(f"the file {str(file)!r} cannot be read: {error}.") from None
    if checksum(data) != expected:
        raise UserError(f"the file {str(file)!r} is not the start that the trial was given.")
    return data


def unpack(directory: Path, expected: str) -> dict[str, Tensor]:
    """The start of the trial in a directory.

    Raises:
        UserError: if it is missing, damaged, or another one than the settings name.
    """
    try:
        return load(read_start(directory, expected))
    except SafetensorError as error:
        raise UserError(f"the file {str(directory / FILE)!r} cannot be read: {error}.") from None
