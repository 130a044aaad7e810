"""Tabular benchmarks: read, query, merge, and search on a table instead of training."""

from rlnas.table.merge import merge
from rlnas.table.shipped import load, shipped
from rlnas.table.simulate import TableRunner
from rlnas.table.table import METRICS, Metric, MissingRun, Record, Table

__all__ = ["METRICS", "Metric", "MissingRun", "Record", "Table", "TableRunner", "load", "merge", "shipped"]
