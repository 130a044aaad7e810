"""What is done with a run directory that is there already: `rlnas.resume`, `rlnas.evaluate`."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas import calls
from rlnas.brief import Brief
from rlnas.calls import checked_call
from rlnas.errors import UserError
from rlnas.experiments.prepare import check_strategy_options, checked, read_run_settings, resolve_device
from rlnas.experiments.results import SearchResult, TrainingResult
from rlnas.experiments.searching import run_search
from rlnas.experiments.tables import run_table
from rlnas.experiments.training import run_training
from rlnas.processes import absolute, check_may_start, settled
from rlnas.quantity import plural
from rlnas.trust import allow_imports, import_modules

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    import numpy as np
    import torch

    from rlnas.nets import Network
    from rlnas.study import TrialSettings
    from rlnas.table import Table


@settled()
@checked_call
def resume(
    path: calls.Place,
    *,
    train_seeds: calls.Count | None = None,
    confirm_seeds: calls.CountFromZero | None = None,
    workers: calls.Processes = 1,
    imports: calls.Modules = (),
    watch: calls.Watch | None = None,
) -> SearchResult | TrainingResult | Table:
    """Goes on with a run where it was stopped; a finished run returns its result.

    Args:
        path: the run directory of a search, a training or a table.
        train_seeds: for a search, as in `search`: as many as it has, or more, which are trained now.
        confirm_seeds: likewise.
        workers: trainings that run at a time.
        imports: the modules that the run imports, allowed by name, since they are code.
        watch: called with `Progress`.

    Raises:
        UserError: if there is no run at that place, or it imports a module that is not allowed.
        EnvironmentFault: if the environment fails.
    """
    check_may_start()
    run = absolute(path)
    settings = read_run_settings(run)
    allow_imports(settings.imports, imports)
    import_modules(settings.imports)  # which may hold the strategy
    from rlnas.study import StudySettings, TableSettings, TrialSettings
    from rlnas.trials.settings import current_versions

    for name, value in {"train_seeds": train_seeds, "confirm_seeds": confirm_seeds}.items():
        if value is None:
            continue
        if not isinstance(settings, StudySettings):
            raise UserError(f"{name.replace('_', '-')} is for a search, and {str(path)!r} is none.")
        if name == "train_seeds" and settings.table is not None:
            raise UserError(
                "trainings that are looked up have the table's seeds and no others: leave --train-seeds out."
            )
        settings = checked(StudySettings, "setting", settings.model_dump() | {name: value})

    # The run may have begun on another machine, with other versions, or been changed by hand.
    resolve_device(settings.device)
    settings = settings.model_copy(update={"versions": current_versions()})
    if isinstance(settings, TrialSettings):
        return run_training(run, settings, watch)
    if isinstance(settings, TableSettings):
        return run_table(run, settings, workers, watch)
    check_strategy_options(settings.strategy, settings.strategy_options)
    return run_search(run, settings, workers, watch)


def open_agent(path: Path, imports: Sequence[str], device: str) -> tuple[TrialSettings, Network]:
    """The settings and the network of the trained agent of a run, with the modules imported that its environment needs.

    Args:
        path: the run directory of a search or a training.
        imports: the modules that the run imports, allowed by name.
        device: where the network is put, `cpu` or `cuda`.

    Raises:
        UserError: if there is no trained agent, or the run imports a module that is not allowed.
    """
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
        cut: how many of them were cut, since they did not end, and so are not full games.
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


@settled()
@checked_call
def evaluate(
    path: calls.Place,
    episodes: calls.Count = 30,
    *,
    seed: calls.Seed = 0,
    greedy: calls.Flag = False,
    device: calls.Text = "auto",
    imports: calls.Modules = (),
) -> Evaluation:
    """Plays full games with a trained agent: the best of a study, or that of a training.

    A game is cut after 100,000 steps, unless the environment itself says when it ends one (`max_episode_steps`).

    Args:
        path: the run directory of a search or a training.
        episodes: full games, each in an environment of its own, at most `num_envs` of the run at a time.
        seed: root of the games' random streams, which no training shares.
        greedy: take the most probable action instead of drawing one.
        device: where the network runs: `auto` (CUDA where there is one), `cpu` or `cuda`, whatever it was trained on.
            The same seed gives other games on another device.
        imports: the modules that the run imports, allowed by name, since they are code.

    Raises:
        UserError: if there is no trained agent, the run imports a module that is not allowed, or there is no such
            device.
        EnvironmentFault: if the environment fails.
    """
    from rlnas.algorithms.play import play_in_portions
    from rlnas.algorithms.torch_modes import torch_threads
    from rlnas.envs import make_env

    device = resolve_device(device)
    settings, network = open_agent(absolute(path), imports, device)
    stream, seeds = game_streams(seed, episodes, device)
    with torch_threads(1):
        (played,) = play_in_portions(
            [lambda: network],
            lambda count: make_env(settings.env, settings.env_settings, num_envs=count),
            seeds,
            [stream],
            most=settings.env_settings.num_envs,
            device=device,
            greedy=greedy,
        )
    scores, lengths = [game.score for game in played], [game.length for game in played]
    return Evaluation(settings.architecture, scores, lengths, cut=sum(game.cut for game in played))
