"""The shared weights of a one-shot search: fits the supernet along paths, plays games with its weights."""

import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch
from pydantic import Field
from safetensors.torch import load
from torch import Tensor

from rlnas import seeding
from rlnas.algorithms.algorithm import Policy
from rlnas.algorithms.play import play_in_portions
from rlnas.envs import Episode, make_env
from rlnas.errors import UserError
from rlnas.files import read_bytes
from rlnas.nets import Supernet
from rlnas.quantity import plural
from rlnas.spaces import Architecture
from rlnas.strategies import Evaluate, Fit, Outcome
from rlnas.study.game_plan import GamePlan, plan_games
from rlnas.study.records import FittedPath
from rlnas.study.settings import StudySettings
from rlnas.study.trainings import await_all
from rlnas.trials.backend import Backend, Job
from rlnas.trials.checkpoint import fitting, pack
from rlnas.trials.checkpoint_schedule import RESTARTED, Interval, remark_on_games
from rlnas.trials.episodes import EpisodeTable
from rlnas.trials.progress import Progress, RateMeter, Watcher, nobody
from rlnas.trials.records import Count, Record, checked_record
from rlnas.trials.tensorboard import TensorBoardLog
from rlnas.trials.trial import check_fit
from rlnas.user_imports import import_modules


class FitState(Record):
    """The plain data of a fit in the search's checkpoint."""

    paths: list[FittedPath]
    restarts: Count
    silent: Count
    evaluated: Count
    evaluation_steps: Count
    games: list[Count] = Field(min_length=4, max_length=4)


