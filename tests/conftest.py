from collections import Counter

import pytest
import torch

# Training runs use one thread each, and two threads make tests depend on what else is running.
torch.set_num_threads(1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first, the slowest in front: whole files go to the processes, and none should wait."""
    slow = Counter(item.path for item in items if item.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path])
