"""A table, and a comparison of searches on it, that several files of tests read."""

from pathlib import Path

import pytest

from rlnas.analysis import compare
from rlnas.report.comparison import write_comparison
from rlnas.table import Table

from ..analysis.tables import NAMES, perfect, search, table, worst


@pytest.fixture(scope="session")
def mine(tmp_path_factory) -> Table:
    return table(tmp_path_factory.mktemp("table"))


@pytest.fixture(scope="session")
def written(mine, tmp_path_factory) -> Path:
    """A comparison of two strategies, written out."""
    half = {name: float(-n) for n, name in enumerate(NAMES[:5])}
    searches = [perfect(), worst(seed=1), search(half, "random-shared", remarks=("It <b>rained</b>.",))]
    folder = tmp_path_factory.mktemp("out") / "comparison"
    write_comparison(compare(mine, searches, repeats=1000, seed=4), folder)
    return folder
