"""The commands that run something: each announces it, does it, and prints the result."""

import statistics
from dataclasses import replace
from pathlib import Path

from rlnas.cli.printing import place, print_comparisons, print_remarks, print_study, print_training, say, show_progress
from rlnas.cli.tables import show_built
from rlnas.errors import RlnasError
from rlnas.experiments import (
    CompareRequest,
    CompareTablesRequest,
    EvaluateRequest,
    ExportRequest,
    PlayRequest,
    ReportRequest,
    ReproduceRequest,
    ResumeRequest,
    SearchRequest,
    SearchResult,
    TableRequest,
    TrainingResult,
    TrainRequest,
)
from rlnas.experiments.reproducing import Reproduction
from rlnas.experiments.resolving import COMPARISON, OVERVIEW
from rlnas.experiments.searching import SearchPlan
from rlnas.quantity import plural, short
from rlnas.strategies import shares_weights


def search(request: SearchRequest) -> None:
    """`rlnas search`."""
    plan = request.resolve()
    say(_search_announced(plan))
    say(f"Run directory: {place(plan.path)}")
    print_remarks(plan.doubts)
    print_study(show_progress(plan.run))


def _search_announced(plan: SearchPlan) -> str:
    settings = plan.settings
    space, again = settings.load_space(), settings.confirm_seeds
    within = f", of which those of {settings.limits.words()}" if settings.limits.given else ""
    games = settings.strategy_options.get("eval_episodes")
    ranked = f" for {short(settings.steps)} steps" if shares_weights(settings.strategy) else ""
    if ranked and games:
        ranked += f", {plural(games, 'game')} of each architecture that is ranked"
    others = len(settings.baselines) + len(settings.random_networks)
    trainings = (min(settings.top_k, space.size) + others) * settings.train_seeds
    how = f"looked up in {settings.table.source}" if settings.table else f"{plan.workers} at a time"
    seeds = plural(again, "confirmation seed")
    confirmed = f"; then the best and the hand-made networks with {seeds}" if again else ""
    return (
        f"Searching {space.name} ({space.size:,} architectures{within}) on {settings.env}: {settings.strategy}"
        f"{ranked}, then {trainings} trainings of {short(settings.train_steps)} steps "
        f"each, {how}{confirmed}."
    )


def train(request: TrainRequest) -> None:
    """`rlnas train`."""
    plan = request.resolve()
    say(f"Training {plan.settings.architecture} on {plan.settings.env}.\nRun directory: {place(plan.path)}")
    print_training(show_progress(plan.run))


def build(request: TableRequest) -> None:
    """`rlnas table build`."""
    plan = request.resolve()
    settings, networks = plan.settings, len(plan.settings.networks())
    say(
        f"Building a table of {settings.space['name']} on {settings.env}: {plural(networks, 'network')} x "
        f"{plural(len(settings.seeds), 'seed')}, {short(settings.steps)} steps each, {plan.workers} at a time.\n"
        f"Run directory: {place(plan.path)}"
    )
    show_built(show_progress(plan.run), plan.path)


def resume(request: ResumeRequest) -> None:
    """`rlnas resume`."""
    result = show_progress(lambda watch: replace(request, watch=watch).result())
    if isinstance(result, SearchResult):
        print_study(result)
    elif isinstance(result, TrainingResult):
        print_training(result)
    else:
        show_built(result, request.path)


def report(request: ReportRequest) -> None:
    """`rlnas report`."""
    say(f"Report: {place(request.result())}")


def export(request: ExportRequest) -> None:
    """`rlnas export`."""
    say(f"Exported: {place(request.result())}")


def evaluate(request: EvaluateRequest) -> None:
    """`rlnas evaluate`."""
    result = request.result()
    spread = statistics.stdev(result.scores) if len(result.scores) > 1 else 0.0
    games = f"{len(result.scores)} {'games' if result.cut else 'full games'}"
    say(
        f"{result.architecture}: mean return {statistics.fmean(result.scores):.2f} ± {spread:.2f} (standard deviation) "
        f"over {games}, {min(result.scores):g} to {max(result.scores):g}, "
        f"mean length {statistics.fmean(result.lengths):.0f} steps."
    )
    print_remarks([result.cut_words] if result.cut else [])


def play(request: PlayRequest) -> None:
    """`rlnas play`."""
    film = request.result()
    for number, (score, length) in enumerate(zip(film.scores, film.lengths, strict=True), 1):
        say(f"Game {number} of {film.architecture}: return {score:g}, {length:,} steps.")
    print_remarks([film.cut_words] if film.cut else [])
    say(f"Video: {place(film.path)}")


def compare(request: CompareTablesRequest) -> None:
    """`rlnas compare`: one table has a folder of its name, several have one each beside an overview."""
    if len(request.tables) == 1:
        (table,) = request.tables
        out = Path(f"comparison-{Path(table).stem}" if request.out is None else request.out)
        print_comparisons({out: CompareRequest.like(request, table=table, out=out).result()}, None)
        return
    out = Path("comparisons" if request.out is None else request.out)
    found = replace(request, out=out).result()
    print_comparisons({out / name: one for name, one in found.items()}, out / OVERVIEW)


def reproduce(request: ReproduceRequest) -> None:
    """`rlnas reproduce`."""
    plan = request.resolve()
    for one in plan.reproductions:
        say(_reproduction_announced(one))
        print_remarks(one.doubts)
    say(f"Folder: {place(plan.path)}")
    result = show_progress(plan.run)
    overview = None if plan.path in result.comparisons else plan.path / OVERVIEW
    print_comparisons({path / COMPARISON: one for path, one in result.comparisons.items()}, overview)
    if result.left_out:
        # What a comparison lacks, it has said.
        nothing = {one.path.name for one in plan.reproductions if one.path not in result.comparisons}
        print_remarks([remark for remark in result.left_out if remark.partition(" ")[0] in nothing])
        raise RlnasError("something is left out (see the remarks); the same command tries again what can be tried.")


def _reproduction_announced(plan: Reproduction) -> str:
    table = plan.table.settings
    networks, seeds = len(table.networks()), len(table.seeds)
    then = ""
    if plan.fitted:
        names, each = " and ".join(plan.fitted), plural(len(plan.seeds), "seed")
        then = f"; then {names} with {each} each, {short(int(plan.search.steps))} steps a search"
    return (
        f"Reproducing the paper's experiment with {table.space['name']} on {table.env}: "
        f"{plural(networks, 'network')} x {plural(seeds, 'seed')}, {short(table.steps)} steps each, "
        f"{short(networks * seeds * table.steps)} in all, {plan.table.workers} at a time{then}."
    )
