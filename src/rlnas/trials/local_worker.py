"""The process that runs one trial: `python -m rlnas.trials.local_worker DESCRIPTOR`, or a fork of `fork_server`.

It reads the trial from the socket that it is given, tells its progress on it as JSON lines, and dies when the other
end is gone, so that nothing goes on writing into a run that has lost its owner. It leaves once its result is written,
whatever the environment has left running.
"""

import json
import os
import signal
import socket
import sys
import threading
import time
import traceback
from dataclasses import asdict
from pathlib import Path

import torch

from rlnas.algorithms.torch_modes import set_float_modes
from rlnas.errors import EnvironmentFault, TrainingDiverged, UserError
from rlnas.processes import leave
from rlnas.trials.local import Exit
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
    """Runs the trial that the socket names."""
    with channel.makefile(encoding="utf-8") as lines:
        request = lines.readline()
    if not request:
        return Exit.BROKEN  # the study is gone already
    trial = json.loads(request)
    label = trial["label"]
    threading.Thread(target=_die_with, args=(channel,), daemon=True).start()
    torch.set_num_threads(1)
    set_float_modes()
    last = 0.0

    def tell(progress: Progress) -> None:
        nonlocal last
        if progress.finished or time.monotonic() - last > 0.5:
            last = time.monotonic()
            channel.sendall((json.dumps(asdict(progress)) + "\n").encode())

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
