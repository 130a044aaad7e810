"""docs/reference.md is what docs/make_reference.py writes."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def test_the_reference_says_what_the_commands_and_functions_say() -> None:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(made)
    assert made.reference() == (DOCS / "reference.md").read_text(), "run python docs/make_reference.py"
