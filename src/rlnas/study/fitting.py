"""Runs the proposals of a one-shot strategy: fits the supernet, evaluates its paths, keeps the search resumable."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Any

import torch

from rlnas import seeding
from rlnas.envs import make_env
from rlnas.nets import Supernet
from rlnas.ppo import Trainer, play_episodes
from rlnas.ppo.rollout import Policy
from rlnas.search import Evaluate, Fit, Outcome, Ranked, Strategy, make_strategy
from rlnas.spaces import Architecture
from rlnas.study.episodes import EpisodeTable
from rlnas.study.files import save_checkpoint, write_bytes, write_json
from rlnas.study.progress import Progress, RateMeter, Watcher
from rlnas.study.run_directory import fingerprint
from rlnas.study.settings import StudySettings
from rlnas.study.tensorboard import TensorBoardLog
from rlnas.study.trial import check_fit, restore


class SupernetSearch:
    """A one-shot search on real environments.

    The supernet, the strategy, the games and the path log are one checkpoint, written between proposals.

    Args:
        path: the folder `search` of a run directory.
        settings: the study's settings.
        watch: told of every iteration.
    """

    def __init__(self, path: Path, settings: StudySettings, watch: Watcher):
        self.path = path
        self.settings = settings
        self.watch = watch
        self.space = settings.load_space()
        self.root = seeding.integer(settings.seed, "search")
        self.env = make_env(settings.env, settings.env_settings, threads=settings.threads)
        check_fit(self.space.input_shape, self.env.observation_shape, settings.env, self.space.name)
        iterations = settings.iterations(settings.steps)
        self.strategy: Strategy = make_strategy(
            settings.strategy, self.space, iterations, self.root, settings.strategy_options
        )
        self.supernet = Supernet(self.space, self.env.num_actions, self.root)
        self.trainer = Trainer(self.supernet, self.env, settings.ppo, iterations, self.root, settings.device)
        self.games = EpisodeTable()
        self.paths: list[dict[str, Any]] = []
        self.checkpoints = 0
        self.evaluated = 0
        self.evaluation_steps = 0
        self.owner = fingerprint(settings.model_dump(mode="json"))

    def run(self) -> list[Ranked]:
        """Runs the search to its end, or goes on where an earlier process was stopped; returns the ranking.

        Raises:
            UserError: if a checkpoint is not this search's.
            EnvironmentFault: if the environment fails.
        """
        file = self.path / "checkpoint.safetensors"
        try:
            if file.exists():
                self._restore(file)
            self.events = TensorBoardLog(self.path / "tensorboard", self.trainer.steps)
            try:
                self._answer_proposals(file)
            finally:
                self.events.close()
        finally:
            self.env.close()
        ranking = self.strategy.rank()
        write_json(self.path / "ranking.json", [{"architecture": r.architecture.id, "proxy": r.proxy} for r in ranking])
        self.games.write(self.path / "episodes.parquet")
        return ranking

    def _answer_proposals(self, file: Path) -> None:
        self.meter, self.selection_meter = RateMeter(), RateMeter()
        self.trainer.restart(self.checkpoints)
        while (proposal := self.strategy.ask()) is not None:
            if isinstance(proposal, Fit):
                self.strategy.tell(self._fit(proposal))
                due = (self.checkpoints + 1) * self.settings.checkpoint_iterations
                if self.trainer.iteration >= due or self.trainer.done:
                    self._checkpoint(file)
                    self.trainer.restart(self.checkpoints)
            else:
                self.strategy.tell(self._evaluate(proposal))
                self._checkpoint(file)

    def _fit(self, proposal: Fit) -> Outcome:
        self.supernet.activate(proposal.path)
        scores: list[float] = []
        total = self.trainer.iterations * self.trainer.steps_per_iteration
        for _ in range(proposal.iterations):
            log = self.trainer.iterate()
            self.games.extend(log.episodes)
            scores += [episode.score for _, episode in log.episodes]
            rate = self.meter.update(self.trainer.steps)
            self.events.write(log, rate)
            done = self.trainer.done
            self.watch(Progress("fit", self.trainer.steps, total, "steps", rate, self.games.recent, done))
        self.paths.append({"path": proposal.path.id, "steps": self.trainer.steps, "returns": scores})
        return Outcome((tuple(scores),))

    def _evaluate(self, proposal: Evaluate) -> Outcome:
        """Plays the games of all paths side by side, one environment for each game."""
        count = len(proposal.paths) * proposal.episodes
        env = make_env(self.settings.env, self.settings.env_settings, num_envs=count, threads=self.settings.threads)
        # Seeds go by path, so that a score does not depend on what is evaluated beside it. All paths meet the same.
        games = seeding.integers(self.root, "evaluation", count=proposal.episodes)
        streams = [
            torch.Generator(self.trainer.device).manual_seed(seeding.integer(self.root, "evaluation", path.id))
            for path in proposal.paths
        ]
        try:
            policies = [partial(self._ready, path) for path in proposal.paths]
            limit = self.settings.env_settings.max_steps
            played = play_episodes(policies, env, games, streams, device=self.trainer.device, max_steps=limit)
        finally:
            env.close()
        self.evaluated += len(proposal.paths)
        rate = self.selection_meter.update(self.evaluated)
        finished = self.evaluated == proposal.total
        self.watch(Progress("select", self.evaluated, proposal.total, "architectures", rate, finished=finished))
        self.evaluation_steps += sum(episode.length for group in played for episode in group)
        return Outcome(tuple(tuple(episode.score for episode in group) for group in played))

    def cost(self) -> dict[str, int]:
        """Environment steps of the fit and of the evaluations, and how many architectures were evaluated."""
        return {
            "fit_steps": self.trainer.steps,
            "evaluated_architectures": self.evaluated,
            "evaluation_steps": self.evaluation_steps,
        }

    def _ready(self, path: Architecture) -> Policy:
        self.supernet.activate(path)
        return self.supernet

    def _checkpoint(self, file: Path) -> None:
        if self.trainer.iteration > self.checkpoints * self.settings.checkpoint_iterations:
            self.checkpoints += 1
        self.events.flush()
        lines = "".join(json.dumps(entry) + "\n" for entry in self.paths)
        write_bytes(self.path / "paths.jsonl", lines.encode())
        data = {
            "strategy": self.strategy.state_dict(),
            "paths": self.paths,
            "checkpoints": self.checkpoints,
            "evaluated": self.evaluated,
            "evaluation_steps": self.evaluation_steps,
        }
        save_checkpoint(file, self.owner, {**self.trainer.state_dict(), **self.games.state_dict()}, data)

    def _restore(self, file: Path) -> None:
        data = restore(file, self.owner, self.trainer, self.games)
        self.strategy.load_state_dict(data["strategy"])
        self.paths = data["paths"]
        self.checkpoints, self.evaluated = data["checkpoints"], data["evaluated"]
        self.evaluation_steps = data["evaluation_steps"]
