"""TensorBoard events of a training, under the names that CleanRL's users know."""

import os
import socket
import time
from pathlib import Path

from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

from rlnas.algorithms.algorithm import IterationLog


class TensorBoardLog:
    """Writes the scalars of every iteration.

    Torch's `SummaryWriter` hands each number to a thread of its own, which took a tenth of the training in games of a
    few milliseconds. `start` are the steps at which this process starts: what a killed one wrote beyond is dropped.
    """

    def __init__(self, path: Path, start: int):
        path.mkdir(parents=True, exist_ok=True)
        # TensorBoard reads the files of a folder in the order of their names.
        name = f"events.out.tfevents.{time.time_ns() // 1000}.{socket.gethostname()}.{os.getpid()}"
        self._file = (path / name).open("xb")  # which follows no link
        self._records = RecordWriter(self._file)
        self._put(Event(file_version="brain.Event:2"))
        self._put(Event(step=start + 1, session_log=SessionLog(status=SessionLog.START)))

    def _put(self, event: Event) -> None:
        event.wall_time = time.time()
        self._records.write(event.SerializeToString())

    def _scalars(self, step: int, values: dict[str, float]) -> None:
        entries = [Summary.Value(tag=tag, simple_value=value) for tag, value in values.items()]
        self._put(Event(step=step, summary=Summary(value=entries)))

    def write(self, log: IterationLog, rate: float | None) -> None:
        """Writes one iteration's episodes, losses and speed."""
        for step, game in log.episodes:
            self._scalars(step, {"charts/episodic_return": game.score, "charts/episodic_length": game.length})
        values = {f"losses/{name}": value for name, value in log.losses.items()}
        values["charts/learning_rate"] = log.learning_rate
        if rate is not None:
            values["charts/SPS"] = rate
        self._scalars(log.steps, values)
        self._file.flush()

    def close(self) -> None:
        """Closes the event file."""
        self._file.close()
