"""Files that are written whole and renamed into place, and files that are checked when they are read.

A run directory may be a stranger's. So nothing is written through a link, and nothing but a plain file is read.
"""

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

NO_LOCKS = (errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOLCK)

DEEPEST = 100
"""Lists and objects of JSON that may lie in one another."""


@contextmanager
def _beside(path: Path) -> Iterator[tuple[int, Path]]:
    """A new file in which another is written: its descriptor and name, which is random, so no link can stand there.

    It is locked while it is written. Those that are not locked were left by kills, and go.
    """
    for name in os.listdir(path.parent):
        if name.startswith(f".{path.name}.") and name.endswith("part"):
            with suppress(OSError), _opened(path.parent / name, os.O_NONBLOCK) as file:
                if _lock(file, fcntl.LOCK_EX | fcntl.LOCK_NB):
                    os.unlink(path.parent / name)
    while True:
        temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}.part")
        with _opened(temporary, os.O_CREAT | os.O_EXCL) as file:
            _lock(file, fcntl.LOCK_EX)
            if _is_at(file, temporary):  # no other process took it for one that a kill left
                yield file, temporary
                return


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC | flags, 0o666)
    try:
        yield file
    finally:
        os.close(file)


def _lock(file: int, how: int) -> bool:
    """Takes the lock of a file; False where another has it, or the file system has no locks."""
    try:
        fcntl.flock(file, how)
    except OSError as error:
        if not isinstance(error, BlockingIOError) and error.errno not in NO_LOCKS:
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
    """Raises a `UserError` if a folder below this one is a link: what is written there would not stay below it."""
    for place, folders, _ in os.walk(folder):
        for path in (os.path.join(place, name) for name in folders):
            if os.path.islink(path):
                raise UserError(f"the folder {path!r} is a link: put the folder itself there.")


def read_bytes(path: Path) -> bytes:
    """Reads a file; raises a `UserError` if it cannot be read, or is no plain file."""
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
    """Reads JSON; raises a `UserError` if the file cannot be read, is not JSON, or is nested too deep."""
    data = read_bytes(path)
    try:
        return parse_json(data)
    except ValueError as error:
        raise UserError(f"the file {str(path)!r} cannot be read: {error}.") from None


def parse_json(text: str | bytes, *, finite: bool = True) -> Any:
    """What JSON says; raises a `ValueError` if it is none, or more than 100 lists and objects lie in one another.

    With `finite`, NaN and infinity are refused, which Python writes and JSON does not know.
    """
    deep = f"more than {DEEPEST} lists and objects lie in one another"
    plain = text if isinstance(text, str) else text.decode("utf-8")
    try:
        found = json.loads(plain, parse_constant=_no_number if finite else None)
    except RecursionError:
        raise ValueError(deep) from None
    level = [found]
    for _ in range(DEEPEST + 1):
        lists = [each.values() if isinstance(each, dict) else each for each in level if isinstance(each, dict | list)]
        level = [inner for each in lists for inner in each]
        if not level:
            return found
    raise ValueError(deep)


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON")


def read_object(path: Path) -> dict[str, Any]:
    """Reads a JSON object; raises a `UserError` if the file cannot be read or holds something else."""
    found = read_json(path)
    if not isinstance(found, dict):
        raise UserError(f"the file {str(path)!r} should hold a JSON object.")
    return found
