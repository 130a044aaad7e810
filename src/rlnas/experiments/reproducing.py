"""`rlnas.reproduce`: the paper's experiment, for spaces and environments, in one call."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from rlnas.errors import RlnasError, UserError, WorkerError
from rlnas.experiments.comparing import stored_searches
from rlnas.experiments.options import ComparisonOptions, Latency, SearchThreads, StudyOptions
from rlnas.experiments.request import Request, function
from rlnas.experiments.resolving import (
    COMPARISON,
    OVERVIEW,
    SEARCHES,
    TABLE,
    folder_name,
    holds_reproductions,
    is_reproduction,
    named_module,
    other_files,
    share_options,
    strategy_names,
)
from rlnas.experiments.results import ReproductionResult
from rlnas.experiments.searching import SearchPlan, SearchRequest
from rlnas.experiments.tables import TablePlan, TableRequest
from rlnas.files import check_no_links, read_object
from rlnas.kinds import Envs, Names, Options, Seed, SeedCount, Steps
from rlnas.processes import absolute
from rlnas.spaces.catalogue import SpaceSources
from rlnas.strategies import RANDOM, make_strategy, shares_weights

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.analysis import Comparison
    from rlnas.study import Watcher

P = TypeVar("P", TablePlan, SearchPlan)


@dataclass(frozen=True)
class ReproduceRequest(Request, StudyOptions, ComparisonOptions, SearchThreads, Latency):
    """Do the experiment of arXiv:2011.14632 for spaces and environments: train every architecture, search, compare.

    Builds a table of the whole space in table/, has each strategy search with each search seed in searches/ and looks
    up its top K in the table, and writes that paper's tables and figure 4 to comparison/. Several spaces or
    environments have a folder each, and overview/ puts them side by side. The same command on the same folder continues
    where it was stopped. It may name more search seeds or strategies, and more spaces or environments if there were
    several.
    """

    words = "reproduce"

    env: Envs
    """Environments, e.g. ALE/Breakout-v5 ALE/Freeway-v5."""

    space: SpaceSources | None = None
    """Search spaces, each of which meets each environment: names (see: rlnas list spaces) or TOML files. By default the
    catalogue's for such observations. All other options hold for all of them."""

    steps: Steps = "10M"
    """Environment steps of every training, and of every search unless `search_steps` says otherwise. A step that only
    resets an environment after a game counts, too."""

    _: KW_ONLY

    search_steps: Steps | None = None
    """Environment steps that fit the supernet of every search; as many as `steps` by default. The games that rank come
    on top."""

    train_seeds: SeedCount = 1
    """Trainings of each architecture."""

    search_seeds: SeedCount = 4
    """Searches of each strategy."""

    seed: Seed = 1
    """The first of the training seeds and of the search seeds, and the root of the comparison's random streams.
    Trainings and searches share none."""

    strategies: Names = ("spos", "enas")
    """Strategies to compare with random search. Those that ask for trainings alone run on the table."""

    def resolve(self) -> ReproductionPlan:
        """Checks all options, those of the searches too; raises a `UserError` before anything is written."""
        for what, named in (("environment", self.env), ("space", self.space)):
            if named == ():
                raise UserError(f"name at least one {what}.")
        spaces: Any = self.space or (None,)
        pairs = [(env, space) for space in spaces for env in self.env]
        out = None if self.out is None else absolute(self.out)
        if len(pairs) == 1 and not (out is not None and holds_reproductions(out)):
            plan = self._plan(*pairs[0], lambda name: out or absolute(Path("runs") / f"{name}-reproduction"))
            return ReproductionPlan(plan.path, (plan,))
        if out is None:
            raise UserError("several spaces or environments need a folder: name one with --out (in Python: out=...).")
        folder = out
        if is_reproduction(folder):
            raise UserError(
                f"{str(folder)!r} holds the reproduction of one space and environment: choose another folder."
            )
        plans: dict[Path, Reproduction] = {}
        for env, space in pairs:
            name = "its default space" if space is None else f"space {getattr(space, 'name', str(space))!r}"
            try:
                plan = self._plan(env, space, lambda name: folder / name)
            except UserError as error:
                raise UserError(f"{env} with {name}: {error}") from None
            if plan.path in plans:
                raise UserError(f"{env} with {name} has the folder of another pair, {str(plan.path)!r}: name it once.")
            plans[plan.path] = plan
        check_no_links(folder)
        for entry in other_files(folder, OVERVIEW):
            if folder / entry not in plans and not is_reproduction(folder / entry):
                raise _holds_others(folder, entry)
        return ReproductionPlan(folder, tuple(plans.values()))

    def result(self) -> ReproductionResult:
        """Trains, searches and compares, or continues; warns of what the budget of a search cannot tell.

        Returns:
            The comparisons and their folders. A comparison's remarks say what is left out: networks whose training
            failed or finished no game, and searches that broke down.

        Raises:
            RlnasError: if nothing can be compared: fewer than `top_k` architectures of a table have a score.
            WorkerError: if a worker's process breaks for a reason that is not its training's.
        """
        plan = self.resolve()
        for doubt in dict.fromkeys(doubt for one in plan.reproductions for doubt in one.doubts):
            warnings.warn(doubt, stacklevel=3)
        return plan.run(self.watch)

    def _plan(self, env: str, space: Any, place: Callable[[str], Path]) -> Reproduction:
        """What is done with one space in one environment; its folder is the place of its name."""
        table = TableRequest.like(
            self, env=env, space=space, seeds=self.train_seeds, first_seed=self.seed, out=None
        ).resolve()
        settings = table.settings
        whole = settings.load_space()
        path = place(folder_name(settings.env, whole.name))
        if self.top_k > whole.size:
            raise UserError(f"top-k must be 1 to {whole.size}, the architectures of the space, not {self.top_k}.")
        if path.exists() and not path.is_dir():
            raise UserError(f"the folder {str(path)!r} is a file.")
        check_no_links(path)
        if others := other_files(path, TABLE, SEARCHES, COMPARISON):
            raise _holds_others(path, others[0])
        names = tuple(name for name in strategy_names(self.strategies) if name != RANDOM)
        search = SearchRequest.like(
            self,
            env=settings.env,
            imports=named_module(env, tuple(self.imports))[1],
            space=whole,
            steps=self.steps if self.search_steps is None else self.search_steps,
            train_steps=self.steps,
            device=settings.device,
            precision=settings.precision,
            strategy_options=None,
        )
        options = share_options(names, self.strategy_options or {})
        seeds = tuple(range(self.seed, self.seed + self.search_seeds))
        table = _as_begun(replace(table, path=path / TABLE), "table")
        found = Reproduction(path, table, names, seeds, options, self.repeats, search)
        return replace(found, doubts=tuple(found.check()))


