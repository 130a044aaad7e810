"""Checkpoints: tensors and plain data, so that opening a stranger's run never executes code."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from pydantic import ValidationError
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor

from rlnas.errors import RlnasError, UserError, fault
from rlnas.files import parse_json, read_bytes, write_bytes

FORMAT = "rlnas-checkpoint-5"
OLDER = re.compile(r"rlnas-checkpoint-[1-4]")  # those of version 0.1
_BLANK = b"sha256:" + b"0" * 64  # stands in the checksum's place while the checksum is worked out
_CHECKSUM = re.compile(rb"sha256:[0-9a-f]{64}")

HEAD = "rlnas"  # names format, owner and checksum in the metadata
DATA = "plain data"  # names the plain data among the tensors: what is beside these may not exceed 100 MB


def save_checkpoint(path: Path, owner: str, tensors: Mapping[str, Tensor], data: Mapping[str, Any]) -> None:
    """Writes a checkpoint; `owner` is the fingerprint of the settings that it belongs to, `data` what JSON can hold."""
    plain = torch.frombuffer(bytearray(json.dumps(data).encode()), dtype=torch.uint8)
    # One entry of metadata: safetensors writes several in any order, and equal checkpoints have equal bytes.
    head = json.dumps({"format": FORMAT, "owner": owner, "checksum": _BLANK.decode()})
    blank = pack({**tensors, DATA: plain}, {HEAD: head})
    write_bytes(path, blank.replace(_BLANK, b"sha256:" + hashlib.sha256(blank).hexdigest().encode(), 1))


def pack(tensors: Mapping[str, Tensor], metadata: dict[str, str] | None = None) -> bytes:
    """Tensors as bytes in the format of safetensors; the same tensors give the same bytes.

    Of tensors that share memory, as tied weights do, each is written whole.
    """
    whole, places = {}, set[int]()
    for name, tensor in tensors.items():
        plain = tensor.detach().contiguous()
        place = plain.untyped_storage().data_ptr()
        whole[name] = plain.clone() if place in places else plain
        places.add(place)
    return save(whole, metadata=metadata)


def load_checkpoint(path: Path, owner: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Reads a checkpoint and checks every byte of it. No code in it is ever executed.

    Raises:
        UserError: if it is damaged, not a checkpoint, or belongs to other settings.
    """
    advice = f"Delete it to train that part again from its start: {path}"
    content = read_bytes(path)
    try:
        metadata = _metadata(content)
        if OLDER.fullmatch(str(metadata.get("format"))):
            raise UserError(f"the checkpoint was written by rlnas 0.1, whose networks had other layers. {advice}")
        if metadata.get("format") != FORMAT:
            raise UserError(f"the checkpoint was not written by rlnas or by another version of it. {advice}")
        _check_bytes(content, metadata["checksum"])
        if metadata.get("owner") != owner:
            raise UserError(f"the checkpoint belongs to other settings than this run's. {advice}")
        tensors = load(content)
        data = parse_json(tensors.pop(DATA).numpy().tobytes(), finite=False)
        if not isinstance(data, dict):
            raise ValueError("its plain data are no JSON object")
        return tensors, data
    except UserError:
        raise
    except (SafetensorError, LookupError, TypeError, ValueError) as error:
        raise UserError(f"the checkpoint is truncated or damaged ({_words(error)}). {advice}") from None


def _metadata(content: bytes) -> dict[str, str]:
    """What stands in the header of a file of safetensors beside the tensors: its length in 8 bytes, then JSON."""
    header = parse_json(content[8 : 8 + int.from_bytes(content[:8], "little")])
    found = header.get("__metadata__", {}) if isinstance(header, dict) else None
    if isinstance(found, dict) and HEAD in found:
        found = parse_json(found[HEAD])
    if not isinstance(found, dict):
        raise ValueError("it has no header")
    return found


def _check_bytes(content: bytes, checksum: object) -> None:
    """Raises a `ValueError` unless the bytes of a checkpoint are those that were written."""
    place = _CHECKSUM.search(content)
    if place is None or place[0].decode() != checksum:
        raise ValueError("it has no checksum")
    digest = hashlib.sha256(content[: place.start()] + _BLANK)
    digest.update(memoryview(content)[place.end() :])
    if f"sha256:{digest.hexdigest()}" != checksum:
        raise ValueError("its checksum does not fit")


@contextmanager
def fitting(path: Path) -> Iterator[None]:
    """Raises a `UserError` that names the file if what a checkpoint holds does not fit what it is put into."""
    try:
        yield
    except RlnasError:
        raise
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RuntimeError) as error:
        raise UserError(f"the checkpoint {str(path)!r} does not fit its network: {_words(error)}.") from error


def _words(error: Exception) -> str:
    if isinstance(error, ValidationError):
        return fault(error)
    text = f"{error!r}" if isinstance(error, LookupError) else str(error)
    return (text or type(error).__name__).splitlines()[0].rstrip(".")
