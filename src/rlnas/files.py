"""Files that are written whole and renamed into place, and JSON that is checked when it is read."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rlnas.errors import UserError


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


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Lets a library write a file under another name, which is renamed into place when the block ends well.

    An error leaves nothing behind, not even the folders that were made for the file.
    """
    made = [folder for folder in path.parents if not folder.exists()]
    temporary = _beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        for folder in made:
            with suppress(OSError):
                folder.rmdir()
        raise


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
