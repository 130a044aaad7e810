"""The process that runs one trial, or a part of a search.

It is a fork of `fork_server`, or `python -m rlnas.trials.local_worker DESCRIPTOR`.
It reads what to do from the socket that it is given, tells its progress on it as JSON lines, and dies when the other
end is gone, so that nothing goes on writing into a run that has lost its owner. It leaves once its result is written,
whatever the environment has left running.
"""

import importlib
import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from rlnas.algorithms.torch_modes import set_torch_modes
from rlnas.errors import EnvironmentFault, TrainingDiverged, UserError
from rlnas.processes import leave
from rlnas.trials.local import FAULTS, Exit
from rlnas.trials.progress import Progress
from rlnas.trials.settings import TrialSettings
from rlnas.trials.trial import run_trial


def _die_with(channel: socket.socket) -> None:
    """Waits for the end of a socket, which comes when the parent is gone."""
    while channel.recv(4096):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # with it what its environments started
    os._exit(1)


def work(channel: socket.socket) -> Exit:
    """Does what the socket says."""
    with channel.makefile(encoding="utf-8") as lines:
        request = lines.readline()
    if not request:
        return Exit.BROKEN  # the study is gone already
    threading.Thread(target=_die_with, args=(channel,), daemon=True).start()
    torch.set_num_threads(1)
    set_torch_modes()

    def say(words: dict[str, Any]) -> None:
        channel.sendall((json.dumps(words) + "\n").encode())

    wanted = json.loads(request)
    return _run_job(wanted["job"], wanted["data"], say) if "job" in wanted else _run_trial(wanted, say)


def _run_job(job: str, data: Any, say: Callable[[dict[str, Any]], None]) -> Exit:
    """Calls a function, named as `module:function`."""
    untold, last = 0, 0.0
    del sys.argv[1:]  # the server's: the user's code, which may read them, would take them for its own

    def tell(done: int) -> None:
        nonlocal untold, last
        untold += done
        if time.monotonic() - last > 0.5:
            say({"told": untold})
            untold, last = 0, time.monotonic()

    module, _, name = job.partition(":")
    try:
        say({"result": getattr(importlib.import_module(module), name)(data, tell), "told": untold})
        return Exit.DONE
    except tuple(FAULTS.values()) as error:
        (kind,) = (name for name, fault in FAULTS.items() if isinstance(error, fault))
        say({"error": kind, "reason": str(error), "trace": traceback.format_exc()})
        return Exit.FAILED
    except BaseException:
        traceback.print_exc()  # into worker.log
        return Exit.BROKEN


def _run_trial(trial: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> Exit:
    label, last = trial["label"], 0.0
    sys.argv[1:] = [trial["directory"], label]  # for the user's code, which may ask where it is

    def tell(progress: Progress) -> None:
        nonlocal last
        if progress.finished or time.monotonic() - last > 0.5:
            last = time.monotonic()
            say(asdict(progress))

    try:
        run_trial(Path(trial["directory"]), TrialSettings(**trial["settings"]), tell, label, trial["until"])
        return Exit.DONE
    except UserError as error:
        code, note = Exit.REFUSED, str(error)
    except (EnvironmentFault, TrainingDiverged) as error:
        code, note = Exit.FAILED, str(error)
        traceback.print_exc()  # into worker.log: whose environment it is needs to know the line
    except BaseException as error:
        code, note = Exit.BROKEN, f"{type(error).__name__}: {error}"
        traceback.print_exc()
    tell(Progress(label, 0, 0, finished=True, note=note))
    return code


if __name__ == "__main__":
    leave(work(socket.socket(fileno=int(sys.argv[1]))))
