"""Tabular benchmarks: read, query, merge, and search on a table instead of training."""

from rlnas.table.merge import merge
from rlnas.table.runner import TableRunner
from rlnas.table.searches import StoredSearch, read_searches, write_searches
from rlnas.table.shipped import load, searches_with, shipped, shipped_searches
from rlnas.table.table import Metric, MissingRun, NoScore, Table
from rlnas.trials.metrics import METRICS

__all__ = [
    "METRICS",
    "Metric",
    "MissingRun",
    "NoScore",
    "StoredSearch",
    "Table",
    "TableRunner",
    "load",
    "merge",
    "read_searches",
    "searches_with",
    "shipped",
    "shipped_searches",
    "write_searches",
]
