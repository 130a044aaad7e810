"""A run directory: one command owns it, one process works in it."""

import fcntl
import hashlib
import json
import os
import time
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from rlnas.errors import UserError, differences
from rlnas.files import check_no_links, open_own, read_object, write_json
from rlnas.trials.warm_start import FILE as START_FILE

GROWING = ("train_seeds", "confirm_seeds")  # numbers among the settings of a study that a later command may raise
RESULTS = ("result.json", "table.parquet")  # what a run writes last


def fingerprint(settings: Mapping[str, Any]) -> str:
    """A short hash of settings, without versions and what may grow in a run: what ties a checkpoint to them."""
    kept = {name: value for name, value in settings.items() if name not in ("versions", *GROWING)}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


def check_owner(
    path: Path, kind: str, settings: Mapping[str, Any], free: Mapping[str, float] | None = None
) -> list[str]:
    """Raises a `UserError` unless a directory is empty, or belongs to a command with these settings.

    Arguments are those of `RunDirectory`, the settings as JSON holds them. Returns the versions that differ.
    """
    file, free = path / f"{kind}.json", free or {}
    if not path.exists():
        return []
    if not path.is_dir():
        raise UserError(f"the run directory {str(path)!r} is a file.")
    if not file.exists():
        before = {"worker.log", START_FILE}  # put there before the trial itself begins
        names = sorted(entry.name for entry in path.iterdir())
        others = [name for name in names if not name.startswith(".") and name not in before]
        if others:
            raise UserError(f"the directory {str(path)!r} holds other files ({others[0]}): choose an empty one.")
        return []
    old, new = read_object(file), dict(settings)
    versions = old.pop("versions", {})
    if isinstance(versions, dict) and str(versions.get("rlnas")).startswith("0.1."):
        raise UserError(
            f"the run {str(path)!r} was begun by rlnas 0.1, whose networks had other layers: it can be read, but "
            "not continued. Choose another --out."
        )
    changed = differences(versions, new.pop("versions", {}))
    least = dict.fromkeys(free, 0)
    raised = {name: new.get(name, 0) for name in free if new.get(name, 0) >= free[name]}
    found = differences(least | old | raised, least | new)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise UserError(
            f"the run directory {str(path)!r} belongs to another command: {found[0]}{more}. Choose another --out, or "
            "give the same settings."
        )
    return changed


class RunDirectory:
    """The directory of a study or a trial, locked while it is open.

    Args:
        path: the directory; made if missing.
        kind: `"study"`, `"trial"` or `"table"`; the settings are in `<kind>.json`.
        settings: of the command, as plain data.
        patience: seconds to wait for the lock; a worker that lost its parent may need a moment to go.
        free: numbers among the settings, 0 where they are left out, and for each the least that the command may ask
            for, whatever the run began with; `rewrite` makes it the run's.

    Raises:
        UserError: if the directory belongs to another command, is in use, cannot be written, or holds other files.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        settings: Mapping[str, Any],
        patience: float = 0.0,
        free: Mapping[str, float] | None = None,
    ):
        self.path = path
        self.file = path / f"{kind}.json"
        self.settings = json.loads(json.dumps(settings))
        self.free = free or {}
        try:
            self._check()
            path.mkdir(parents=True, exist_ok=True)
            check_no_links(path)
            self._lock(patience)
            self.changed = self._check()
            if not self.file.exists():
                write_json(self.file, self.settings)
            elif not any((path / name).exists() for name in RESULTS):
                self.warn()
        except OSError as error:
            self.close()
            raise UserError(f"the run directory {str(path)!r} cannot be written: {error.strerror}.") from None
        except BaseException:
            self.close()
            raise

    def _check(self) -> list[str]:
        return check_owner(self.path, self.file.stem, self.settings, self.free)

    def warn(self) -> None:
        """Warns if the versions are others than when the run began: what is computed now may differ."""
        if self.changed:
            text = f"{self.path}: other versions than when the run began: {'; '.join(self.changed)}."
            warnings.warn(text, stacklevel=3)

    def rewrite(self) -> None:
        """Makes the free settings of this command the run's; the versions stay those that it began with."""
        old = read_object(self.file)
        new = self.settings | {"versions": old.get("versions", {})}
        if new != old:
            write_json(self.file, new)

    def _lock(self, patience: float) -> None:
        self._file = os.fdopen(open_own(self.path / ".lock"), "a+", encoding="utf-8", errors="replace")
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    self._file.seek(0)
                    holder = self._file.read(20).strip() or "unknown"
                    raise UserError(
                        f"the run directory {str(self.path)!r} is in use by another process (pid {holder})."
                    ) from None
                time.sleep(0.05)
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def close(self) -> None:
        """Gives the lock back."""
        file = getattr(self, "_file", None)
        if file is not None:
            file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()
