"""What docs/tables.md shows in Python works."""

import re
from pathlib import Path

TEXT = (Path(__file__).parents[2] / "docs/tables.md").read_text()


def test_the_snippets_work(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    blocks = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
    assert len(blocks) == 3
    for block in blocks:
        exec(block, scope)
    assert len(scope["strategy"].rank()) == 3
    assert scope["view"].strategies[0].label == "mine"
    assert scope["view"].significance["mine"].direction == 0