@dataclass(frozen=True)
class Reproduction:
    """A table, searches that are compared on it, and the folder of all."""

    path: Path
    table: TablePlan
    strategies: tuple[str, ...]  # compared with random search, in this order
    seeds: tuple[int, ...]  # of the searches
    options: Mapping[str, Options]  # of each strategy
    repeats: int  # of random search, and of strategies that run on the table
    search: SearchRequest  # what all searches share
    doubts: tuple[str, ...] = ()  # what the searches' budget cannot tell, a sentence for each strategy

    @property
    def table_file(self) -> Path:
        """The file that the table is written to."""
        return self.table.path / "table.parquet"

    @property
    def fitted(self) -> list[str]:
        """The strategies that fit a supernet on the environment; the others run on the table."""
        return [name for name in self.strategies if shares_weights(name)]

    @property
    def on_table(self) -> list[str]:
        """The strategies that run on the table."""
        return [name for name in self.strategies if not shares_weights(name)]

    @property
    def folders(self) -> dict[Path, tuple[str, int]]:
        """The run directory of every search, with its strategy and its seed."""
        pairs = [(name, seed) for name in self.fitted for seed in self.seeds]
        return {self.path / SEARCHES / f"{name}-{seed}".replace("/", "-"): (name, seed) for name, seed in pairs}

    def searches(self) -> list[SearchPlan]:
        """Every search, once the table is there; raises a `UserError` if a directory belongs to another search."""
        from rlnas.study import check_owner

        plans = [_as_begun(self._search(path, self.table_file), "study") for path in self.folders]
        for plan in plans:
            check_owner(plan.path, "study", plan.settings.model_dump(mode="json"))
        return plans

    def check(self) -> list[str]:
        """Checks the folders and the searches as far as it can be done without the table; returns the doubts."""
        from rlnas.study import check_owner

        settings = self.table.settings
        check_owner(self.table.path, "table", settings.model_dump(mode="json"))
        for name in self.on_table:
            # Made as a comparison makes it.
            if make_strategy(name, settings.load_space(), 0, 0, self.options[name]).shares_weights:
                raise UserError(f"strategy {name!r} fits a supernet: its class must say so (shares_weights = True).")
        firsts = [self._search(path, None) for path, (_, seed) in self.folders.items() if seed == self.seeds[0]]
        if self.table_file.exists():
            self.searches()
        else:
            for path in self.folders:
                if (path / "study.json").exists():
                    raise UserError(
                        f"the search {str(path)!r} used a table that is gone, and cannot continue with another: "
                        f"delete {str(path.parent)!r} too, or put {str(self.table_file)!r} back."
                    )
                check_owner(path, "study", {})  # which has to be empty
        return [f"{plan.settings.strategy}: {doubt}" for plan in firsts for doubt in plan.doubts]

    def _search(self, path: Path, table: Path | None) -> SearchPlan:
        name, seed = self.folders[path]
        return SearchRequest.like(
            self.search, strategy=name, strategy_options=self.options[name], seed=seed, table=table, out=path
        ).resolve()

    def run(self, watch: Watcher | None) -> tuple[Comparison, list[str]]:
        """Runs or continues all of it, and writes the comparison; returns what is left out of it, too."""
        from rlnas import analysis
        from rlnas.report.comparison import write_comparison

        table, top_k = self.table.run(watch), self.search.top_k
        without = table.unscored(budget=table.steps, seeds=table.seeds)
        scored = len({*table.architectures} - {*without})
        if scored < top_k:
            raise RlnasError(
                f"only {scored} of {len(table.architectures)} architectures have a score under each training seed, "
                f"fewer than top-k, {top_k}: in the other trainings no game ended, for which longer ones (--steps, and "
                "another --out) help, or they failed (trials/*/*/worker.log of the table)."
            )
        compare = partial(
            analysis.compare,
            table,
            options=self.options,
            top_k=top_k,
            seed=self.seeds[0],
            drop_incomplete=bool(without),
        )
        # What is refused is refused before a search runs.
        searches = self.searches()
        if self.on_table:
            compare([], strategies=self.on_table, repeats=1)
        done: dict[Path, str] = {}
        left_out: list[str] = []
        for search in searches:
            name = search.path.name
            try:
                result = search.run(watch and _named(watch, name))
            except RlnasError as error:  # what breaks down, or still runs elsewhere, costs the others nothing
                left_out.append(f"The search {name} is left out: {str(error).removesuffix('.')}.")
                continue
            if {architecture for architecture, _ in result.ranking} <= {*without}:
                left_out.append(f"The search {name} is left out: it ranked nothing that has a score in the table.")
            else:
                done[search.path] = search.settings.strategy
        strategies = [name for name in self.strategies if name in {*self.on_table, *done.values()}]
        comparison = compare(stored_searches([*done]), strategies=strategies, repeats=self.repeats)
        comparison = replace(comparison, remarks=(*comparison.remarks, *left_out))
        write_comparison(comparison, self.path / COMPARISON)
        return comparison, left_out


