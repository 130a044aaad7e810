"""Files that are written whole and renamed into place, and JSON that is checked when it is read."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from rlnas.errors import UserError


@contextmanager
def _beside(path: Path) -> Iterator[Path]:
    """The file in which another is being written, for this process alone until it leaves the block.

    Its name is always the same, so that kills leave no heap of parts; a lock keeps two writers of one file apart.
    """
    temporary = path.with_name(f".{path.name}.part")
    while True:
        file = os.open(temporary, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _lock(file)
            if _is_at(file, temporary):
                yield temporary
                return
        finally:
            os.close(file)


def _lock(file: int) -> None:
    """Waits for the lock of a file, where the file system has locks."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX)
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK):
            raise


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file is still the one of that name: whoever had the lock has renamed or removed theirs."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
    except FileNotFoundError:
        return False


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file so that a kill at any moment leaves the old one or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path) as temporary:
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
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _beside(path) as temporary:
            try:
                yield temporary
                os.replace(temporary, path)
            except BaseException:
                temporary.unlink(missing_ok=True)
                raise
    except BaseException:
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
