"""Spaces in TOML files, with errors that say which line is wrong."""

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from rlnas.errors import UserError
from rlnas.processes import absolute
from rlnas.spaces.plain import layer_from_dict, layer_to_dict
from rlnas.spaces.space import Space

_LAYER = re.compile(r"\s*\[\[\s*layers\s*\]\]")


def load_toml(path: Path) -> Space:
    """Reads a space from a TOML file (docs/spaces.md); a `UserError` names file, line and fault if it is none."""
    try:
        return _read(path)
    except RecursionError:
        raise UserError(f"{path}: too many lists and tables lie in one another.") from None


def _read(path: Path) -> Space:
    try:
        text = absolute(path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise UserError(f"the space file {str(path)!r} cannot be read: {error}.") from None
    try:
        data = tomllib.loads(text)
    except ValueError as error:  # a number of thousands of digits is a ValueError
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


def dump_toml(space: Space) -> str:
    """The text of a TOML file that `load_toml` reads as this space."""
    head = f"name = {toml_value(space.name)}\ninput = {toml_value(space.input_shape)}\n"
    layers = (layer_to_dict(layer, {}).items() for layer in space.layers)
    return head + "".join("\n[[layers]]\n" + "".join(f"{k} = {toml_value(v)}\n" for k, v in layer) for layer in layers)


def toml_key(key: str) -> str:
    """A key of TOML, in quotes where it needs them."""
    return key if re.fullmatch("[A-Za-z0-9_-]+", key) else toml_value(key)


def toml_value(value: object) -> str:
    """Plain data as a TOML value in one line."""
    if value is None:
        raise UserError("None cannot be written in a list or a table of TOML.")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{toml_key(key)} = {toml_value(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(toml_value, value)) + "]"
    # A JSON string is a TOML string, but for one character that TOML wants escaped.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
