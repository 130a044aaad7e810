"""The arguments of `reproduce`, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas.errors import UserError, unknown
from rlnas.files import read_object
from rlnas.prepare.arguments import Options, run_path
from rlnas.prepare.searching import check_strategy_options, prepare_search
from rlnas.prepare.tables import prepare_table
from rlnas.quantity import parse_steps
from rlnas.search import make_strategy, settings_class, shares_weights
from rlnas.spaces import Space, load_space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import StudySettings, TableSettings

TABLE, SEARCHES, COMPARISON = "table", "searches", "comparison"
"""What the folder of a reproduction holds."""


@dataclass(frozen=True)
class Reproduction:
    """A table, searches that are judged on it, and the folder of all.

    Attributes:
        path: the folder.
        table: what the table is built with.
        strategies: the strategies to compare, in this order.
        seeds: the searches' seeds.
        options: for each strategy that searches on the environment its options; the others are run on the table.
        top_k: architectures that each search has trained from scratch.
        search_steps: environment steps of every search.
        common: further arguments of `prepare_search` that all searches share.
    """

    path: Path
    table: TableSettings
    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    options: Mapping[str, Options]
    top_k: int
    search_steps: int
    common: Mapping[str, Any]

    @property
    def table_file(self) -> Path:
        """The file that the table is written to."""
        return self.path / TABLE / "table.parquet"

    def searches(self, table: Path | None) -> list[tuple[Path, StudySettings]]:
        """Run directory and settings of every search.

        Args:
            table: the file to look their trainings up in, once it is there.

        Raises:
            UserError: if an argument is not allowed, the table does not fit, or a directory belongs to another search.
        """
        return [self._search(strategy, seed, table) for strategy in self.options for seed in self.seeds]

    def _search(self, strategy: str, seed: int, table: Path | None) -> tuple[Path, StudySettings]:
        path = self.path / SEARCHES / f"{strategy}-{seed}"
        found = prepare_search(
            **self.common,
            space=self.table.load_space(),
            strategy=strategy,
            strategy_options=self.options[strategy],
            steps=self.search_steps,
            train_steps=None,  # as many as the table has
            train_seeds=1,  # those of the table
            seed=seed,
            top_k=self.top_k,
            table=table,
            out=path,
        )
        settings = found[1].model_copy(update={"imports": _begun_imports(path / "study.json", found[1].imports)})
        if table is not None:
            from rlnas.study import check_owner

            check_owner(path, "study", settings.model_dump(mode="json"))
        return path, settings


def prepare_reproduction(
    *,
    env: str,
    space: str | Path | Space | None,
    steps: int | str,
    search_steps: int | str | None,
    train_seeds: int,
    search_seeds: int,
    seed: int,
    strategies: Sequence[str],
    top_k: int,
    baselines: Sequence[str] | None,
    out: str | Path | None,
    threads: int | None,
    checkpoint_steps: int | str,
    device: str,
    imports: Sequence[str],
    strategy_options: Options,
    env_options: Options,
    ppo_options: Options,
) -> Reproduction:
    """Checks the arguments of `reproduce`, those of its searches too, before anything is written.

    Raises:
        UserError: if an argument is not allowed, or the folder belongs to something else.
    """
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
        space=_small_enough(space, imports),
        device=device,
        steps=steps,
        seeds=train_seeds,
        first_seed=seed,
        architectures=(),
        out=None,
    )
    found_space = table.load_space()
    path = run_path(out, env, found_space.name, "reproduction")
    if search_seeds < 1:
        raise UserError(f"search-seeds must be at least 1, not {search_seeds}.")
    if not 1 <= top_k <= found_space.size:
        raise UserError(f"top-k must be 1 to {found_space.size}, the architectures of the space, not {top_k}.")
    if others := _others(path):
        raise UserError(f"the directory {str(path)!r} holds other files ({others[0]}): choose an empty one.")
    names = strategy_names(strategies)
    found = Reproduction(
        path=path,
        table=table.model_copy(update={"imports": _begun_imports(path / TABLE / "table.json", table.imports)}),
        strategies=names,
        seeds=tuple(range(seed, seed + search_seeds)),
        options=_options(names, found_space, strategy_options),
        top_k=top_k,
        search_steps=table.steps if search_steps is None else parse_steps(search_steps, "search-steps"),
        common={**shared, "threads": threads, "device": table.device},
    )
    found.searches(None)
    return found


def is_reproduction(path: Path) -> bool:
    """Whether a folder holds a table that was begun by `reproduce`, and nothing but what that puts there."""
    return not _others(path) and (path / TABLE / "table.json").exists()


def _others(path: Path) -> list[str]:
    """What a folder holds that `reproduce` does not put there."""
    names = sorted(entry.name for entry in path.iterdir()) if path.is_dir() else []
    return [name for name in names if not name.startswith(".") and name not in (TABLE, SEARCHES, COMPARISON)]


def strategy_names(parts: Sequence[str]) -> tuple[str, ...]:
    """Names of strategies, which may stand apart or joined by commas.

    >>> strategy_names("spos,enas"), strategy_names(["spos", "enas,random", "spos"])
    (('spos', 'enas'), ('spos', 'enas', 'random'))

    Raises:
        UserError: if there is none.
    """
    parts = [parts] if isinstance(parts, str) else parts
    names = tuple(dict.fromkeys(name for part in parts for name in part.split(",") if name))
    if not names:
        raise UserError("name at least one strategy.")
    return names


def _small_enough(space: str | Path | Space | None, imports: Sequence[str]) -> Space | None:
    """The space, which must fit into a table as a whole."""
    from rlnas.envs import import_modules
    from rlnas.table.table import MOST_ARCHITECTURES

    import_modules(tuple(imports))
    if space is None:
        return None
    found = load_space(space)
    if found.size > MOST_ARCHITECTURES:
        raise UserError(
            f"space {found.name!r} has {found.size:,} architectures, and all are trained: at most "
            f"{MOST_ARCHITECTURES:,} are possible. rlnas search needs no table."
        )
    return found


def _options(strategies: Sequence[str], space: Space, options: Options) -> dict[str, Options]:
    """Those of the strategies that search on the environment, each with the options that it has.

    Raises:
        UserError: if there is no such strategy, none of them has such an option, or one cannot be made.
    """
    known = {name: settings_class(name).model_fields for name in strategies}
    shares = {name for name in strategies if shares_weights(name) or _fits(name, space)}
    for option in options:
        if not shares:
            raise UserError(
                f"strategy option {option!r} is for strategies that share weights, and none is named; those that are "
                "run on the table have their default options."
            )
        if not any(option in known[name] for name in shares):
            raise unknown(
                f"option of {', '.join(sorted(shares))}:", option, {n for name in shares for n in known[name]}
            )
    return {
        name: {option: value for option, value in options.items() if option in known[name]}
        for name in strategies
        if name in shares
    }


def _fits(name: str, space: Space) -> bool:
    """Whether a strategy whose class does not say so fits a supernet, by making it as a comparison would."""
    return make_strategy(name, space, 0, 0, check_strategy_options(name, {})).shares_weights


def _begun_imports(file: Path, imports: tuple[str, ...]) -> tuple[str, ...]:
    """The modules that a run was begun with, if all of them are named now; more may be, for other strategies."""
    begun = tuple(read_object(file).get("imports", ())) if file.exists() else imports
    return begun if {*begun} <= {*imports} else imports
