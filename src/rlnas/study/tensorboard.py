"""TensorBoard events of a training, under the names that CleanRL's users know."""

from __future__ import annotations

from pathlib import Path

from torch.utils.tensorboard import SummaryWriter

from rlnas.ppo import IterationLog


class TensorBoardLog:
    """Writes the scalars of every iteration.

    Args:
        path: folder for the event files.
        start: environment steps at which this process starts; events that a killed one wrote beyond are dropped.
    """

    def __init__(self, path: Path, start: int):
        self._writer = SummaryWriter(str(path), purge_step=start + 1)

    def write(self, log: IterationLog, rate: float | None) -> None:
        """Writes one iteration's episodes, losses and speed."""
        add = self._writer.add_scalar
        for step, episode in log.episodes:
            add("charts/episodic_return", episode.score, step)
            add("charts/episodic_length", episode.length, step)
        for name, value in vars(log.stats).items():
            add(f"losses/{name}", value, log.steps)
        add("charts/learning_rate", log.learning_rate, log.steps)
        if rate is not None:
            add("charts/SPS", rate, log.steps)

    def flush(self) -> None:
        """Writes what is buffered, so that a kill loses nothing older than a checkpoint."""
        self._writer.flush()

    def close(self) -> None:
        """Flushes and closes the event file."""
        self._writer.close()
