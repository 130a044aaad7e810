"""Trainings that start from the supernet's weights: what is handed from the search to a trial."""

import hashlib
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from rlnas.errors import UserError
from rlnas.files import read_bytes, write_bytes

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
    """The start in a trial's directory; raises a `UserError` unless it is the one that the trial's settings name."""
    data = read_bytes(directory / FILE)
    if checksum(data) != expected:
        raise UserError(f"the file {str(directory / FILE)!r} is not the start that the trial was given.")
    return data


def unpack(directory: Path, expected: str) -> dict[str, Tensor]:
    """The tensors of `read_start`, which raises as well if they are damaged."""
    try:
        return load(read_start(directory, expected))
    except SafetensorError as error:
        raise UserError(f"the file {str(directory / FILE)!r} cannot be read: {error}.") from None
