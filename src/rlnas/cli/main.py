"""The entry point of the `rlnas` command."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Any

import tyro

import rlnas
from rlnas.cli.arguments import joined, refuse_repeated
from rlnas.cli.comparing import compare
from rlnas.cli.describing import describe, list_
from rlnas.cli.exporting import export
from rlnas.cli.playing import play
from rlnas.cli.reproducing import reproduce
from rlnas.cli.runs import evaluate, report, resume
from rlnas.cli.searching import search
from rlnas.cli.tables import TABLE_COMMANDS, table
from rlnas.cli.training import train
from rlnas.errors import RlnasError, UserError, unknown

COMMANDS: dict[str, Any] = {
    "search": search,
    "train": train,
    "resume": resume,
    "table": table,
    "compare": compare,
    "reproduce": reproduce,
    "export": export,
    "report": report,
    "evaluate": evaluate,
    "play": play,
    "list": list_,
    "describe": describe,
}


def main(arguments: list[str] | None = None) -> None:
    """Runs a command. Exit codes: 0 done, 2 bad input, 1 a run that failed, 130 interrupted."""
    given = sys.argv[1:] if arguments is None else arguments
    if given == ["--version"]:
        print(f"rlnas {rlnas.__version__}")
        return
    try:
        _run(given)
    except UserError as error:
        print(f"rlnas: {error}", file=sys.stderr)
        sys.exit(2)
    except RlnasError as error:
        print(f"rlnas: {error}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        print(f"rlnas: {error.strerror or error}: {error.filename or ''}".rstrip(": "), file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        resumable = given[:1] in (["search"], ["train"], ["resume"]) or given[:2] == ["table", "build"]
        also = ", or rlnas resume," if resumable else ""
        again = resumable or given[:1] == ["reproduce"]
        hint = f"; the same command{also} goes on from the last checkpoint, if there is one" if again else ""
        print(f"rlnas: stopped{hint}.", file=sys.stderr)
        sys.exit(130)


def _run(given: list[str]) -> None:
    refuse_repeated(given)
    _check_known("command", given[:1], COMMANDS)
    if given[:1] == ["table"]:
        _check_known("command of rlnas table:", given[1:2], TABLE_COMMANDS)
        tyro.extras.subcommand_cli_from_dict(
            _joined(TABLE_COMMANDS), prog="rlnas table", description=table.__doc__, args=given[1:]
        )
        return
    tyro.extras.subcommand_cli_from_dict(
        _joined(COMMANDS), prog="rlnas", description=rlnas.__doc__.splitlines()[0], args=given
    )


def _joined(commands: dict[str, Any]) -> dict[str, Any]:
    return {name: joined(command) for name, command in commands.items()}


def _check_known(kind: str, words: list[str], commands: Collection[str]) -> None:
    for word in words:
        if not word.startswith("-") and word not in commands:
            raise unknown(kind, word, commands)


if __name__ == "__main__":
    main()