class SupernetFit:
    """A supernet on real environments, with all that its fit leaves behind: games, the path log, what it cost.

    `root` is that of the search's random streams; `watch` is told of every iteration; `backend` may play games.
    """

    def __init__(self, settings: StudySettings, root: int, watch: Watcher, backend: Backend | None = None):
        self.settings, self.root, self.watch, self.backend = settings, root, watch, backend
        space = settings.load_space()
        self.env = make_env(settings.env, settings.env_settings, threads=settings.threads)
        check_fit(space.input_shape, self.env.observation_shape, settings.env, space.name)
        self.supernet = Supernet(space, settings.heads(self.env.actions), root)
        settings.prepare(self.supernet, settings.scaling(self.env))
        self.trainer = settings.trainer(self.supernet, self.env, settings.steps, root)
        self.games = EpisodeTable()
        self.total_steps = self.trainer.iterations * self.trainer.steps_per_iteration
        self.paths: list[dict[str, Any]] = []
        self.restarts = self.silent = 0
        self.interval = Interval(settings.checkpoint_iterations, 0, 0)
        self.evaluated = self.evaluation_steps = 0
        # Of the games that were to rank architectures: how many the strategy asked for, were played, and were cut.
        self.asked = self.played = self.cut = 0
        self.bound = 0
        self.meter, self.selection_meter = RateMeter(), RateMeter()
        self.folder = Path()
        self.events: TensorBoardLog | None = None

    def begin(self, folder: Path) -> None:
        """Opens the events in a folder and starts the environments, at the beginning or after `load_state_dict`."""
        self.folder = folder
        self.events = TensorBoardLog(folder / "tensorboard", self.trainer.steps)
        if self.backend is not None and self._jobs > 1:
            self.backend.prepare(self.settings.env, folder / "worker.log")
        self.go_on()

    def fit(self, proposal: Fit) -> Outcome:
        """Trains along a path; raises a `UserError` if that takes more iterations than the budget has left."""
        assert self.events is not None
        left = self.trainer.iterations - self.trainer.iteration
        if proposal.iterations > left:
            raise UserError(f"the strategy proposes {proposal.iterations} iterations, but its budget has {left} left.")
        self.supernet.activate(proposal.path)
        if proposal.reset_optimizer:
            self.trainer.reset_optimizer()
        if proposal.fresh:
            self.trainer.restart(len(self.paths), "path")
        scores: list[float] = []
        for _ in range(proposal.iterations):
            log = self.trainer.iterate()
            self.games.extend(log.episodes)
            scores += [episode.score for _, episode in log.episodes]
            rate = self.meter.update(self.trainer.steps)
            self.events.write(log, rate)
            done = self.trainer.done
            self.watch(Progress("fit", self.trainer.steps, self.total_steps, "steps", rate, self.games.recent, done))
        self.paths.append({"path": proposal.path.id, "steps": self.trainer.steps, "returns": scores})
        return Outcome((tuple(scores),), float(self.env.running_scores.mean()))

    def evaluate(self, proposal: Evaluate) -> Outcome:
        """Plays the games of all paths."""
        self.env.close()  # of some simulators only a few can live
        plan = plan_games(proposal, self.settings.steps, self.games.length, self.env.max_steps)
        self.bound = plan.bound
        tell = self._teller(plan, proposal)
        tell(0)
        jobs = min(self._jobs, len(proposal.paths))
        play = self.play if jobs == 1 else partial(self._play_elsewhere, jobs)
        played = play(proposal.paths, plan.games, plan.longest, tell)
        episodes = [episode for group in played for episode in group]
        self.evaluated += len(proposal.paths)
        self.evaluation_steps += sum(episode.length for episode in episodes)
        self.asked += proposal.episodes * len(proposal.paths)
        self.played += len(episodes)
        self.cut += sum(episode.cut for episode in episodes)
        self._teller(plan, proposal)(0)
        return Outcome(tuple(tuple(episode.score for episode in group) for group in played))

    @property
    def _jobs(self) -> int:
        """In how many processes games may be played. With several threads or a GPU, more would compete for these."""
        if self.backend is None or self.settings.threads > 1 or self.settings.device != "cpu":
            return 1
        return self.backend.jobs

    def play(
        self, paths: Sequence[Architecture], count: int, longest: int, tell: Callable[[int], None]
    ) -> list[list[Episode]]:
        """Plays games of some paths, as many side by side as there are environments.

        `count` are those of each path, `longest` the steps after which one is cut.
        """
        settings = self.settings
        # Seeds go by path, so that a score does not depend on what is evaluated beside it. All paths meet the same.
        games = seeding.integers(self.root, "evaluation", count=count)
        streams = [
            torch.Generator(self.trainer.device).manual_seed(seeding.integer(self.root, "evaluation", path.id))
            for path in paths
        ]
        known, supernet = self.trainer.standardize, self.supernet
        policy: Policy = supernet if known is None else lambda observation: supernet(known(observation.float()))
        active: Architecture | None = None

        def ready(path: Architecture) -> Policy:
            nonlocal active
            if path is not active:
                supernet.activate(path)
                active = path
            return policy

        return play_in_portions(
            [partial(ready, path) for path in paths],
            lambda count: make_env(settings.env, settings.env_settings, num_envs=count, threads=settings.threads),
            games,
            streams,
            most=settings.env_settings.num_envs,
            device=self.trainer.device,
            max_steps=longest,
            tell=tell,
        )

    def _play_elsewhere(
        self, jobs: int, paths: Sequence[Architecture], count: int, longest: int, tell: Callable[[int], None]
    ) -> list[list[Episode]]:
        """Plays as `play` does, in several processes."""
        assert self.backend is not None
        lock, played = threading.Lock(), [list[Episode]() for _ in paths]

        def told(steps: int) -> None:
            with lock:
                tell(steps)

        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "supernet.safetensors"
            file.write_bytes(pack(self.trainer.state_dict()))
            shared = {"settings": self.settings.model_dump(mode="json"), "root": self.root, "file": str(file)}
            shared |= {"count": count, "longest": longest}
            futures = []
            for first in range(jobs):
                data = {**shared, "paths": [path.id for path in paths[first::jobs]]}
                job = Job(play_paths, data, self.settings.env, self.folder / "worker.log", told)
                futures.append(self.backend.call(job))
            await_all(futures)
        for first, future in enumerate(futures):
            played[first::jobs] = [[Episode(**episode) for episode in games] for games in future.result()]
        return played

    def _teller(self, plan: GamePlan, proposal: Evaluate) -> Callable[[int], None]:
        """Tells how far the ranking is, in steps; it is given those that were played since the last time."""
        note = f"{self.evaluated} of {plural(proposal.total, 'architecture')}, {plural(plan.games, 'game')} each"
        done, finished = self.evaluation_steps, self.evaluated == proposal.total

        def tell(steps: int) -> None:
            nonlocal done
            done += steps
            total = done if finished else max(done, plan.foreseen)
            rate = self.selection_meter.update(done)
            self.watch(Progress("select", done, total, "steps", rate, finished=finished, note=note))

        return tell

    def cost(self) -> dict[str, Any]:
        """What the fit and the ranking took, and how many of the ranking's games were cut."""
        return {
            "fit_steps": self.trainer.steps,
            "evaluated_architectures": self.evaluated,
            "evaluation_steps": self.evaluation_steps,
            **({"evaluation_bound": self.bound} if self.evaluated else {}),
            **({"cut_games": self.cut} if self.cut else {}),
        }

    def remarks(self) -> list[str]:
        """What a reader of the ranking should know about its games and those of the fit, a sentence each."""
        fit = remark_on_games(self.trainer.steps, self.env.num_envs, len(self.games.score), self.silent)
        found = [f"In the fit: {said[0].lower()}{said[1:]}" for said in fit.values()]
        bound = f"ranking may take {self.bound:,} steps after a fit of {self.settings.steps:,}"
        if self.played < self.asked:
            found.append(f"{self.played:,} of the {self.asked:,} games that were to rank were played: {bound}.")
        if self.cut:
            found.append(
                f"{self.cut:,} of the {self.played:,} games that ranked architectures were cut, so they are not full "
                f"games: {bound}."
            )
        return found

    def start(self, path: Architecture) -> bytes:
        """What a training of a path's architecture starts from, if it is not to start from scratch."""
        return pack(self.trainer.weights(self.supernet.extract(path)))

    @property
    def checkpoint_due(self) -> bool:
        """Whether enough iterations have passed since the last checkpoint, and a game has ended."""
        return self.interval.due(self.trainer.iteration, len(self.games.score)) or self.trainer.done

    def begin_checkpoint(self) -> None:
        """Counts a checkpoint: from there on, other games are played than without it."""
        silent = self.interval.restart(self.trainer.iteration, len(self.games.score))
        if silent and not self.trainer.done:
            self.silent += 1
            self.watch(Progress("fit", self.trainer.steps, self.total_steps, note=RESTARTED))
        self.restarts += 1

    def go_on(self) -> None:
        """Begins new games after a checkpoint, in a run that goes on as in one that is resumed."""
        if not self.trainer.done:
            self.trainer.restart(self.restarts)

    def state_dict(self) -> tuple[dict[str, Tensor], dict[str, Any]]:
        """Tensors and plain data, for a checkpoint."""
        data = {
            "paths": self.paths,
            "restarts": self.restarts,
            "silent": self.silent,
            "evaluated": self.evaluated,
            "evaluation_steps": self.evaluation_steps,
            "games": [self.asked, self.played, self.cut, self.bound],
        }
        return {**self.trainer.state_dict(), **self.games.state_dict()}, data

    def load_state_dict(self, file: Path, tensors: dict[str, Tensor], data: dict[str, Any]) -> None:
        """Restores what `state_dict` gave; `file` is named if it does not fit."""
        state = checked_record(FitState, data, file)
        with fitting(file):
            self.trainer.load_state_dict(tensors)
            self.games.load_state_dict(tensors)
        self.paths = [path.model_dump() for path in state.paths]
        self.restarts, self.silent = state.restarts, state.silent
        self.interval = Interval(self.settings.checkpoint_iterations, self.trainer.iteration, len(self.games.score))
        self.asked, self.played, self.cut, self.bound = state.games
        self.evaluated = state.evaluated
        self.evaluation_steps = state.evaluation_steps

    def close(self) -> None:
        """Frees the environments and closes the events."""
        self.env.close()
        if self.events is not None:
            self.events.close()


def play_paths(data: dict[str, Any], tell: Callable[[int], None]) -> list[list[dict[str, Any]]]:
    """A job: what `SupernetFit.play` gives where only the settings and a file of the trainer's state are there."""
    settings = StudySettings(**data["settings"])
    import_modules(settings.imports)
    fit = SupernetFit(settings, data["root"], nobody)
    fit.env.close()
    fit.trainer.load_state_dict(load(read_bytes(Path(data["file"]))))
    space = settings.load_space()
    paths = [space.architecture(path) for path in data["paths"]]
    played = fit.play(paths, data["count"], data["longest"], tell)
    return [[asdict(episode) for episode in games] for games in played]
