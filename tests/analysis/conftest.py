import pytest

from rlnas.table import Table

from .tables import table


@pytest.fixture(scope="session")
def mine(tmp_path_factory) -> Table:
    """A table of ten architectures and a hand-made network, three seeds."""
    return table(tmp_path_factory.mktemp("table"))
