"""The numbers of docs/results that `rlnas compare` does not print.

python -m benchmarks.results_page minatar-breakout
python -m benchmarks.results_page minatar-space-invaders
python -m benchmarks.results_page minatar-2-breakout
python -m benchmarks.results_page ale-breakout
python -m benchmarks.results_page FOLDER      # the differences between the strategies of a comparison
"""

from __future__ import annotations

import argparse
import csv
import itertools
from pathlib import Path

import numpy as np
import polars
from scipy import stats

from rlnas import table
from rlnas.strategies.reliability import reliability

GAMES = Path(__file__).parents[1] / "docs/data/searches/space-invaders-spos-games.parquet"


def row(*cells: object) -> None:
    """Prints a row; floats have three digits."""
    print("| " + " | ".join(f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in cells) + " |")


def large_kernels() -> None:
    """Whether the architectures with large kernels differ: analysis of variance."""
    found = table.load("minatar-breakout")
    large = [f"k1={one},k2={two}" for one in (3, 4, 5) for two in (2, 3, 4, 5)]
    for metric in table.METRICS:
        scores = [found.values(name, budget=found.steps, metric=metric, seeds=found.seeds) for name in large]
        row(metric, "p of 12 architectures", float(stats.f_oneway(*scores).pvalue))


def games() -> None:
    """How well the games of each SPOS search would rank alike again."""
    played = polars.read_parquet(GAMES)
    settings = played.columns[:5]
    row(*settings, "reliability", "low", "high")
    for search, own in played.group_by(settings, maintain_order=True):
        returns = own.pivot("game", index="architecture", values="return").drop("architecture").to_numpy()
        found = reliability(returns)
        assert found is not None, "24 games or more of each architecture"
        row(*search, found.value, found.low, found.high)


def early_scores() -> None:
    """What short trainings, the options and the largest networks are worth in `minatar-2`."""
    found = table.load("minatar-2-breakout")
    final = found.scores(budget=found.steps, metric="total_reward", seeds=found.seeds)
    row("one seed early against the other at the end", "Kendall", "best of its top 3", "held out")
    for budget in ("10k", "20k", "30k"):
        early = found.scores(budget=budget, metric="total_reward", seeds=found.seeds)
        for seed in (0, 1):
            top = np.argsort(-early[:, seed], kind="stable")[:3]
            best = top[final[top, seed].argmax()]
            kendall = stats.kendalltau(early[:, seed], final[:, 1 - seed]).statistic
            row(f"{budget}, seed {seed + 1}", float(kendall), final.mean(1)[top].max(), final[best, 1 - seed])
    shipped = table.shipped_searches("minatar-2-breakout")
    assert shipped is not None, "comes with rlnas"
    for search in table.read_searches(shipped):
        if len(search.ranking) == found.space.size:
            proxies = [dict(search.ranking)[name] for name in found.architectures]
            row(search, *(float(stats.kendalltau(proxies, final[:, seed]).statistic) for seed in (0, 1)))
    networks = [found.space.architecture(name) for name in found.architectures]
    for choice in found.space.choices:
        for option in choice.options:
            row(choice.name, option, final[[network[choice.name] == option for network in networks]].mean())
    costs = [found.space.cost(network) for network in networks]
    largest = sorted(range(len(costs)), key=lambda n: (-costs[n].multiply_adds, -costs[n].parameters))[:3]
    for metric in table.METRICS:
        scores = found.scores(budget=found.steps, metric=metric, seeds=found.seeds)[largest]
        held_out = np.mean([scores[scores[:, 1 - seed].argmax(), seed] for seed in (0, 1)])
        row(metric, "three largest", *scores.mean(1), "best, held out", held_out)


def kernel_effects() -> None:
    """Whether either kernel of `paper-1` has an effect: analysis of variance without repeats."""
    found = table.load("ale-breakout")
    for metric in table.METRICS:
        scores = found.scores(budget=found.steps, metric=metric, seeds=[1]).reshape(5, 5)  # k2, k3
        effects = [scores.mean(1 - axis) - scores.mean() for axis in (0, 1)]
        rest = scores - scores.mean() - effects[0][:, None] - effects[1]
        for name, effect in zip(("k2", "k3"), effects, strict=True):
            ratio = 5 * np.square(effect).sum() / 4 / (np.square(rest).sum() / 16)
            row(metric, name, "p", float(stats.f.sf(ratio, 4, 16)))


def differences(folder: Path) -> None:
    """Welch's 95% intervals of the differences between strategies, over search seeds.

    Args:
        folder: What `rlnas compare --out` wrote.
    """
    row("metric", "first", "second", "difference of Kendall", "low", "high", "difference of score", "low", "high")
    for metric in ("total-reward", "reward-mean"):
        values: dict[str, list[list[float]]] = {}
        with open(folder / f"proxies-{metric}.csv", newline="") as file:
            for line in csv.DictReader(file):
                if line["search_seed"].isdigit():
                    values.setdefault(line["strategy"], []).append(
                        [float(line[key] or "nan") for key in ("kendall", "score")]
                    )
        for first, second in itertools.combinations(values, 2):
            cells: list[object] = []
            for one, other in zip(np.transpose(values[first]), np.transpose(values[second]), strict=True):
                interval = stats.ttest_ind(one, other, equal_var=False).confidence_interval()
                cells += [float(one.mean() - other.mean()), float(interval.low), float(interval.high)]
            row(metric, first, second, *cells)


def main() -> None:
    """Reads the name of a table, or the folder of a comparison, and prints its numbers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", metavar="TABLE|FOLDER")
    source = parser.parse_args().source
    tables = {
        "minatar-breakout": large_kernels,
        "minatar-space-invaders": games,
        "minatar-2-breakout": early_scores,
        "ale-breakout": kernel_effects,
    }
    if source in tables:
        tables[source]()
    elif Path(source).is_dir():
        differences(Path(source))
    else:
        parser.error(f"{source!r} is no folder and none of {', '.join(tables)}.")


if __name__ == "__main__":
    main()
