"""`rlnas.search`: a whole study in one call."""

from __future__ import annotations

import warnings
from dataclasses import KW_ONLY, dataclass
from typing import TYPE_CHECKING, Annotated, Self

from rlnas import seeding
from rlnas.errors import UserError
from rlnas.experiments.options import EnvRequest, MoreSeeds, SearchThreads, StudyOptions, TopK, request_for
from rlnas.experiments.request import function
from rlnas.experiments.resolving import (
    Plan,
    baseline_names,
    check_strategy_options,
    check_workers_know,
    default_threads,
    run_path,
)
from rlnas.experiments.results import SearchResult
from rlnas.files import read_object
from rlnas.kinds import CountFromZero, Flag, Form, Number, Options, Place, Seed, Steps, Text
from rlnas.processes import absolute
from rlnas.spaces import CATALOGUE, Space
from rlnas.strategies import make_strategy
from rlnas.strategies.builtin import draw_distinct

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import StudySettings, Watcher
    from rlnas.table import Table
    from rlnas.trials.settings import RunSettings


@dataclass(frozen=True)
class SearchRequest(EnvRequest, StudyOptions, MoreSeeds, SearchThreads, TopK):
    """Search the architecture of an agent's network, then train the best candidates and baselines from scratch.

    The same command on the same run directory continues the run or, when it is done, shows its result.
    """

    words = "search"

    strategy: Text = "spos"
    """Search strategy (see: rlnas list strategies)."""

    steps: Steps = "10M"
    """Environment steps that fit the supernet, e.g. 10M, 500k, 1e6. The games that rank come on top. A step that only
    resets an environment after a game counts, too."""

    _: KW_ONLY

    train_steps: Steps | None = None
    """Environment steps of every training from scratch; as many as `steps` by default, with `table` as many as the
    table has."""

    seed: Seed = 0
    """Root of all random streams."""

    random_networks: CountFromZero = 0
    """Random architectures to train with the candidates: what a search has to beat."""

    table: Annotated[Place, Form("TABLE")] | None = None
    """A table (see: rlnas table show) in which the trainings from scratch are looked up instead of run."""

    max_params: Steps | None = None
    """Parameters that a candidate's encoder may have, e.g. 500k. Baselines are trained whatever they cost."""

    max_multiply_adds: Steps | None = None
    """Multiply-adds that a candidate's encoder may take for one observation, e.g. 20M."""

    max_latency: Annotated[Number, Form("MS")] | None = None
    """Milliseconds that a candidate may take for one observation, on this machine and one thread; with `table`, those
    that the table holds."""

    warm_start: Flag = False
    """Start the trainings of candidates from the supernet's weights instead of from scratch. Baselines start from
    scratch, so scores no longer compare equal trainings."""

    strategy_options: Options | None = None
    """Options of the strategy, e.g. eval_episodes=50 (see: rlnas describe spos)."""

    def resolve(self) -> SearchPlan:
        """Fills in what was left open; raises a `UserError` before anything is written if an option is not allowed."""
        from rlnas.study import StudySettings
        from rlnas.study.candidates import doubts, foreseen_candidates
        from rlnas.study.settings import TableReference

        common, space = self.common()
        check_workers_know(common.env, common.imports)
        path = run_path(self.out, common.env, space.name, self.strategy, self.seed)
        options = check_strategy_options(self.strategy, self.strategy_options or {})
        baselines = baseline_names(self.baselines, space, common.env)
        # What the request leaves open is as the run has it, if it is there already.
        begun = read_object(path / "study.json") if (path / "study.json").exists() else {}
        usual = {"train_seeds": 1, "confirm_seeds": 0, "threads": default_threads(space.input_shape)}
        left_open = {name: begun.get(name, one) for name, one in usual.items() if getattr(self, name) is None}
        table, reference, train_steps = None, None, self.steps
        if self.table is not None:
            table = self._open_table(common, space, baselines)
            # A file by its whole path, so that the study continues from any folder.
            file = str(self.table).endswith(".parquet")
            source = str(absolute(self.table).resolve()) if file else str(self.table)
            reference = TableReference(source=source, checksum=table.checksum, seeds=tuple(table.seeds))
            baselines = tuple(name for name in baselines if name in _complete(table))
            train_steps, left_open["train_seeds"] = table.steps, len(table.seeds)
        settings = self.complete(
            StudySettings,
            common,
            train_steps=train_steps if self.train_steps is None else self.train_steps,
            strategy_options=options,
            baselines=baselines,
            random_networks=(),
            table=reference,
            **left_open,
        )
        candidates = foreseen_candidates(space, settings)
        settings = settings.model_copy(update={"random_networks": self._random_networks(candidates)})
        iterations = settings.iterations(settings.steps)
        strategy = make_strategy(self.strategy, candidates, iterations, 0, settings.strategy_options)
        if self.warm_start and not strategy.shares_weights:
            raise UserError(f"strategy {self.strategy!r} fits no supernet, so there are no weights for a warm start.")
        if self.warm_start and table is not None:
            raise UserError("trainings that are looked up in a table started from scratch: leave --warm-start out.")
        return SearchPlan(
            path, settings, self.workers or 1, self.backend, tuple(doubts(settings, strategy, candidates))
        )

    def result(self) -> SearchResult:
        """Searches, or continues the search; warns of what its budget cannot tell."""
        plan = self.resolve()
        for doubt in plan.doubts:
            warnings.warn(doubt, stacklevel=3)
        return plan.run(self.watch)

    @classmethod
    def of(cls, settings: StudySettings) -> Self:
        """The request that gives these settings again, in a new directory."""
        return request_for(
            cls,
            settings,
            table=settings.table and settings.table.source,
            train_seeds=None if settings.table else settings.train_seeds,
            confirm_seeds=settings.confirm_seeds or None,
            random_networks=len(settings.random_networks),
        )

    def _random_networks(self, candidates: Space) -> tuple[str, ...]:
        """The ids of random candidates to train."""
        if self.random_networks > candidates.size:
            allowed = f"0 to {candidates.size:,}, the number of candidates"
            raise UserError(f"random-networks must be {allowed}, not {self.random_networks}.")
        if self.random_networks and self.warm_start:
            raise UserError("random networks are trained from scratch, so they are no baseline for a warm start.")
        if self.random_networks and self.max_latency is not None and self.table is None:
            raise UserError("random networks are chosen before latencies are measured: leave --max-latency out.")
        rng = seeding.generator(self.seed, "random-networks")
        return tuple(architecture.id for architecture in draw_distinct(candidates, self.random_networks, rng))

    def _open_table(self, common: RunSettings, space: Space, baselines: tuple[str, ...]) -> Table:
        """The table in which the trainings are looked up; it must hold all of them, with the same settings."""
        from rlnas.table import load
        from rlnas.table.same_settings import GROUPS, setting_differences

        table = load(str(self.table))

        def refuse(what: str) -> UserError:
            return UserError(f"the table {table.name!r} {what}.")

        if table.env != common.env:
            raise refuse(f"is of {table.env!r}, not of {common.env!r}")
        if table.space != space:
            raise refuse(f"is of another space than {space.name!r}: {table.space.name!r}")
        own = common.model_dump(mode="json")
        for group in GROUPS:
            if found := setting_differences(group, table.settings.get(group, own[group]), own[group]):
                raise refuse(f"was built with other settings: {found[0]}")
        if (built := table.settings.get("precision", "fp32")) != common.precision:
            raise refuse(f"was built in {built}, not in {common.precision}")
        gone = [f"{name} with seed {seed}" for name, seed in table.absent() if name not in CATALOGUE]
        if gone or len(table.architectures) < table.space.size:
            lacking = gone[0] if gone else "some architectures"
            raise refuse(f"is not complete (it lacks {lacking}), and a search may need any run")
        if self.train_steps not in (None, *table.budgets):
            raise refuse(f"has no budget {self.train_steps}: {', '.join(map(str, table.budgets))}")
        absent = [name for name in baselines if name not in _complete(table)]
        if self.baselines is not None and absent:
            raise refuse(f"lacks runs of baseline {absent[0]!r}")
        if self.train_seeds not in (None, len(table.seeds)):
            raise UserError(
                f"trainings that are looked up have the table's {len(table.seeds)} seeds: leave --train-seeds out."
            )
        return table


def _complete(table: Table) -> set[str]:
    """The networks of which a table has every training."""
    return {*table.architectures, *table.baselines} - {name for name, _ in table.absent()}


@dataclass(frozen=True)
class SearchPlan(Plan["StudySettings"]):
    """A search that may begin."""

    def run(self, watch: Watcher | None = None) -> SearchResult:
        """Runs or continues the study, and writes its report."""
        from rlnas.report import write_report
        from rlnas.study import run_study
        from rlnas.trials.backend import make_backend
        from rlnas.trials.progress import nobody

        with make_backend(self.workers, watch or nobody, self.backend) as backend:
            result = SearchResult(self.path, run_study(self.path, self.settings, backend, watch or nobody))
        write_report(self.path, SearchRequest.of(self.settings).command())
        return result


search = function(SearchRequest, "search")
