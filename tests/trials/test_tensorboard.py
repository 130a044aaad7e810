"""The event files, as TensorBoard's own reader sees them."""

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from rlnas.algorithms.algorithm import IterationLog
from rlnas.algorithms.ppo.update import UpdateStats
from rlnas.envs import Episode
from rlnas.trials.tensorboard import TensorBoardLog

STATS = UpdateStats(-0.5, 0.25, 1.5, 0.01, 0.125, 0.75, -3.0)


def entry(iteration: int, *episodes: tuple[int, float]) -> IterationLog:
    games = [(step, Episode(score, 4 * step, truncated=False, environment=0)) for step, score in episodes]
    return IterationLog(iteration, 100 * iteration, games, vars(STATS), 2.0**-iteration)


def test_every_number_of_an_iteration_is_there(tmp_path):
    log = TensorBoardLog(tmp_path / "tensorboard", 0)
    log.write(entry(1, (30, 5.0), (60, -1.5)), None)
    log.write(entry(2), 1234.0)
    found = EventAccumulator(str(tmp_path / "tensorboard")).Reload()  # before it is closed: for who looks on

    def scalars(tag: str) -> list[tuple[int, float]]:
        return [(event.step, event.value) for event in found.Scalars(tag)]

    assert scalars("charts/episodic_return") == [(30, 5.0), (60, -1.5)]
    assert scalars("charts/episodic_length") == [(30, 120.0), (60, 240.0)]
    assert scalars("charts/learning_rate") == [(100, 0.5), (200, 0.25)]
    assert scalars("charts/SPS") == [(200, 1234.0)]
    for name, value in vars(STATS).items():
        assert scalars(f"losses/{name}") == [(100, pytest.approx(value)), (200, pytest.approx(value))]
    log.close()


def test_what_a_killed_process_wrote_beyond_its_checkpoint_is_dropped(tmp_path):
    killed = TensorBoardLog(tmp_path, 0)
    for iteration in (1, 2, 3):
        killed.write(entry(iteration, (100 * iteration - 50, float(iteration))), None)
    resumed = TensorBoardLog(tmp_path, 200)  # the checkpoint was that of the second iteration
    resumed.write(entry(3, (270, 33.0)), None)
    resumed.close()
    found = EventAccumulator(str(tmp_path)).Reload()
    assert [(e.step, e.value) for e in found.Scalars("charts/episodic_return")] == [(50, 1.0), (150, 2.0), (270, 33.0)]
    assert [e.step for e in found.Scalars("charts/learning_rate")] == [100, 200, 300]
