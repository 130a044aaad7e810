"""The command `rlnas compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import tyro

from rlnas import experiments as api
from rlnas.cli.arguments import Folder, Modules, Names, OptionalSteps, Pairs, load_modules, options
from rlnas.cli.printing import print_comparisons
from rlnas.errors import UserError
from rlnas.experiments.prepare import OVERVIEW


def compare(
    table: Annotated[tuple[str, ...], tyro.conf.arg(metavar="TABLE [TABLE ...]")],
    searches: Annotated[tuple[str, ...], tyro.conf.arg(metavar="RUN [RUN ...]", help_behavior_hint="")] = (),
    strategies: Names = (),
    strategy_options: Pairs = (),
    budget: OptionalSteps = None,
    metrics: tuple[Literal["total_reward", "reward_mean"], ...] = ("total_reward", "reward_mean"),
    top_k: int = 3,
    repeats: int = 1000,
    seed: int = 0,
    seeds: Annotated[tuple[int, ...], tyro.conf.arg(metavar="SEED [SEED ...]", help_behavior_hint="")] = (),
    drop_incomplete: bool = False,
    out: Folder = None,
    save_searches: Annotated[str | None, tyro.conf.arg(metavar="FILE", help_behavior_hint="")] = None,
    import_: Modules = (),
) -> None:
    """Compare strategies with random search and hand-made networks on tables; nothing is trained.

    Writes scores, verdicts, costs, rank correlations of proxies and the best architectures, as a page, Markdown, CSV
    and figures: the tables and figure 4 of arXiv:2011.14632, and what that paper
    lacks. With several tables, each has a folder in OUT, and OUT/overview puts them side by side.

    Args:
        table: Tables that come with rlnas (see: rlnas table show), or files that end in .parquet. All other options
            hold for all of them.
        searches: Finished searches: run directories of rlnas search, or files of stored searches; by default those that
            come with the table, or with the one that it is a copy of.
        strategies: Which strategies, in this order; all that have searches by default. Those that ask for trainings
            alone are run on the table. Random search is always run.
        strategy_options: Options of the strategies that are run on the table, e.g. trainings=12; each goes to those
            that have it.
        budget: Environment steps at which networks are judged; the whole trainings by default.
        metrics: Metrics that get a figure and tables of their own; table 1 has both.
        top_k: Architectures that each search has trained from scratch.
        repeats: Repeats of random search, and of strategies that are run on the table.
        seed: Root of the random streams.
        seeds: Training seeds by which networks are judged; all that the table has by default.
        drop_incomplete: Leave out networks that lack a score under one of these seeds, and say so; otherwise they are
            an error.
        out: Folder to write to; comparison-<table> by default, comparisons for several tables.
        save_searches: A file to store the searches in; its name must end in .json.
        import_: The modules that strategies, or layers of the space, come from; they are code, so they must be named.
    """
    from rlnas.table import write_searches

    load_modules(import_)
    if save_searches is not None and not (
        save_searches.endswith(".json") and searches and not Path(save_searches).exists()
    ):
        raise UserError("--save-searches takes a new file that ends in .json, for the searches that --searches names.")
    terms: api.Terms = {
        "budget": budget,
        "metrics": metrics,
        "top_k": top_k,
        "repeats": repeats,
        "seed": seed,
        "seeds": seeds or None,
        "drop_incomplete": drop_incomplete,
    }
    named, given = strategies or None, options(strategy_options, "--strategy-options")
    overview = None
    if len(table) == 1:
        out = f"comparison-{Path(table[0]).stem}" if out is None else out
        one = api.compare(table[0], searches, strategies=named, strategy_options=given, out=out, **terms)
        comparisons = {Path(out): one}
    else:
        out = "comparisons" if out is None else out
        found = api.compare_tables(table, searches, strategies=named, strategy_options=given, out=out, **terms)
        comparisons = {Path(out) / name: one for name, one in found.items()}
        overview = Path(out) / OVERVIEW
    if save_searches is not None:
        write_searches(Path(save_searches), api.stored_searches(searches))
    print_comparisons(comparisons, overview)
