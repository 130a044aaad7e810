"""The entry point of the `rlnas` command."""

import os
import sys
import traceback
import typing
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

import tyro

import rlnas
from rlnas.cli import commands, describing, tables
from rlnas.cli.printing import spell_out
from rlnas.cli.reading import read_request
from rlnas.display import printable
from rlnas.errors import RlnasError, UserError, unknown
from rlnas.experiments.options import Workers
from rlnas.experiments.request import Request
from rlnas.experiments.resolving import processors
from rlnas.processes import absolute, leave, settled

COMMANDS: dict[str, Callable[[Any], None]] = {
    "search": commands.search,
    "train": commands.train,
    "resume": commands.resume,
    "table build": commands.build,
    "table show": tables.show,
    "table merge": tables.merge,
    "table collect": tables.collect,
    "table measure": tables.measure,
    "compare": commands.compare,
    "reproduce": commands.reproduce,
    "export": commands.export,
    "report": commands.report,
    "evaluate": commands.evaluate,
    "play": commands.play,
    "list": describing.list_,
    "describe": describing.describe,
}
"""What does a request and prints the result, by the words that call it."""

TABLE = "Build, show and merge tabular benchmarks: rlnas table build|show|merge|collect|measure."


def request_of(command: str) -> type[Request]:
    """The class of a command's request."""
    return typing.get_type_hints(COMMANDS[command])["request"]


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
    except RlnasError as error:
        _say(str(error))
        sys.exit(2 if isinstance(error, UserError) else 1)
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
        hint = f"; the same command{also} continues from the last checkpoint, if there is one" if again else ""
        _say(f"stopped{hint}.")
        sys.exit(130)


def _say(text: str) -> None:
    print(f"rlnas: {printable(text)}", file=sys.stderr)


def _run(given: list[str]) -> None:
    _check_known("command", given[:1], [name.partition(" ")[0] for name in COMMANDS])
    if given[:1] == ["table"]:
        own = [name.partition(" ")[2] for name in COMMANDS if name.startswith("table ")]
        _check_known("command of rlnas table:", given[1:2], own)
    words = 2 if given[:1] == ["table"] else 1
    name = " ".join(given[:words])
    if name in COMMANDS:
        request, file = read_request(request_of(name), given[words:])
        if file is not None:
            request.save(file)
        if isinstance(request, Workers) and request.workers is None:
            request = replace(request, workers=processors())  # type: ignore[call-arg]  # mypy sees Request alone
        try:
            COMMANDS[name](request)
        except UserError:
            if file is not None:  # options that are refused are not kept
                absolute(file).unlink(missing_ok=True)
            raise
    else:
        _show_commands("table " if given[:1] == ["table"] else "", given[words - 1 :])


def _show_commands(group: str, words: list[str]) -> None:
    """Shows the commands that there are, or what is wrong."""
    known: dict[str, Callable[[], None]] = {}
    for command in COMMANDS:
        name, _, more = command.removeprefix(group).partition(" ")
        if command.startswith(group) and name not in known:

            def nothing() -> None: ...

            nothing.__doc__ = TABLE if more else (request_of(command).__doc__ or "").partition("\n")[0]
            known[name] = nothing
    about = TABLE if group else (rlnas.__doc__ or "").partition("\n")[0]
    tyro.extras.subcommand_cli_from_dict(known, prog=f"rlnas {group}".strip(), description=about, args=words)


def _check_known(kind: str, words: list[str], commands: Collection[str]) -> None:
    for word in words:
        if not word.startswith("-") and word not in commands:
            raise unknown(kind, word, commands)


if __name__ == "__main__":
    main()
