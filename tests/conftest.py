"""Which tests are slow, in which order they run, and what they do without."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import matplotlib.figure
import pytest
import torch

from rlnas.trials.progress import nobody

# Training runs use one thread each, and two threads make tests depend on what else is running.
torch.set_num_threads(1)

SECONDS = Path(__file__).with_name("seconds.json")
"""The seconds of tests that took half a second and more, as `bash tests/run --measure` found them: the slow ones."""


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
    files = {name.partition("::")[0] for name in seconds}
    known = json.loads(SECONDS.read_text()).items()
    others = {
        name: taken for name, taken in known if (file := name.partition("::")[0]) not in files and Path(file).exists()
    }
    slow = others | {name: round(taken, 1) for name, taken in seconds.items() if taken >= 0.5}
    SECONDS.write_text(json.dumps(dict(sorted(slow.items())), indent=0, ensure_ascii=False) + "\n")


def save_nothing(figure: matplotlib.figure.Figure, file: io.IOBase, *, format: str, **options: object) -> None:
    """Writes an empty picture."""
    text = '<svg width="1" height="1" viewBox="0 0 1 1"></svg>'
    file.write(text if isinstance(file, io.StringIO) else text.encode() if format == "svg" else b"\x89PNG\r\n\x1a\n")


@pytest.fixture(scope="module", autouse=True)
def _no_figures(request: pytest.FixtureRequest) -> Iterator[None]:
    """Figures are drawn but not rendered, which takes a quarter of a second each; those of `tests/report` are."""
    with pytest.MonkeyPatch.context() as patch:
        if request.path.parent.name != "report":
            patch.setattr(matplotlib.figure.Figure, "savefig", save_nothing)
        yield


@pytest.fixture(scope="module")
def inline() -> Iterator[None]:
    """Trainings run in this process: one of its own takes two seconds to import torch."""
    from rlnas.trials import backend
    from rlnas.trials.inline import InlineBackend

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            backend, "make_backend", lambda workers=1, watch=nobody, given=None: given or InlineBackend(watch)
        )
        yield
