"""The process that runs one trial: `python -m rlnas.study.worker DIRECTORY LABEL DESCRIPTOR`.

`LocalWorkers` starts it. It reads the trial's settings from standard input, tells its progress as JSON lines on the
file descriptor that it is given, and dies when its parent does, so that nothing goes on writing into a run that has
lost its owner.
"""

from __future__ import annotations

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

from rlnas.errors import EnvironmentFault, TrainingDiverged, UserError
from rlnas.ppo import set_float_modes
from rlnas.study.progress import Progress
from rlnas.study.settings import TrialSettings
from rlnas.study.trial import run_trial
from rlnas.study.workers import Exit


def _die_with_parent() -> None:
    """Waits for the end of standard input, which comes when the parent is gone."""
    sys.stdin.read()
    if os.getpgrp() == os.getpid():
        os.killpg(0, signal.SIGKILL)  # with it what its environments started
    os._exit(1)


def main() -> None:
    """Runs the trial."""
    directory, label, descriptor = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
    settings = TrialSettings(**json.loads(sys.stdin.readline()))
    threading.Thread(target=_die_with_parent, daemon=True).start()
    torch.set_num_threads(1)
    set_float_modes()
    channel = os.fdopen(descriptor, "w", buffering=1)
    last = 0.0

    def tell(progress: Progress) -> None:
        nonlocal last
        if progress.finished or time.monotonic() - last > 0.5:
            last = time.monotonic()
            channel.write(json.dumps(asdict(progress)) + "\n")

    try:
        run_trial(directory, settings, tell, label)
    except (EnvironmentFault, TrainingDiverged) as error:
        traceback.print_exc()  # into worker.log: whose environment it is needs to know the line
        tell(Progress(label, 0, 0, finished=True, note=str(error)))
        sys.exit(Exit.FAILED)
    except UserError as error:
        tell(Progress(label, 0, 0, finished=True, note=str(error)))
        sys.exit(Exit.REFUSED)
    except Exception as error:
        traceback.print_exc()
        tell(Progress(label, 0, 0, finished=True, note=f"{type(error).__name__}: {error}"))
        sys.exit(Exit.BROKEN)


if __name__ == "__main__":
    main()
