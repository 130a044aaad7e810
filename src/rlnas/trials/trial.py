"""A trial: one training from scratch, in a directory of its own."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict

from rlnas import seeding
from rlnas.algorithms.registry import find_algorithm
from rlnas.envs import make_env
from rlnas.envs.actions import actions_from_dict, actions_to_dict
from rlnas.envs.base import Bounds
from rlnas.errors import UserError
from rlnas.files import write_json
from rlnas.nets import Network
from rlnas.trials.checkpoint import fitting, load_checkpoint, save_checkpoint
from rlnas.trials.checkpoint_schedule import RESTARTED, Interval, checkpoint_after, remark_on_games
from rlnas.trials.episodes import EpisodeTable
from rlnas.trials.metrics import learning_curve, scores_of
from rlnas.trials.progress import Progress, RateMeter, Watcher, nobody
from rlnas.trials.records import Count, read_record
from rlnas.trials.results import TrialResult
from rlnas.trials.run_directory import RunDirectory
from rlnas.trials.settings import TrialSettings
from rlnas.trials.tensorboard import TensorBoardLog
from rlnas.trials.warm_start import unpack
from rlnas.user_imports import import_modules

CHECKPOINT = "checkpoint.safetensors"

LOCK_PATIENCE = 10.0
"""Seconds that a trial waits for a worker that lost its parent to go."""


class TrialState(BaseModel):
    """The plain data in a trial's checkpoint."""

    model_config = ConfigDict(allow_inf_nan=False)

    seconds: float = 0.0  # that the training has taken
    said: dict[str, str] = {}  # what is odd about the environment, one remark for each kind
    silent: Count = 0  # checkpoints that waited in vain for a game to end
    actions: dict[str, Any]
    bounds: dict[str, Any] | None = None  # what observations are scaled by, if they are


def read_result(path: Path) -> TrialResult | None:
    """The result in a trial's directory; `None` if it is not done. A damaged one raises a `UserError`."""
    file = path / "result.json"
    return read_record(TrialResult, file) if file.exists() else None


def read_settings(path: Path) -> TrialSettings:
    """The settings in a trial's directory; raises a `UserError` if they are missing or damaged."""
    return read_record(TrialSettings, path / "trial.json")


def blank_result(settings: TrialSettings, **found: Any) -> TrialResult:
    """The result of a trial: its names, its costs, and what else was found."""
    return TrialResult.blank(settings.load_space(), settings.architecture, settings.seed).model_copy(update=found)


def failed_result(settings: TrialSettings, reason: str) -> TrialResult:
    """The result of a trial that failed."""
    return blank_result(settings, status="failed", reason=reason)


def read_outcome(path: Path, settings: TrialSettings, until: int | None = None) -> TrialResult | None:
    """What a trial came to, or what it had come to when it paused; `None` if it has not got there.

    Args:
        path: the trial's directory.
        settings: its settings.
        until: as in `run_trial`. Of a trial that has gone on since, the scores are those of the pause.

    Raises:
        UserError: if the directory holds another trial, or its files are damaged.
    """
    done, file = read_result(path), path / CHECKPOINT
    if done is not None and read_settings(path).fingerprint != settings.fingerprint:
        raise UserError(f"the trial {str(path)!r} belongs to other settings than this study's.")
    if until is None or not file.exists():
        return done
    tensors, data = load_checkpoint(file, settings.fingerprint)
    games = EpisodeTable()
    with fitting(file):
        games.load_state_dict(tensors)
        state, reached = TrialState(**data), int(tensors["iteration"])
    after, every, iteration_steps = settings.iterations(until), settings.checkpoint_iterations, settings.iteration_steps
    last = min(reached, settings.iterations(settings.steps) - 1)
    found = checkpoint_after(after, every, games.step, iteration_steps, last)
    if found is None:
        return done
    steps, silent = found[0] * iteration_steps, found[1]
    return _result(settings, games.until(steps), steps, state.said, silent, "paused")


def run_trial(
    path: Path, settings: TrialSettings, watch: Watcher = nobody, label: str = "train", until: int | None = None
) -> TrialResult:
    """Trains an architecture from scratch, or goes on where an earlier process was stopped or the trial paused.

    Args:
        path: the trial's directory (docs/runs.md).
        settings: what to train.
        watch: told of every iteration.
        label: what to call the task when telling.
        until: environment steps at which the trial pauses; `None`: at its end. It pauses at the first checkpoint at or
            after them, since environments restart there in every run; later it goes on as if it had not paused.

    Returns:
        The result, which is in `result.json` if the trial is done.

    Raises:
        UserError: if the directory or a checkpoint in it belongs to something else.
        EnvironmentFault: if the environment fails.
    """
    import_modules(settings.imports)
    with RunDirectory(path, "trial", settings.model_dump(mode="json"), LOCK_PATIENCE):
        found = read_outcome(path, settings, until)
        if found is None:
            found = _train(path, settings, watch, label, until)
            if found.status == "done":
                write_json(path / "result.json", found.model_dump(mode="json"))
        watch(Progress(label, found.steps, found.steps, score=found.total_reward, finished=True))
        return found


