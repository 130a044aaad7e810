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
    assert {"search", "train", "resume", "report", "evaluate", "list", "describe"} <= named <= set(COMMANDS)


def test_the_main_command_of_the_readme_parses() -> None:
    from rlnas.quantity import parse_steps

    (command,) = re.findall(r"rlnas (search .*--out runs/first)", README)
    words = shlex.split(command)
    assert parse_steps(words[words.index("--steps") + 1]) <= 100_000


def test_links_lead_somewhere() -> None:
    for document in [*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", document.read_text()):
            assert "://" in target or (document.parent / target).exists(), (document, target)


def test_who_cites_it_names_this_version() -> None:
    assert f"\nversion: {rlnas.__version__}\n" in (ROOT / "CITATION.cff").read_text()
