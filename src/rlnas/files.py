"""Files that are written whole and renamed into place, and files that are checked when they are read.

A run directory may be a stranger's. So nothing is written through a link, and nothing but a plain file is read.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NoReturn

from rlnas.errors import UserError
from rlnas.processes import absolute

DEEPEST = 100
"""Lists and objects of JSON that may lie in one another."""


@contextmanager
def _beside(path: Path) -> Iterator[tuple[int, Path]]:
    """The file in which another is being written, open and empty.

    Its name is a fresh one, so that it is no link that somebody put there. It is locked while it is written: what is
    not locked was left by a kill, and goes.
    """
    _sweep(path)
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        file = os.open(temporary, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666)
        try:
            _lock(file, fcntl.LOCK_EX)
            if _is_at(file, temporary):  # no sweep was faster
                yield file, temporary
                return
        finally:
            os.close(file)


def _sweep(path: Path) -> None:
    """Removes the parts of a file that kills left."""
    for name in os.listdir(path.parent):
        if name.startswith(f".{path.name}.") and name.endswith("part"):
            with suppress(OSError):
                file = os.open(path.parent / name, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
                try:
                    if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                        os.unlink(path.parent / name)
                finally:
                    os.close(file)


def _lock(file: int, how: int) -> bool:
    """Takes the lock of a file; False where another has it, or the file system has no locks."""
    try:
        fcntl.flock(file, how)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK):
            raise
        return False
    return True


def _is_at(file: int, path: Path) -> bool:
    """Whether an open file is still the one of that name."""
    try:
        return os.path.samestat(os.fstat(file), path.lstat())
    except FileNotFoundError:
        return False


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file so that a kill at any moment leaves the old one or the new one, never a part.

    A link of that name is replaced, not followed.
    """
    path = absolute(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _beside(path) as (number, temporary):
        with open(number, "wb", closefd=False) as file:
            file.write(data)
        os.fsync(number)
        os.replace(temporary, path)


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Lets a library write a file under another name, which is renamed into place when the block ends well.

    An error leaves nothing behind, not even the folders that were made for the file.
    """
    path = absolute(path)
    made = [folder for folder in path.parents if not folder.exists()]
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with _beside(path) as (_, temporary):
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


def open_own(path: Path) -> int:
    """Opens a file to which rlnas adds, such as a log or a lock; makes it if missing. Returns its descriptor.

    Links, other names of files elsewhere, and what is no plain file are refused.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        file = os.open(path, flags, 0o666)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EISDIR):
            raise UserError(f"{str(path)!r} is no plain file: remove it.") from None
        raise
    found = os.fstat(file)
    if not stat.S_ISREG(found.st_mode) or found.st_nlink > 1:
        os.close(file)
        raise UserError(f"{str(path)!r} is no plain file of its own: remove it.")
    return file


def check_no_links(folder: Path) -> None:
    """Raises a `UserError` if a folder below a folder is a link: what is written there would be elsewhere."""
    for place, folders, _ in os.walk(folder):
        for name in folders:
            if os.path.islink(os.path.join(place, name)):
                raise UserError(
                    f"the folder {os.path.join(place, name)!r} is a link, and rlnas writes through none: "
                    "put the folder itself there."
                )


def read_bytes(path: Path) -> bytes:
    """Reads a file. Raises a `UserError` if it cannot be read, or is no plain file."""
    try:
        with open(os.open(absolute(path), os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC), "rb") as file:
            if stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return file.read()
    except (OSError, ValueError) as error:  # a name with a NUL is a ValueError
        raise UserError(f"the file {str(path)!r} cannot be read: {error}.") from None
    raise UserError(f"the file {str(path)!r} cannot be read: it is no plain file.")


def write_json(path: Path, data: Any) -> None:
    """Writes plain data as indented JSON; equal data gives equal bytes."""
    write_bytes(path, (json.dumps(data, indent=2, allow_nan=False) + "\n").encode())


def read_json(path: Path) -> Any:
    """Reads JSON. Raises a `UserError` if the file cannot be read, is not JSON, or lies too deep."""
    try:
        return parse_json(read_bytes(path))
    except ValueError as error:
        if isinstance(error, UserError):
            raise
        raise UserError(f"the file {str(path)!r} cannot be read: {error}.") from None


def parse_json(text: str | bytes, *, finite: bool = True) -> Any:
    """What JSON says.

    Args:
        text: the JSON.
        finite: refuse NaN and infinity, which Python writes and JSON does not know.

    Raises:
        ValueError: if it is not JSON, or more than 100 lists and objects lie in one another.
    """
    deep = f"more than {DEEPEST} lists and objects lie in one another"
    plain = text if isinstance(text, str) else text.decode("utf-8")
    try:
        found = json.loads(plain, parse_constant=_no_number if finite else None)
    except RecursionError:
        raise ValueError(deep) from None
    level = [found]
    for _ in range(DEEPEST + 1):
        level = [
            inner
            for outer in level
            if isinstance(outer, list | dict)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return found
    raise ValueError(deep)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def read_object(path: Path) -> dict[str, Any]:
    """Reads a JSON object. Raises a `UserError` if the file cannot be read or holds something else."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise UserError(f"the file {str(path)!r} should hold a JSON object.")
    return found
