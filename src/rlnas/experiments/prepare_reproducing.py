"""The arguments of `reproduce`, checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas import calls
from rlnas.calls import Options, checked_call
from rlnas.errors import UserError
from rlnas.experiments.arguments import named_module, run_path
from rlnas.experiments.prepare_searching import foreseen_doubts, prepare_search
from rlnas.experiments.prepare_tables import prepare_table
from rlnas.experiments.strategies import share_options, strategy_names
from rlnas.files import check_no_links, read_object
from rlnas.processes import absolute
from rlnas.quantity import parse_steps
from rlnas.spaces import Space
from rlnas.spaces.sources import SpaceSource, SpaceSources
from rlnas.strategies import RANDOM, make_strategy, shares_weights

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import StudySettings, TableSettings

TABLE, SEARCHES, COMPARISON = "table", "searches", "comparison"
"""What the folder of a reproduction holds."""

OVERVIEW = "overview"
"""What the folder of several holds beside a folder for each."""


@dataclass(frozen=True)
class Reproduction:
    """A table, searches that are judged on it, and the folder of all.

    Attributes:
        path: the folder.
        table: what the table is built with.
        strategies: the strategies to compare with random search, in this order.
        seeds: the searches' seeds.
        options: for each strategy its options.
        top_k: architectures that each search has trained from scratch.
        repeats: repeats of random search, and of strategies that are run on the table.
        search_steps: environment steps of every search.
        common: further arguments of `prepare_search` that all searches share.
    """

    path: Path
    table: TableSettings
    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    options: Mapping[str, Options]
    top_k: int
    repeats: int
    search_steps: int
    common: Mapping[str, Any]

    @property
    def table_file(self) -> Path:
        """The file that the table is written to."""
        return self.path / TABLE / "table.parquet"

    @property
    def fitted(self) -> list[str]:
        """The strategies that fit a supernet on the environment."""
        return [name for name in self.strategies if shares_weights(name)]

    @property
    def on_table(self) -> list[str]:
        """The strategies that are run on the table."""
        return [name for name in self.strategies if not shares_weights(name)]

    @property
    def folders(self) -> dict[Path, tuple[str, int]]:
        """The run directory of every search, with its strategy and its seed."""
        pairs = [(name, seed) for name in self.fitted for seed in self.seeds]
        return {self.path / SEARCHES / f"{name}-{seed}".replace("/", "-"): (name, seed) for name, seed in pairs}

    def searches(self) -> list[tuple[Path, StudySettings]]:
        """Run directory and settings of every search, once the table is there.

        Raises:
            UserError: if the table does not fit, or a directory belongs to another search.
        """
        from rlnas.study import check_owner

        found = []
        for path, (strategy, seed) in self.folders.items():
            settings = self._search(path, strategy, seed, self.table_file)
            settings = settings.model_copy(update={"imports": _begun_imports(path / "study.json", settings.imports)})
            check_owner(path, "study", settings.model_dump(mode="json"))
            found.append((path, settings))
        return found

    def check(self) -> None:
        """Checks the folders and the searches, as far as that can be done before the table is there.

        Raises:
            UserError: if an argument is not allowed, or a directory belongs to something else.
        """
        from rlnas.study import check_owner

        check_owner(self.path / TABLE, "table", self.table.model_dump(mode="json"))
        for name in self.on_table:
            # Made as a comparison makes it.
            if make_strategy(name, self.table.load_space(), 0, 0, self.options[name]).shares_weights:
                raise UserError(f"strategy {name!r} fits a supernet: its class must say so (shares_weights = True).")
        if self.table_file.exists():
            self.searches()
            return
        for path, (strategy, seed) in self.folders.items():
            if seed == self.seeds[0]:
                self._search(path, strategy, seed, None)
            if (path / "study.json").exists():
                raise UserError(
                    f"the search {str(path)!r} has looked at a table that is gone, and will not look at another: "
                    f"delete {str(path.parent)!r} too, or put {str(self.table_file)!r} back."
                )
            check_owner(path, "study", {})  # which has to be empty

    def doubts(self) -> list[str]:
        """What is to be said of the searches' budget before they start, a sentence for each strategy."""
        firsts = [(path, name) for path, (name, seed) in self.folders.items() if seed == self.seeds[0]]
        found = [(name, foreseen_doubts(self._search(path, name, self.seeds[0], None))) for path, name in firsts]
        return [f"{name}: {doubt}" for name, doubts in found for doubt in doubts]

    def _search(self, path: Path, strategy: str, seed: int, table: Path | None) -> StudySettings:
        return prepare_search(
            **self.common,
            space=self.table.load_space(),
            strategy=strategy,
            strategy_options=self.options[strategy],
            steps=self.search_steps,
            train_steps=self.table.steps,
            train_seeds=len(self.table.seeds),
            seed=seed,
            top_k=self.top_k,
            table=table,
            out=path,
        )[1]


