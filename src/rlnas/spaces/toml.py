"""Spaces in TOML files, with errors that say which line is wrong."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from rlnas.errors import UserError
from rlnas.spaces.plain import layer_from_dict
from rlnas.spaces.space import Space

_LAYER = re.compile(r"\s*\[\[\s*layers\s*\]\]")


def load_toml(path: Path) -> Space:
    """Reads a space from a TOML file (docs/spaces.md describes the format).

    Raises:
        UserError: if the file cannot be read or does not describe a space; the message names file, line and fault.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"the space file {str(path)!r} cannot be read: {error}.") from None
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: not valid TOML: {error}.") from None
    lines = [number for number, line in enumerate(text.splitlines(), 1) if _LAYER.match(line)]
    layers = data.get("layers")
    for index, layer in enumerate(layers if isinstance(layers, list) else []):
        try:
            layer_from_dict(layer)
        except UserError as error:
            place = f", line {_fault_line(text, lines[index], str(error))}" if index < len(lines) else ""
            raise UserError(f"{path}{place}: layer {index + 1}: {error}") from None
    try:
        return Space.from_dict(data)
    except UserError as error:
        found = re.search(r"layer (\d+)", str(error))
        place = f", line {lines[int(found[1]) - 1]}" if found and int(found[1]) <= len(lines) else ""
        raise UserError(f"{path}{place}: {error}") from None


def _fault_line(text: str, start: int, message: str) -> int:
    """The line of the layer that names the faulty parameter; the layer's first line where none does."""
    fault = re.split(r" Did you mean | Allowed: |: it takes ", message)[0]
    for number, line in enumerate(text.splitlines()[start:], start + 1):
        if line.lstrip().startswith("[["):
            break
        key = line.partition("=")[0].strip()
        if key and re.search(rf"(?<![\w-]){re.escape(key)}(?![\w-])", fault):
            return number
    return start
