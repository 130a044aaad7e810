"""Imports run downwards only (docs/design.md)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "src" / "rlnas"

# Top to bottom. A part may import the parts after it, where ALLOWED says no less.
# "__init__" is the package's own face, which shows what the parts below it offer.
ORDER = ["__main__", "cli", "__init__", "experiments", "display", "report", "analysis", "export", "study"]
ORDER += [
    "table",
    "trials",
    "defaults",
    "strategies",
    "algorithms",
    "nets",
    "spaces",
    "envs",
    "video",
    "stats",
    "files",
]
ALLOWED = {
    "strategies": {"spaces"},  # a strategy never steps an environment and never sees a network
    "nets": {"spaces"},
    "spaces": set(),
    "stats": set(),
}
EVERYWHERE = {"brief", "kinds", "errors", "processes", "quantity", "seeding", "user_imports"}
LIGHT = {"spaces": {"torch", "gymnasium", "ale_py"}, "envs": {"torch"}, "stats": {"torch"}}
LIGHT["analysis"] = {"matplotlib", "torch"}
LIGHT |= {name: {"torch"} for name in EVERYWHERE}
# What loads torch late, when a layer of the user's own is declared.
LATE = {("spaces/user_module.py", "torch")}


def imported(path: Path) -> set[str]:
    """The absolute names that a module imports, wherever in it the import stands."""
    package = ["rlnas", *path.relative_to(ROOT).parent.parts]
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {"rlnas.__init__" if alias.name == "rlnas" else alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            parts = package[: len(package) + 1 - node.level] if node.level else []
            origin = ".".join([*parts, node.module] if node.module else parts)
            names |= {f"{origin}.{alias.name}" for alias in node.names} | {origin}
    return names


def part_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


MODULES = sorted(ROOT.rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_imports_only_what_lies_below_it(path):
    part = part_of(path)
    assert part in {*ORDER, *EVERYWHERE}, f"{part} has no place in the order of docs/design.md"
    below = ALLOWED.get(part, set(ORDER[ORDER.index(part) + 1 :])) if part in ORDER else set()
    uses = {name.split(".")[1] for name in imported(path) if name.startswith("rlnas.")}
    assert uses <= below | EVERYWHERE | {part}


@pytest.mark.parametrize("path", [p for p in MODULES if part_of(p) in LIGHT], ids=lambda p: str(p.relative_to(ROOT)))
def test_a_space_and_an_environment_need_no_torch(path):
    late = {name for place, name in LATE if place == path.relative_to(ROOT).as_posix()}
    assert not {name.split(".")[0] for name in imported(path)} & LIGHT[part_of(path)] - late
