"""What docs/spaces.md and docs/tutorial-space.md show works."""

import re
import sys
from pathlib import Path

import pytest

from rlnas import user_imports
from rlnas.errors import UserError
from rlnas.spaces import CATALOGUE, load_space
from rlnas.spaces.plain import LAYERS

DOCS = Path(__file__).parents[2] / "docs"
TEXT = (DOCS / "spaces.md").read_text()


def snippets(language: str, page: str = "spaces.md") -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)


def test_the_snippets_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    declared, blocks = snippets("python")
    *_, factory, layer = snippets("python", "tutorial-space.md")
    scope: dict = {}
    exec(declared, scope)
    assert scope["space"].size == 6
    exec(blocks, scope)
    assert [path.id for path in scope["space"]][:3] == ["depth=1,op=block", "depth=1,op=conv", "depth=1,op=skip"]
    (tmp_path / "mine.py").write_text(factory)
    monkeypatch.syspath_prepend(tmp_path)
    whole, switch = snippets("toml")
    *_, module = snippets("toml", "tutorial-space.md")
    (tmp_path / "whole.toml").write_text(whole)
    assert load_space(tmp_path / "whole.toml").size == 6
    vector = '\n[[layers]]\ntype = "readout"\nfeatures = 3\n'
    (tmp_path / "switch.toml").write_text('name = "s"\ninput = [32, 8, 8]\n' + switch + vector)
    assert load_space(tmp_path / "switch.toml").size == 3
    (tmp_path / "module.toml").write_text('name = "s"\ninput = [8]\n' + module)
    with pytest.raises(UserError, match="--import mine "):
        load_space(tmp_path / "module.toml")
    try:
        space = load_space(tmp_path / "module.toml", imports=["mine"])
        exec(layer + '\nlayer = Module("mine:bottleneck", {"features": Choice("f", [32, 64])})', scope)
        assert space.layers == (scope["layer"],)
    finally:
        sys.modules.pop("mine", None)
        user_imports._trusted.discard("mine")


def test_every_layer_and_every_space_is_described() -> None:
    for name in LAYERS:
        assert f"| `{name}` (" in TEXT
    for name in CATALOGUE:
        assert f"| `{name}` | " in TEXT
