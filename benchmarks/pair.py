"""Two networks over their training seeds: means, interquartile means, the difference, how often one is better.

    python -m benchmarks.pair minatar-breakout k1=5,k2=5 minatar-cnn
    python -m benchmarks.pair docs/data/found/warm.json k1=5,k2=5 docs/data/found/scratch.json k1=5,k2=5

A network is named with what holds its trainings: a table, by its name or file (at its last budget), or a search's
`result.json`, of which `--confirmation` takes the trainings with confirmation seeds. What holds those of the second may
be left out where it is that of the first.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import get_args

import numpy as np

from rlnas import table
from rlnas.stats.estimates import Estimate, interquartile_mean_estimate, mean_difference, probability_better
from rlnas.table import Metric


def scores(file: str, network: str, metric: Metric, part: str) -> np.ndarray:
    """What a network scored, `(seeds,)`; `part` is that of a `result.json`."""
    if not file.endswith(".json"):
        found = table.load(file)
        records = [found.query(network, seed=seed, budget=found.steps) for seed in found.seeds]
        return np.array([getattr(record, metric) for record in records])
    entries = json.loads(Path(file).read_text()).get(part, [])
    own = {entry["name"]: [trial[metric] for trial in entry["trials"]] for entry in entries}
    if network not in own:
        sys.exit(f"{file} has no {network!r} among its {part}: {', '.join(own) or 'none'}.")
    if None in own[network] or len(own[network]) < 2:
        sys.exit(f"{file} has {own[network]} for {network!r}: a comparison takes two scores or more, and none missing.")
    return np.array(own[network])


def words(estimate: Estimate) -> str:
    """An estimate with its 95% interval."""
    if estimate.low is None:  # of two seeds there is no interval for some
        return f"{estimate.value:.2f}"
    return f"{estimate.value:.2f} [{estimate.low:.2f}, {estimate.high:.2f}]"


def main() -> None:
    """Reads the arguments and prints the comparison by each metric."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file")
    parser.add_argument("network")
    parser.add_argument("second", nargs="+", metavar="[FILE] NETWORK")
    parser.add_argument("--confirmation", action="store_true")
    args = parser.parse_args()
    part = "confirmation" if args.confirmation else "architectures"
    if len(args.second) > 2:
        parser.error(f"two networks are compared, not more: {args.second[2]!r}.")
    other = args.second if len(args.second) == 2 else [args.file, *args.second]
    print("| metric | first: mean ± sd, seeds | IQM | second: mean ± sd, seeds | IQM | difference | first is better |")
    print("|---" * 7 + "|")
    for metric in get_args(Metric):
        cells = [metric]
        both = [scores(args.file, args.network, metric, part), scores(other[0], other[1], metric, part)]
        for found in both:
            cells.append(f"{found.mean():.2f} ± {found.std(ddof=1):.2f}, {len(found)}")
            cells.append(words(interquartile_mean_estimate(found, seed=0)))
        cells += [words(mean_difference(*both)), words(probability_better(*both))]
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
