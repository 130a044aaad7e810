"""Commands on a run directory: `rlnas resume`, `rlnas report` and `rlnas evaluate`."""

from __future__ import annotations

import statistics

from rlnas import experiments as api
from rlnas.cli.arguments import Modules, OptionalCount, Run, find_modules_here, load_modules
from rlnas.cli.printing import console, place, print_remarks, print_study, print_training
from rlnas.cli.tables import show_built
from rlnas.display import Display
from rlnas.experiments.prepare import processors


def resume(
    run: Run,
    train_seeds: OptionalCount = None,
    confirm_seeds: OptionalCount = None,
    workers: int = processors(),
    import_: Modules = (),
) -> None:
    """Go on with a run where it was stopped.

    Args:
        run: Run directory.
        train_seeds: For a search: train the candidates and the hand-made networks with so many seeds; no fewer than it
            has.
        confirm_seeds: For a search: train the best and the hand-made networks with so many seeds that had no part in
            picking the best; no fewer than it has.
        workers: Trainings that run at a time.
        import_: The modules that the run imports; they are code, so they must be named.
    """
    with Display(console) as display:
        modules = find_modules_here(import_)
        result = api.resume(
            run, train_seeds=train_seeds, confirm_seeds=confirm_seeds, workers=workers, imports=modules, watch=display
        )
    if isinstance(result, api.SearchResult):
        print_study(result)
    elif isinstance(result, api.TrainingResult):
        print_training(result)
    else:
        show_built(result, run)


def report(run: Run, import_: Modules = ()) -> None:
    """Write the report of a run anew: RUN/report.html.

    Args:
        run: Run directory.
        import_: The modules that layers of the run's space come from; they are code, so they must be named.
    """
    load_modules(import_)
    from rlnas.report import write_report

    console.print(f"Report: {place(write_report(run))}", soft_wrap=True, markup=False)


def evaluate(
    run: Run, episodes: int = 30, seed: int = 0, greedy: bool = False, device: str = "auto", import_: Modules = ()
) -> None:
    """Play full games with a trained agent: the best of a search, or that of a training.

    Args:
        run: Run directory.
        episodes: Full games.
        seed: Root of the games' random streams.
        greedy: Take the most probable action instead of drawing one.
        device: auto, cpu or cuda.
        import_: The modules that the run imports; they are code, so they must be named.
    """
    modules = find_modules_here(import_)
    result = api.evaluate(run, episodes, seed=seed, greedy=greedy, device=device, imports=modules)
    spread = statistics.stdev(result.scores) if len(result.scores) > 1 else 0.0
    games = f"{len(result.scores)} {'games' if result.cut else 'full games'}"
    console.print(
        f"{result.architecture}: mean return {statistics.fmean(result.scores):.2f} ± {spread:.2f} (standard deviation) "
        f"over {games}, {min(result.scores):g} to {max(result.scores):g}, "
        f"mean length {statistics.fmean(result.lengths):.0f} steps.",
        soft_wrap=True,
    )
    print_remarks([result.cut_words] if result.cut else [])
