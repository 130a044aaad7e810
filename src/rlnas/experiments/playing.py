"""`rlnas.evaluate` and `rlnas.play`: full games of a trained agent, and a video of them."""

from __future__ import annotations

import statistics
from dataclasses import KW_ONLY, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from rlnas.brief import Brief
from rlnas.experiments.options import RunOptions
from rlnas.experiments.request import Request, function
from rlnas.experiments.resolving import read_run_settings, resolve_device
from rlnas.kinds import Count, Flag, Number, Place, RunPlace, Seed, Text
from rlnas.processes import absolute
from rlnas.quantity import plural
from rlnas.user_imports import allow_imports, import_modules

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    import numpy as np
    import torch

    from rlnas.envs import Episode
    from rlnas.nets import Network
    from rlnas.study import TrialSettings


@dataclass(frozen=True, repr=False)
class Evaluation(Brief):
    """Full games of a trained agent.

    Attributes:
        architecture: its id.
        scores: unclipped returns.
        lengths: environment steps.
        cut: how many of them did not end and were cut.
    """

    architecture: str
    scores: list[float]
    lengths: list[int]
    cut: int = field(default=0, kw_only=True)

    @property
    def cut_words(self) -> str:
        """How many games are not full games, in a sentence; empty where all are."""
        games = f"{self.cut} of {plural(len(self.lengths), 'game')}"
        hint = "To let games end later, set max_episode_steps in gymnasium.register."
        return f"{games} did not end and were cut, so these are not full games. {hint}" if self.cut else ""

    def _facts(self) -> dict[str, object]:
        mean = statistics.fmean(self.scores)
        return {"architecture": self.architecture, "games": len(self.scores), "mean_return": mean}


@dataclass(frozen=True, repr=False)
class Film(Evaluation):
    """Full games of a trained agent, and the video that shows them one after another.

    Attributes:
        path: the video.
        fps: its frames of a second.
        frames: how many it has: for each game the first, and one for every step.
    """

    path: Path
    fps: float
    frames: int

    def _facts(self) -> dict[str, object]:
        return {**super()._facts(), "video": str(self.path), "fps": self.fps, "frames": self.frames}


@dataclass(frozen=True)
class Agent:
    """A trained agent, and the random streams of its games."""

    settings: TrialSettings
    network: Network
    device: str
    actions: torch.Generator
    seeds: np.ndarray  # of the games' environments, (episodes,)

    def scores(self, games: list[Episode]) -> tuple[str, list[float], list[int]]:
        """The first fields of an evaluation."""
        return self.settings.architecture, [game.score for game in games], [game.length for game in games]


@dataclass(frozen=True)
class GameOptions(Request):
    """Commands that play with a trained agent."""

    _: KW_ONLY

    seed: Seed = 0
    """Root of the games' random streams. No training shares them."""

    greedy: Flag = False
    """Take the most probable action instead of a random one."""

    device: Text = RunOptions.device
    """The torch device: auto (CUDA where there is one), cpu or cuda. The same seed gives other games on another one."""

    def agent(self, run: str | Path, episodes: int) -> Agent:
        """The trained agent of a run, with the modules imported that its environment needs."""
        import torch

        from rlnas import seeding
        from rlnas.study import load_network, trained_trial

        device, path = resolve_device(self.device), absolute(run)
        # First those of the study, since its space may hold layers of the user's own; a trial's could still be others.
        needed = read_run_settings(path).imports
        allow_imports(needed, self.imports)
        import_modules(needed)
        settings, network = load_network(trained_trial(path))
        allow_imports(settings.imports, self.imports)
        import_modules(settings.imports)
        actions = torch.Generator(device).manual_seed(seeding.integer(self.seed, "evaluate", "actions"))
        seeds = seeding.integers(self.seed, "evaluate", "environments", count=episodes)
        return Agent(settings, network.to(device), device, actions, seeds)


@dataclass(frozen=True)
class EvaluateRequest(GameOptions):
    """Play full games with a trained agent: the best of a search, or that of a training.

    A game is cut after 100,000 steps, unless the environment itself says when it ends one (max_episode_steps).
    """

    words = "evaluate"

    path: RunPlace
    """Run directory of a search or a training."""

    episodes: Count = 30
    """Full games, each in an environment of its own, at most num_envs of the run at the same time."""

    def result(self) -> Evaluation:
        """Plays the games."""
        from rlnas.algorithms.play import play_in_portions
        from rlnas.algorithms.torch_modes import torch_threads
        from rlnas.envs import make_env

        agent = self.agent(self.path, self.episodes)
        settings = agent.settings
        with torch_threads(1):
            (games,) = play_in_portions(
                [lambda: agent.network],
                lambda count: make_env(settings.env, settings.env_settings, num_envs=count),
                agent.seeds,
                [agent.actions],
                most=settings.env_settings.num_envs,
                device=agent.device,
                greedy=self.greedy,
            )
        return Evaluation(*agent.scores(games), cut=sum(game.cut for game in games))


@dataclass(frozen=True)
class PlayRequest(GameOptions):
    """Write a video of full games of a trained agent: the best of a search, or that of a training.

    The games begin like those of `rlnas evaluate` with the same seed, and run through the same code.
    """

    words = "play"

    run: RunPlace
    """Run directory of a search or a training."""

    video: Place
    """File to write; its name must end in .mp4 (H.264) or .gif. An old one is replaced."""

    episodes: Count = 1
    """Full games, shown one after another."""

    _: KW_ONLY

    fps: Number | None = None
    """Frames per second. By default those at which the games look right, or the nearest that the format takes."""

    def result(self) -> Film:
        """Plays the games; if something is wrong with the agent, the environment or the format, nothing is written."""
        from rlnas.video import VideoWriter, allowed_fps, check_video

        path = absolute(self.video)
        check_video(path, self.fps)

        from rlnas.algorithms.play import play_episodes
        from rlnas.algorithms.torch_modes import torch_threads
        from rlnas.envs import film_env

        agent = self.agent(self.run, self.episodes)
        writer: VideoWriter
        env, natural = film_env(agent.settings.env, agent.settings.env_settings, lambda frame: writer.add(frame))
        games = []
        try:
            fps = allowed_fps(path, natural) if self.fps is None else self.fps
            writer = VideoWriter(path, fps)
            with torch_threads(1), writer:
                for start in agent.seeds.reshape(-1, 1):
                    games += play_episodes(
                        [lambda: agent.network], env, start, [agent.actions], device=agent.device, greedy=self.greedy
                    )[0]
        finally:
            env.close()
        return Film(*agent.scores(games), path, fps, writer.frames, cut=sum(game.cut for game in games))


evaluate = function(EvaluateRequest, "evaluate")
play = function(PlayRequest, "play")
