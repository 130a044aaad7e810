"""rlnas in one call each: `search` and `train`, and going on with a run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas.errors import UserError
from rlnas.prepare import Options, allow_imports, checked, prepare_search, prepare_table, prepare_training
from rlnas.spaces import Space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.nets import Network
    from rlnas.study import StudySettings, TableSettings, TrialSettings, Watcher
    from rlnas.table import Table


@dataclass(frozen=True)
class SearchResult:
    """What a study found.

    Attributes:
        path: the run directory.
        data: the content of its `result.json`.
    """

    path: Path
    data: dict[str, Any]

    @property
    def best(self) -> str | None:
        """Id of the best architecture by true performance; `None` if no training finished a game."""
        return self.data["best"]

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """Architecture ids and proxy performances, best first."""
        return [(entry["architecture"], entry["proxy"]) for entry in self.data["ranking"]]

    @property
    def trials(self) -> list[dict[str, Any]]:
        """Every network trained from scratch, with its scores and its trials."""
        return self.data["architectures"]

    def network(self) -> Network:
        """The trained network of the best architecture, first training seed.

        Raises:
            UserError: if there is no best architecture.
        """
        from rlnas.study import load_network

        return load_network(best_trial(self.path, self.data))[1]


def best_trial(path: Path, data: dict[str, Any]) -> Path:
    """The directory of the best architecture's first trial.

    Raises:
        UserError: if there is no best architecture.
    """
    from rlnas.study.trainings import folder_name

    if data["best"] is None:
        raise UserError(f"the study {str(path)!r} has no best architecture: no training finished a game.")
    (entry,) = [entry for entry in data["architectures"] if entry["name"] == data["best"]]
    return path / "trials" / folder_name(entry["name"]) / f"seed-{entry['trials'][0]['seed']}"


def search(
    env: str,
    space: str | Path | Space = "paper-1",
    strategy: str = "spos",
    steps: int | str = "10M",
    *,
    train_steps: int | str | None = None,
    out: str | Path | None = None,
    seed: int = 0,
    top_k: int = 3,
    train_seeds: int = 1,
    baselines: Sequence[str] | None = None,
    table: str | Path | None = None,
    workers: int = 1,
    threads: int | None = None,
    checkpoint_steps: int | str = "100k",
    device: str = "auto",
    imports: Sequence[str] = (),
    strategy_options: Options | None = None,
    env_options: Options | None = None,
    ppo_options: Options | None = None,
    watch: Watcher | None = None,
) -> SearchResult:
    """Searches the network of an agent, trains the best candidates and hand-made networks, returns what it found.

    Args:
        env: id of the environment, e.g. `"ALE/Breakout-v5"`.
        space: a catalogue name, a TOML file, or a `Space`.
        strategy: name of the strategy.
        steps: environment steps of the search; `10_000_000` or `"10M"`.
        train_steps: environment steps of every training from scratch; as many as `steps` by default.
        out: run directory; the same call on it goes on or, when done, returns its result.
        seed: root of all random streams; searches and trainings never share one.
        top_k: architectures to train from scratch.
        train_seeds: trainings of each.
        baselines: hand-made networks to train beside them: fixed spaces of the catalogue, or architecture ids; by
            default Nature-CNN, where it takes the observations.
        table: a table, by name or file, in which the trainings from scratch are looked up instead of run.
        workers: trainings that run at a time, each in a process of its own with one thread.
        threads: torch threads of the search; by default the processors at hand, up to 4.
        checkpoint_steps: environment steps between checkpoints.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        imports: modules that register environments.
        strategy_options: options of the strategy, e.g. `{"eval_episodes": 50}` for `SPOSSettings`.
        env_options: fields of `EnvSettings`, e.g. `{"sticky_actions": 0.0}`.
        ppo_options: fields of `PPOSettings`.
        watch: called with `Progress`.

    Raises:
        UserError: if an argument is not allowed; nothing is written then.
        EnvironmentFault: if the environment fails during the search.
    """
    path, settings = prepare_search(
        env=env,
        space=space,
        strategy=strategy,
        steps=steps,
        train_steps=train_steps,
        out=out,
        seed=seed,
        top_k=top_k,
        train_seeds=train_seeds,
        baselines=baselines,
        table=table,
        threads=threads,
        checkpoint_steps=checkpoint_steps,
        device=device,
        imports=imports,
        strategy_options=strategy_options or {},
        env_options=env_options or {},
        ppo_options=ppo_options or {},
    )
    return run_search(path, settings, workers, watch)


def train(
    env: str,
    arch: str | Mapping[str, Any],
    space: str | Path | Space = "paper-1",
    steps: int | str = "10M",
    *,
    out: str | Path | None = None,
    seed: int = 1,
    checkpoint_steps: int | str = "100k",
    device: str = "auto",
    threads: int = 1,
    imports: Sequence[str] = (),
    env_options: Options | None = None,
    ppo_options: Options | None = None,
    watch: Watcher | None = None,
) -> dict[str, Any]:
    """Trains one architecture from scratch; the arguments are those of `search`.

    Args:
        env: id of the environment.
        arch: the architecture: its id, or a dict of options; `"fixed"` where the space has no choices.
        space: a catalogue name, a TOML file, or a `Space`.
        steps: environment steps.
        out: run directory.
        seed: root of the training's random streams.
        checkpoint_steps: environment steps between checkpoints.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        threads: threads of torch and of the emulator; more than one pays only while the processors are idle.
        imports: modules that register environments.
        env_options: fields of `EnvSettings`.
        ppo_options: fields of `PPOSettings`.
        watch: called with `Progress`.

    Returns:
        The content of `result.json`.

    Raises:
        UserError: if an argument is not allowed; nothing is written then.
        EnvironmentFault: if the environment fails.
    """
    path, settings = prepare_training(
        env=env,
        arch=arch,
        space=space,
        steps=steps,
        out=out,
        seed=seed,
        checkpoint_steps=checkpoint_steps,
        device=device,
        threads=threads,
        imports=imports,
        env_options=env_options or {},
        ppo_options=ppo_options or {},
    )
    return run_training(path, settings, watch)


def build_table(
    env: str,
    space: str | Path | Space,
    steps: int | str,
    *,
    seeds: int = 1,
    first_seed: int = 1,
    architectures: Sequence[str] = (),
    baselines: Sequence[str] | None = None,
    out: str | Path | None = None,
    workers: int = 1,
    checkpoint_steps: int | str = "100k",
    device: str = "auto",
    imports: Sequence[str] = (),
    env_options: Options | None = None,
    ppo_options: Options | None = None,
    watch: Watcher | None = None,
) -> Table:
    """Trains every architecture of a space with several seeds: a tabular benchmark.

    Args:
        env: id of the environment.
        space: a catalogue name, a TOML file, or a `Space`.
        steps: environment steps of every training.
        seeds: trainings of each architecture.
        first_seed: their seeds are `first_seed`, `first_seed + 1`, ...; a table grows by merging one of later seeds.
        architectures: ids of the architectures to train; all where none are named.
        baselines: hand-made networks to train beside them, as in `search`.
        out: run directory; the same call on it goes on or, when done, returns the table.
        workers: trainings that run at a time, each in a process of its own with one thread.
        checkpoint_steps: environment steps between checkpoints.
        device: `"auto"`, `"cpu"` or `"cuda"`.
        imports: modules that register environments.
        env_options: fields of `EnvSettings`.
        ppo_options: fields of `PPOSettings`.
        watch: called with `Progress`.

    Returns:
        The table; its file is `table.parquet` in the run directory.

    Raises:
        UserError: if an argument is not allowed; nothing is written then.
    """
    path, settings = prepare_table(
        env=env,
        space=space,
        steps=steps,
        seeds=seeds,
        first_seed=first_seed,
        architectures=architectures,
        baselines=baselines,
        out=out,
        checkpoint_steps=checkpoint_steps,
        device=device,
        imports=imports,
        env_options=env_options or {},
        ppo_options=ppo_options or {},
    )
    return run_table(path, settings, workers, watch)


def run_table(path: Path, settings: TableSettings, workers: int, watch: Watcher | None) -> Table:
    """Builds or goes on building a table."""
    if workers < 1:
        raise UserError(f"workers must be at least 1, not {workers}.")
    from rlnas.study import build_table
    from rlnas.study.progress import nobody

    return build_table(path, settings, workers, watch or nobody)


def run_search(path: Path, settings: StudySettings, workers: int, watch: Watcher | None) -> SearchResult:
    """Runs or goes on with a study, and writes its report.

    Raises:
        UserError: if the directory belongs to something else.
        EnvironmentFault: if the environment fails during the search.
    """
    if workers < 1:
        raise UserError(f"workers must be at least 1, not {workers}.")
    from rlnas.report import write_report
    from rlnas.study import run_study
    from rlnas.study.progress import nobody

    result = SearchResult(path, run_study(path, settings, workers, watch or nobody))
    write_report(path)
    return result


def run_training(path: Path, settings: TrialSettings, watch: Watcher | None) -> dict[str, Any]:
    """Runs or goes on with a training, and writes its report."""
    from rlnas.ppo import torch_threads
    from rlnas.report import write_report
    from rlnas.study import run_trial
    from rlnas.study.progress import nobody

    with torch_threads(settings.threads):
        result = run_trial(path, settings, watch or nobody)
    write_report(path)
    return result.model_dump(mode="json")


def resume(
    path: str | Path, *, workers: int = 1, imports: Sequence[str] = (), watch: Watcher | None = None
) -> SearchResult | dict[str, Any] | Table:
    """Goes on with a run where it was stopped; a finished run returns its result.

    Args:
        path: the run directory of a search, a training or a table.
        workers: trainings that run at a time.
        imports: the modules that the run imports, allowed by name, since they are code.
        watch: called with `Progress`.

    Raises:
        UserError: if there is no run at that place, or it imports a module that is not allowed.
        EnvironmentFault: if the environment fails.
    """
    settings = read_run_settings(Path(path))
    allow_imports(settings, imports)
    from rlnas.study import TableSettings, TrialSettings

    if isinstance(settings, TrialSettings):
        return run_training(Path(path), settings, watch)
    if isinstance(settings, TableSettings):
        return run_table(Path(path), settings, workers, watch)
    return run_search(Path(path), settings, workers, watch)


def read_run_settings(path: Path) -> StudySettings | TrialSettings | TableSettings:
    """The settings in a run directory.

    Raises:
        UserError: if there is no run at that place, or its settings are damaged.
    """
    from rlnas.study import StudySettings, TableSettings, TrialSettings
    from rlnas.study.files import read_object

    if (path / "study.json").exists():
        return checked(StudySettings, "setting", read_object(path / "study.json"))
    if (path / "trial.json").exists():
        return checked(TrialSettings, "setting", read_object(path / "trial.json"))
    if (path / "table.json").exists():
        return checked(TableSettings, "setting", read_object(path / "table.json"))
    raise UserError(f"there is no run at {str(path)!r}: it has no study.json, trial.json or table.json.")


@dataclass(frozen=True)
class Evaluation:
    """Full games of a trained agent.

    Attributes:
        architecture: its id.
        scores: unclipped returns.
        lengths: environment steps.
    """

    architecture: str
    scores: list[float]
    lengths: list[int]


def evaluate(
    path: str | Path, episodes: int = 30, *, seed: int = 0, greedy: bool = False, imports: Sequence[str] = ()
) -> Evaluation:
    """Plays full games with a trained agent: the best of a study, or that of a training.

    Args:
        path: the run directory of a search or a training.
        episodes: full games, each in an environment of its own.
        seed: root of the games' random streams, which no training shares.
        greedy: take the most probable action instead of drawing one.
        imports: the modules that the run imports, allowed by name, since they are code.

    Raises:
        UserError: if there is no trained agent, or the run imports a module that is not allowed.
        EnvironmentFault: if the environment fails.
    """
    import torch

    from rlnas import seeding
    from rlnas.envs import import_modules, make_env
    from rlnas.ppo import play_episodes, torch_threads
    from rlnas.study import load_network
    from rlnas.study.files import read_object

    path = Path(path)
    if episodes < 1:
        raise UserError(f"episodes must be at least 1, not {episodes}.")
    allow_imports(read_run_settings(path), imports)
    if (path / "study.json").exists():
        if not (path / "result.json").exists():
            raise UserError(f"the study {str(path)!r} is not done: rlnas resume {path}")
        path = best_trial(path, read_object(path / "result.json"))
    settings, network = load_network(path)
    allow_imports(settings, imports)
    import_modules(settings.imports)
    env = make_env(settings.env, settings.env_settings, num_envs=episodes)
    stream = torch.Generator().manual_seed(seeding.integer(seed, "evaluate", "actions"))
    seeds = seeding.integers(seed, "evaluate", "environments", count=episodes)
    try:
        limit = settings.env_settings.max_steps
        with torch_threads(1):
            (played,) = play_episodes([lambda: network], env, seeds, [stream], greedy=greedy, max_steps=limit)
    finally:
        env.close()
    return Evaluation(settings.architecture, [e.score for e in played], [e.length for e in played])
