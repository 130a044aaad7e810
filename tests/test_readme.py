"""The README's commands are those that are tested."""

import re
import shlex
from pathlib import Path

import rlnas
from rlnas.cli.main import COMMANDS

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_ci_runs_the_test_command_of_the_readme() -> None:
    (command,) = re.findall(r"^python3 -m venv .*tests/run$", README, re.MULTILINE)
    assert command in (ROOT / ".ci/run").read_text()


def test_every_command_in_the_readme_exists() -> None:
    blocks = "".join(re.findall(r"^```\w*\n(.*?)^```", README, re.DOTALL | re.MULTILINE))
    named = set(re.findall(r"^(?:.*/)?rlnas (\w+)", blocks, re.MULTILINE))
    assert {"search", "train", "resume", "report", "evaluate", "list", "describe"} <= named
    assert named <= {name.partition(" ")[0] for name in COMMANDS}


def test_the_main_command_of_the_readme_parses() -> None:
    from rlnas.quantity import parse_steps

    (command,) = re.findall(r"rlnas (search .*--out runs/first)", README)
    words = shlex.split(command)
    assert parse_steps(words[words.index("--steps") + 1]) <= 100_000


def anchors(document: Path) -> set[str]:
    """The anchors of a page's headings, as MkDocs writes them."""
    text = re.sub(r"^```.*?^```", "", document.read_text(), flags=re.DOTALL | re.MULTILINE)
    words = (re.sub(r"[^\w\s-]", "", heading.lower()) for heading in re.findall(r"^#+ (.*)", text, re.MULTILINE))
    return {re.sub(r"[-\s]+", "-", heading.strip()) for heading in words}


def test_links_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)\s]+)", document.read_text()):
            path, _, anchor = target.partition("#")
            if "://" in target:
                continue
            page = document.parent / path if path else document
            assert page.exists(), (document, target)
            assert not anchor or anchor in anchors(page), (document, target)


def test_every_figure_of_the_results_is_shown() -> None:
    pages = [ROOT / "README.md", ROOT / "docs/results.md", *(ROOT / "docs/results").glob("*.md")]
    links = (
        (page.parent / link).resolve() for page in pages for link in re.findall(r"\]\(([^)#\s]+)", page.read_text())
    )
    shown = {link for link in links if link.suffix in {".png", ".svg"}}
    assert {path for path in (ROOT / "docs/results").rglob("*") if path.suffix in {".png", ".svg"}} <= shown


def test_who_cites_it_names_this_version() -> None:
    assert f"\nversion: {rlnas.__version__}\n" in (ROOT / "CITATION.cff").read_text()
