"""Which tests are slow, and in which order they run."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
import torch

# Training runs use one thread each, and two threads make tests depend on what else is running.
torch.set_num_threads(1)

SECONDS = Path(__file__).with_name("seconds.json")
"""The seconds of tests that took a second and more, as `bash tests/run --measure` found them. They are marked slow."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--measure", action="store_true", help=f"write tests/{SECONDS.name}")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks slow tests. The longest files come first: a file goes to one process, and none should wait at the end."""
    seconds, files = json.loads(SECONDS.read_text()), Counter[str]()
    for item in items:
        if item.nodeid in seconds:
            files[item.path.name] += seconds[item.nodeid]
            item.add_marker("slow")
    items.sort(key=lambda item: -files[item.path.name])


def pytest_terminal_summary(terminalreporter, config: pytest.Config) -> None:
    """Writes what the tests took."""
    if not config.getoption("--measure"):
        return
    reports = [report for group in terminalreporter.stats.values() for report in group]
    seconds = Counter[str]()
    for report in reports:
        if isinstance(report, pytest.TestReport):
            seconds[report.nodeid] += report.duration
    others = {name: taken for name, taken in json.loads(SECONDS.read_text()).items() if name not in seconds}
    slow = others | {name: round(taken, 1) for name, taken in seconds.items() if taken >= 1}
    SECONDS.write_text(json.dumps(dict(sorted(slow.items())), indent=0, ensure_ascii=False) + "\n")
