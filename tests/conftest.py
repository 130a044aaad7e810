from collections import Counter

import pytest
import torch

# Training runs use one thread each, and two threads make tests depend on what else is running.
torch.set_num_threads(1)


LONGEST = ("test_survives", "test_reproduce", "test_api", "test_table_build", "test_faults", "test_warm_start")
"""Files whose tests take a minute or more together, the longest first."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest files come first, then those with slow tests: a file goes to one process, and none should wait."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    places = {name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (places.get(item.path.stem, len(LONGEST)), -slow[item.path]))
