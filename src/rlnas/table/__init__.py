"""Tabular benchmarks: read, query, merge, and search on a table instead of training."""

from rlnas.table.merge import merge
from rlnas.table.searches import StoredSearch, read_searches, write_searches
from rlnas.table.shipped import load, searches_with, shipped, shipped_searches
from rlnas.table.simulate import TableRunner
from rlnas.table.table import METRICS, Metric, MissingRun, NoScore, Record, Table

__all__ = [
    "METRICS",
    "Metric",
    "MissingRun",
    "NoScore",
    "Record",
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
