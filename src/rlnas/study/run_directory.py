"""A run directory: one command owns it, one process works in it."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from rlnas.errors import UserError, differences
from rlnas.files import read_object, write_json
from rlnas.study.warm_start import FILE as START_FILE


def fingerprint(settings: Mapping[str, Any]) -> str:
    """A short hash of settings, versions left out: what ties a checkpoint to them."""
    kept = {name: value for name, value in settings.items() if name != "versions"}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()[:16]


class RunDirectory:
    """The directory of a study or a trial, locked while it is open.

    Args:
        path: the directory; made if missing.
        kind: `"study"`, `"trial"` or `"table"`; the settings are in `<kind>.json`.
        settings: what the command asks for, as plain data.
        patience: seconds to wait for the lock; a worker that lost its parent may need a moment to go.
        growing: names of numbers among the settings that a later command may raise once the run has a result.

    Raises:
        UserError: if the directory belongs to another command, is in use, cannot be written, or holds other files.
    """

    def __init__(
        self,
        path: Path,
        kind: str,
        settings: Mapping[str, Any],
        patience: float = 0.0,
        growing: Sequence[str] = (),
    ):
        self.path = path
        self.growing = growing
        plain = json.loads(json.dumps(settings))
        try:
            self._check(kind, plain)
            path.mkdir(parents=True, exist_ok=True)
            self._lock(patience)
            self._check(kind, plain)
            self._write(path / f"{kind}.json", plain)
        except OSError as error:
            self.close()
            raise UserError(f"the run directory {str(path)!r} cannot be written: {error.strerror}.") from None
        except BaseException:
            self.close()
            raise

    def _check(self, kind: str, settings: dict[str, Any]) -> None:
        """Raises unless the directory is empty or belongs to these settings; warns of other versions."""
        settings = dict(settings)
        if self.path.exists() and not self.path.is_dir():
            raise UserError(f"the run directory {str(self.path)!r} is a file.")
        if (self.path / f"{kind}.json").exists():
            old = read_object(self.path / f"{kind}.json")
            changed = differences(old.pop("versions", {}), settings.pop("versions", {}))
            grown = self._grown(old, settings)
            if changed and (grown or not self._done):
                warnings.warn(
                    f"{self.path}: other versions than when the run began: {'; '.join(changed)}.", stacklevel=4
                )
            least = dict.fromkeys(self.growing, 0)
            found = differences(least | old | grown, least | settings)
            if found:
                raise UserError(
                    f"the run directory {str(self.path)!r} belongs to another command: {found[0]}"
                    + (f" (and {len(found) - 1} more)" if len(found) > 1 else "")
                    + ". Choose another --out, or give the same settings."
                )
        elif self.path.exists():
            before = {"worker.log", START_FILE}  # put there before the trial itself begins
            names = sorted(entry.name for entry in self.path.iterdir())
            others = [name for name in names if not name.startswith(".") and name not in before]
            if others:
                raise UserError(
                    f"the directory {str(self.path)!r} holds other files ({others[0]}): choose an empty one."
                )

    @property
    def _done(self) -> bool:
        return (self.path / "result.json").exists()

    def _grown(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
        """The settings that the new command raises and may raise."""
        known = {name: old.get(name, 0) for name in self.growing if self._done}
        return {name: new[name] for name, value in known.items() if isinstance(value, int) and new.get(name, 0) > value}

    def _write(self, file: Path, settings: dict[str, Any]) -> None:
        """Writes the settings of a new run, or of one that grows; the versions stay those that it began with."""
        old = read_object(file) if file.exists() else {}
        if not old or self._grown(old, settings):
            write_json(file, settings | {name: old[name] for name in ("versions",) if name in old})

    def _lock(self, patience: float) -> None:
        self._file = (self.path / ".lock").open("a+")
        deadline = time.monotonic() + patience
        while True:
            try:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    self._file.seek(0)
                    holder = self._file.read().strip() or "unknown"
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

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