@checked_call
def prepare_reproductions(
    *,
    env: calls.Envs,
    space: SpaceSources | None,
    out: calls.Place | None,
    **shared: Any,
) -> tuple[Path, list[Reproduction]]:
    """Checks the arguments of `reproduce`, those of its searches too, before anything is written.

    Args:
        env: ids of the environments.
        space: the spaces, each of which meets each environment; `None`: the usual one of each.
        out: the folder: of the one reproduction, or in which each of several has its own. One that holds several takes
            a further one.
        shared: what `prepare_reproduction` takes beside.

    Returns:
        The folder, and the reproductions space by space, as the paper's table 1 has them.

    Raises:
        UserError: if an argument is not allowed, or a folder belongs to something else.
    """
    for what, named in (("environment", env), ("space", space)):
        if named == ():
            raise UserError(f"name at least one {what}.")
    pairs = [(one, other) for other in space or (None,) for one in env]
    out = None if out is None else absolute(out)
    several = out is not None and holds_reproductions(out)
    if len(pairs) == 1 and not several:
        plan = prepare_reproduction(env=pairs[0][0], space=pairs[0][1], out=out, **shared)
        return plan.path, [plan]
    if out is None:
        raise UserError("several spaces or environments need a folder: name one with --out (in Python: out=...).")
    if is_reproduction(out):
        raise UserError(f"{str(out)!r} holds the reproduction of one space and environment: choose another folder.")
    plans: dict[Path, Reproduction] = {}
    for one, other in pairs:
        try:
            plan = prepare_reproduction(env=one, space=other, out=None, within=out, **shared)
        except UserError as error:
            raise UserError(f"{one} with {_name(other)}: {error}") from None
        if plan.path in plans:
            raise UserError(
                f"{one} with {_name(other)} has the folder of another pair, {str(plan.path)!r}: name it once."
            )
        plans[plan.path] = plan
    check_no_links(out)
    for entry in _others(out, OVERVIEW):
        if out / entry not in plans and not is_reproduction(out / entry):
            raise UserError(f"the directory {str(out)!r} holds other files ({entry}): choose an empty one.")
    return out, [*plans.values()]


def _name(space: str | Path | Space | None) -> str:
    return "its default space" if space is None else f"space {space.name if isinstance(space, Space) else str(space)!r}"


@checked_call
def prepare_reproduction(
    *,
    env: calls.Env,
    space: SpaceSource | None,
    steps: calls.Steps,
    search_steps: calls.Steps | None,
    train_seeds: calls.SeedCount,
    search_seeds: calls.SeedCount,
    seed: calls.Seed,
    strategies: calls.Names,
    top_k: calls.Count,
    repeats: calls.Count,
    baselines: calls.Names | None,
    out: calls.Place | None,
    threads: calls.Processes | None,
    checkpoint_steps: calls.Steps,
    device: calls.Text,
    imports: calls.Modules,
    strategy_options: Options | None,
    env_options: Options | None,
    ppo_options: Options | None,
    latency: calls.Flag,
    within: Path | None = None,
) -> Reproduction:
    """Checks the arguments of one reproduction; without `out` its folder is named after what runs, and is `within`.

    Raises:
        UserError: if an argument is not allowed, or the folder belongs to something else.
    """
    env, imports = named_module(env, imports)
    shared: dict[str, Any] = {
        "env": env,
        "baselines": baselines,
        "checkpoint_steps": checkpoint_steps,
        "imports": imports,
        "env_options": env_options,
        "ppo_options": ppo_options,
    }
    _, table = prepare_table(
        **shared,
        space=space,
        device=device,
        steps=steps,
        seeds=train_seeds,
        first_seed=seed,
        architectures=(),
        out=None,
        latency=latency,
    )
    found_space = table.load_space()
    path = run_path(out, env, found_space.name, *([] if within else ["reproduction"]))
    if within is not None:
        path = within / path.name
    if top_k > found_space.size:
        raise UserError(f"top-k must be 1 to {found_space.size}, the architectures of the space, not {top_k}.")
    if path.exists() and not path.is_dir():
        raise UserError(f"the folder {str(path)!r} is a file.")
    check_no_links(path)
    if others := _others(path, TABLE, SEARCHES, COMPARISON):
        raise UserError(f"the directory {str(path)!r} holds other files ({others[0]}): choose an empty one.")
    names = tuple(name for name in strategy_names(strategies) if name != RANDOM)
    found = Reproduction(
        path=path,
        table=table.model_copy(update={"imports": _begun_imports(path / TABLE / "table.json", table.imports)}),
        strategies=names,
        seeds=tuple(range(seed, seed + search_seeds)),
        options=share_options(names, strategy_options or {}),
        top_k=top_k,
        repeats=repeats,
        search_steps=table.steps if search_steps is None else parse_steps(search_steps, "search-steps"),
        common={**shared, "threads": threads, "device": table.device},
    )
    found.check()
    return found


def is_reproduction(path: Path) -> bool:
    """Whether a folder looks like one of `reproduce`: it holds a table, and nothing but what that puts there."""
    return not _others(path, TABLE, SEARCHES, COMPARISON) and (path / TABLE / "table.json").exists()


def holds_reproductions(path: Path) -> bool:
    """Whether a folder looks like one of `reproduce` with several spaces or environments, and holds nothing else."""
    entries = _others(path, OVERVIEW)
    return bool(entries) and all(is_reproduction(path / entry) for entry in entries)


def _others(path: Path, *names: str) -> list[str]:
    """What a folder holds beside folders of these names."""
    entries = sorted(path.iterdir()) if path.is_dir() else []
    ours = {path / name for name in names}
    return [
        entry.name for entry in entries if not entry.name.startswith(".") and not (entry in ours and entry.is_dir())
    ]


def _begun_imports(file: Path, imports: tuple[str, ...]) -> tuple[str, ...]:
    """The modules that a run was begun with, if all of them are named now; more may be, for other strategies."""
    begun = tuple(read_object(file).get("imports") or ()) if file.exists() else imports
    return begun if {*begun} <= {*imports} else imports
