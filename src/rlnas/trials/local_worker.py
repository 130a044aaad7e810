"""The process that runs one trial: `python -m rlnas.trials.local_worker DIRECTORY LABEL DESCRIPTOR UNTIL`.

`LocalBackend` starts it. It reads the trial's settings from standard input, tells its progress as JSON lines on the
file descriptor that it is given, and dies when its parent does, so that nothing goes on writing into a run that has
lost its owner. It leaves once its result is written, whatever the environment has left running.
"""

import json
import os
import signal
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


def _die_with(parent: int) -> None:
    """Waits for the end of a pipe, which comes when the parent is gone."""
    while os.read(parent, 4096):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # with it what its environments started
    os._exit(1)


def main() -> Exit:
    """Runs the trial."""
    directory, label, descriptor, until = sys.argv[1:]
    settings = TrialSettings(**json.loads(sys.stdin.readline()))
    # An environment that reads from standard input must find nothing there, and not wait for ever.
    parent = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=_die_with, args=(parent,), daemon=True).start()
    torch.set_num_threads(1)
    set_float_modes()
    last = 0.0

    with os.fdopen(int(descriptor), "w", buffering=1) as channel:

        def tell(progress: Progress) -> None:
            nonlocal last
            if progress.finished or time.monotonic() - last > 0.5:
                last = time.monotonic()
                channel.write(json.dumps(asdict(progress)) + "\n")

        try:
            run_trial(Path(directory), settings, tell, label, int(until) or None)
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
    leave(main())