def _train(path: Path, settings: TrialSettings, watch: Watcher, label: str, until: int | None) -> TrialResult:
    with contextlib.ExitStack() as cleanup:
        space = settings.load_space()
        env = make_env(settings.env, settings.env_settings, threads=settings.threads)
        cleanup.callback(env.close)
        check_fit(space.input_shape, env.observation_shape, settings.env, space.name)
        root = seeding.integer(settings.seed, "trial")
        network = Network(space, space.architecture(settings.architecture), settings.heads(env.actions), root)
        bounds = settings.scaling(env)
        settings.prepare(network, bounds)
        trainer = settings.trainer(network, env, settings.steps, root)
        games = EpisodeTable()
        file, owner = path / CHECKPOINT, settings.fingerprint
        data: dict[str, Any] = {"seconds": 0.0, "said": {}, "silent": 0}
        data |= {"actions": actions_to_dict(env.actions), "bounds": bounds_to_dict(bounds)}
        if file.exists():
            tensors, kept = load_checkpoint(file, owner)
            with fitting(file):
                trainer.load_state_dict(tensors)
                games.load_state_dict(tensors)
                data |= TrialState(**kept).model_dump()
        elif settings.start:
            try:
                trainer.start_from(unpack(path, settings.start))
            except (KeyError, RuntimeError) as error:
                raise UserError(f"the start of the trial {str(path)!r} does not fit its network: {error}.") from None
        start = time.perf_counter() - data["seconds"]
        log, meter = TensorBoardLog(path / "tensorboard", trainer.steps), RateMeter()
        cleanup.callback(log.close)
        every, total = settings.checkpoint_iterations, trainer.iterations * trainer.steps_per_iteration
        trainer.restart(trainer.iteration // every)
        interval = Interval(every, trainer.iteration, len(games.score))
        paused = False
        while not trainer.done and not paused:
            entry = trainer.iterate()
            games.extend(entry.episodes)
            rate = meter.update(trainer.steps)
            log.write(entry, rate)
            if not trainer.done:  # the end is told when the result is there
                watch(Progress(label, trainer.steps, total, "steps", rate, games.recent))
            if interval.due(trainer.iteration, len(games.score)) or trainer.done:
                if interval.restart(trainer.iteration, len(games.score)) and not trainer.done:
                    data["silent"] += 1
                    watch(Progress(label, trainer.steps, total, "steps", rate, games.recent, note=RESTARTED))
                # The first remark of a kind stays, so that a resumed run makes the same ones.
                data |= {"seconds": time.perf_counter() - start, "said": {**env.remarks, **data["said"]}}
                save_checkpoint(file, owner, {**trainer.state_dict(), **games.state_dict()}, data)
                paused = not trainer.done and until is not None and trainer.steps >= until
                if not trainer.done and not paused:
                    trainer.restart(trainer.iteration // every)
    if trainer.done:
        # Apart from the result, which has the same bytes whenever the settings are the same.
        write_json(path / "timing.json", {"seconds": round(time.perf_counter() - start, 3)})
        games.write(path / "episodes.parquet")
    status = "done" if trainer.done else "paused"
    return _result(settings, games, trainer.steps, data["said"], data["silent"], status)


def _result(
    settings: TrialSettings, games: EpisodeTable, steps: int, said: dict[str, str], silent: int, status: str
) -> TrialResult:
    """The result of a training that played these games in so many steps."""
    curve_steps, curve = learning_curve(games.step, games.score)
    remarks = remark_on_games(steps, settings.env_settings.num_envs, len(games.score), silent)
    return blank_result(
        settings,
        status=status,
        steps=steps,
        episodes=len(games.score),
        scores=scores_of(games.step, games.score, settings.steps if status == "done" else steps),
        remarks=[*said.values(), *remarks.values()],
        curve_steps=curve_steps,
        curve=curve,
    )


def check_fit(expected: tuple[int, ...], found: tuple[int, ...], env: str, space: str) -> None:
    """Raises a `UserError` unless a space takes the observations of an environment."""
    if expected != found:
        raise UserError(
            f"space {space!r} takes observations of shape {expected}, but {env!r} gives {found}: choose another space."
        )


def bounds_to_dict(bounds: Bounds | None) -> dict[str, Any] | None:
    """Bounds as plain data, for checkpoints."""
    return None if bounds is None else {"low": bounds.low.tolist(), "high": bounds.high.tolist()}


def load_network(path: Path) -> tuple[TrialSettings, Network]:
    """The settings and the trained network of a trial's directory, done or under way.

    Raises:
        UserError: if there is no checkpoint, or it does not fit.
    """
    settings, file = read_settings(path), path / CHECKPOINT
    if not file.exists():
        raise UserError(f"the trial {str(path)!r} has no checkpoint yet.")
    tensors, data = load_checkpoint(file, settings.fingerprint)
    space = settings.load_space()
    with fitting(file):
        state = TrialState(**data)
        heads = settings.heads(actions_from_dict(state.actions))
        network = Network(space, space.architecture(settings.architecture), heads)
        bounds = state.bounds and Bounds(np.array(state.bounds["low"]), np.array(state.bounds["high"]))
        settings.prepare(network, bounds or None)
        find_algorithm(settings.algorithm).load_agent(network, tensors)
    return settings, network
