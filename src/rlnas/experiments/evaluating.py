"""`rlnas.evaluate`: full games of a trained agent."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas.brief import Brief
from rlnas.calls import Count, RunPlace
from rlnas.experiments.options import GameOptions
from rlnas.experiments.request import function
from rlnas.experiments.settings import read_run_settings, resolve_device
from rlnas.processes import absolute
from rlnas.quantity import plural
from rlnas.trust import allow_imports, import_modules

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    import numpy as np
    import torch

    from rlnas.nets import Network
    from rlnas.study import TrialSettings


def open_agent(path: Path, imports: Sequence[str], device: str) -> tuple[TrialSettings, Network]:
    """The settings and the network of the trained agent of a run; `imports` are the modules that it may import."""
    from rlnas.study import load_network, trained_trial

    # First those of the study, since its space may hold layers of the user's own; a trial's could still be others.
    needed = read_run_settings(path).imports
    allow_imports(needed, imports)
    import_modules(needed)
    settings, network = load_network(trained_trial(path))
    allow_imports(settings.imports, imports)
    import_modules(settings.imports)
    return settings, network.to(device)


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
        if not self.cut:
            return ""
        return (
            f"{self.cut} of {plural(len(self.lengths), 'game')} did not end and were cut, so these are not full games. "
            "Where games are to end later, say so with max_episode_steps of gymnasium.register."
        )

    def _facts(self) -> dict[str, Any]:
        mean = statistics.fmean(self.scores)
        return {"architecture": self.architecture, "games": len(self.scores), "mean_return": mean}


def game_streams(seed: int, episodes: int, device: str) -> tuple[torch.Generator, np.ndarray]:
    """What draws the actions of evaluated games on a device, and the seeds of their environments, `(episodes,)`."""
    import torch

    from rlnas import seeding

    actions = torch.Generator(device).manual_seed(seeding.integer(seed, "evaluate", "actions"))
    return actions, seeding.integers(seed, "evaluate", "environments", count=episodes)


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

        device = resolve_device(self.device)
        settings, network = open_agent(absolute(self.path), self.imports, device)
        stream, seeds = game_streams(self.seed, self.episodes, device)
        with torch_threads(1):
            (played,) = play_in_portions(
                [lambda: network],
                lambda count: make_env(settings.env, settings.env_settings, num_envs=count),
                seeds,
                [stream],
                most=settings.env_settings.num_envs,
                device=device,
                greedy=self.greedy,
            )
        scores, lengths = [game.score for game in played], [game.length for game in played]
        return Evaluation(settings.architecture, scores, lengths, cut=sum(game.cut for game in played))


evaluate = function(EvaluateRequest, "evaluate")
