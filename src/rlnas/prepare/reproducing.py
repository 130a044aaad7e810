"""The arguments of `reproduce`, checked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rlnas.errors import UserError, unknown
from rlnas.prepare.arguments import Options, run_path
from rlnas.prepare.searching import prepare_search
from rlnas.prepare.tables import prepare_table
from rlnas.quantity import parse_steps
from rlnas.search import settings_class, shares_weights
from rlnas.spaces import Space

# torch takes seconds to import; what needs it is imported when it is called.
if TYPE_CHECKING:
    from rlnas.study import StudySettings, TableSettings


@dataclass(frozen=True)
class Reproduction:
    """A table, searches that are judged on it, and the folder of all.

    Attributes:
        path: the folder; the table's run directory is `table` in it, the searches' are in `searches`.
        table: what the table is built with.
        strategies: the strategies to compare, in this order.
        seeds: the searches' seeds.
        options: for each strategy that shares weights its options; the others are run on the table.
        top_k: architectures that each search has trained from scratch.
        common: the arguments of `prepare_search` that all searches share.
    """

    path: Path
    table: TableSettings
    strategies: tuple[str, ...]
    seeds: tuple[int, ...]
    options: Mapping[str, Options]
    top_k: int
    common: Mapping[str, Any]

    @property
    def table_file(self) -> Path:
        """The file that the table is written to."""
        return self.path / "table" / "table.parquet"

    @property
    def searches(self) -> list[tuple[str, int]]:
        """Strategy and seed of every search on the environment."""
        return [(strategy, seed) for strategy in self.options for seed in self.seeds]

    def search(self, strategy: str, seed: int, table: Path | None) -> tuple[Path, StudySettings]:
        """The run directory and the settings of a search.

        Args:
            strategy: its strategy.
            seed: its seed.
            table: the file to look its trainings up in, once it is there.

        Raises:
            UserError: if an argument is not allowed, or the table does not fit.
        """
        return prepare_search(
            **self.common,
            strategy=strategy,
            strategy_options=self.options[strategy],
            seed=seed,
            top_k=self.top_k,
            table=table,
            out=self.path / "searches" / f"{strategy}-{seed}",
        )


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
        UserError: if an argument is not allowed.
    """
    shared: dict[str, Any] = {
        "env": env,
        "space": space,
        "baselines": baselines,
        "checkpoint_steps": checkpoint_steps,
        "device": device,
        "imports": imports,
        "env_options": env_options,
        "ppo_options": ppo_options,
    }
    if search_seeds < 1:
        raise UserError(f"search-seeds must be at least 1, not {search_seeds}.")
    names = tuple(dict.fromkeys(strategies))
    if not names:
        raise UserError("name at least one strategy.")
    options = _share(strategy_options, [name for name in names if shares_weights(name)])
    _, table = prepare_table(**shared, steps=steps, seeds=train_seeds, first_seed=seed, architectures=(), out=None)
    found = Reproduction(
        path=run_path(out, env, table.space["name"], "reproduction"),
        table=table,
        strategies=names,
        seeds=tuple(range(seed, seed + search_seeds)),
        options=options,
        top_k=top_k,
        common={
            **shared,
            "steps": table.steps if search_steps is None else parse_steps(search_steps, "search-steps"),
            "train_steps": None,  # as many as the table has
            "train_seeds": 1,  # those of the table
            "threads": threads,
        },
    )
    size = table.load_space().size
    if not 1 <= top_k <= size:
        raise UserError(f"top-k must be 1 to {size}, the architectures of the space, not {top_k}.")
    for strategy in options:
        found.search(strategy, seed, None)
    return found


def _share(options: Options, strategies: Sequence[str]) -> dict[str, Options]:
    """Gives each strategy the options that it has.

    Raises:
        UserError: if none of them has such an option.
    """
    known = {name: settings_class(name).model_fields for name in strategies}
    for option in options:
        if not any(option in fields for fields in known.values()):
            of = ", ".join(strategies) or "no strategy"
            raise unknown(f"option of {of}:", option, {name for fields in known.values() for name in fields})
    return {
        name: {option: value for option, value in options.items() if option in fields} for name, fields in known.items()
    }
