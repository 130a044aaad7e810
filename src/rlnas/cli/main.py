"""The entry point of the `rlnas` command."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Collection
from typing import Any

import tyro

import rlnas
from rlnas.cli.arguments import joined, refuse_repeated
from rlnas.cli.comparing import compare
from rlnas.cli.describing import describe, list_
from rlnas.cli.exporting import export
from rlnas.cli.playing import play
from rlnas.cli.printing import spell_out
from rlnas.cli.reproducing import reproduce
from rlnas.cli.runs import evaluate, report, resume
from rlnas.cli.searching import search
from rlnas.cli.tables import TABLE_COMMANDS, table
from rlnas.cli.training import train
from rlnas.display import printable
from rlnas.errors import RlnasError, UserError, unknown
from rlnas.processes import leave, settled

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
    """Runs a command. Exit codes: 0 done, 2 bad input, 1 a run that failed, 130 interrupted.

    Args:
        arguments: the words of the command; by default those of this process, which ends with the command.
    """
    if arguments is not None:
        _command(arguments)
        return
    spell_out()
    code: object = 0
    try:
        _command(sys.argv[1:])
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
        code = 1
    leave(code if isinstance(code, int) else 0 if code is None else 1)


def _command(given: list[str]) -> None:
    if given == ["--version"]:
        print(f"rlnas {rlnas.__version__}")
        return
    try:
        with settled():
            _run(given)
        if sys.stdout is not None:
            sys.stdout.flush()
    except UserError as error:
        _say(str(error))
        sys.exit(2)
    except RlnasError as error:
        _say(str(error))
        sys.exit(1)
    except BrokenPipeError:  # whoever reads the output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except OSError as error:
        _say(f"{error.strerror or error}: {error.filename or ''}".rstrip(": "))
        sys.exit(1)
    except KeyboardInterrupt:
        resumable = given[:1] in (["search"], ["train"], ["resume"]) or given[:2] == ["table", "build"]
        also = ", or rlnas resume," if resumable else ""
        again = resumable or given[:1] == ["reproduce"]
        hint = f"; the same command{also} goes on from the last checkpoint, if there is one" if again else ""
        _say(f"stopped{hint}.")
        sys.exit(130)


def _say(text: str) -> None:
    print(f"rlnas: {printable(text)}", file=sys.stderr)


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
        _joined(COMMANDS), prog="rlnas", description=(rlnas.__doc__ or "").partition("\n")[0], args=given
    )


def _joined(commands: dict[str, Any]) -> dict[str, Any]:
    return {name: joined(command) for name, command in commands.items()}


def _check_known(kind: str, words: list[str], commands: Collection[str]) -> None:
    for word in words:
        if not word.startswith("-") and word not in commands:
            raise unknown(kind, word, commands)


if __name__ == "__main__":
    main()