@dataclass(frozen=True)
class ReproductionPlan:
    """Reproductions that may begin."""

    path: Path  # the folder: of the one reproduction, or in which each of several has its own
    reproductions: tuple[Reproduction, ...]  # space by space, as the paper's table 1 has them

    def run(self, watch: Watcher | None = None) -> ReproductionResult:
        """Runs or continues them; writes a comparison of each, and an overview of several."""
        first = self.reproductions[0]
        if self.path == first.path:
            comparison, left_out = first.run(watch)
            return ReproductionResult(self.path, {self.path: comparison}, tuple(left_out))
        from rlnas.report.overview import write_overview
        from rlnas.study import Progress

        comparisons: dict[Path, Comparison] = {}
        left_out, nothing = [], []
        for plan in self.reproductions:
            name = plan.path.name
            try:
                comparisons[plan.path], without = plan.run(watch and _named(watch, name))
                left_out += [f"{name}: {sentence}" for sentence in without]
            except WorkerError:  # rlnas itself is at fault, or the disk is full
                raise
            except RlnasError as error:  # one that has no result costs the others nothing
                nothing.append(f"{name} is left out: {str(error).removesuffix('.')}.")
                if watch is not None:
                    watch(Progress(name, 0, 0, finished=True, note=nothing[-1]))
            links = {f"../{path.name}/{COMPARISON}": one for path, one in comparisons.items()}
            if comparisons:
                write_overview(links, nothing, self.path / OVERVIEW)  # what a comparison lacks, its remarks say
        if not comparisons:
            raise RlnasError(" ".join(nothing))
        return ReproductionResult(self.path, comparisons, (*left_out, *nothing))


def _named(watch: Watcher, name: str) -> Watcher:
    """A watcher that is told which of many searches is meant."""
    return lambda progress: watch(replace(progress, task=f"{name} {progress.task}"))


def _as_begun(plan: P, kind: str) -> P:
    """The plan with the modules that its run began with, if all are named now; more may be, for other strategies."""
    file = plan.path / f"{kind}.json"
    now: tuple[str, ...] = plan.settings.imports
    begun: tuple[str, ...] = tuple(read_object(file).get("imports") or ()) if file.exists() else now
    return replace(plan, settings=plan.settings.model_copy(update={"imports": begun if {*begun} <= {*now} else now}))


def _holds_others(folder: Path, entry: str) -> UserError:
    return UserError(f"the directory {str(folder)!r} holds other files ({entry}): choose an empty one.")


reproduce = function(ReproduceRequest, "reproduce")
