"""Layers as plain data, the form of TOML files and of run directories, and back."""

from collections.abc import Mapping
from dataclasses import MISSING, fields
from typing import Any

from rlnas import user_imports
from rlnas.errors import UserError, unknown
from rlnas.spaces.choice import Choice
from rlnas.spaces.containers import Repeat, Residual, Switch
from rlnas.spaces.layers import Activation, Conv, Flatten, Layer, Linear, MaxPool, Norm, Readout, Resize
from rlnas.spaces.user_module import Module

LAYERS: dict[str, type[Layer]] = {
    layer.type: layer
    for layer in (Conv, MaxPool, Resize, Flatten, Linear, Readout, Norm, Activation, Repeat, Residual, Switch, Module)
}

STORED = {"resize": "fit"}
"""Types that are stored under the name of version 0.1, which digests of tables and runs depend on."""

OLD = {name: LAYERS[kind] for kind, name in STORED.items()}


def layer_to_dict(layer: Layer, names: Mapping[str, str] = STORED) -> dict[str, object]:
    """A layer as plain data; `names`: types that are called otherwise.

    Parameters at their defaults are left out, so that a later version, with more of them, writes the same.
    """
    found: dict[str, object] = {"type": names.get(layer.type, layer.type)}
    for field in fields(layer):
        value = getattr(layer, field.name)
        if field.default is MISSING or value != field.default:
            found[field.name] = _plain(value, names)
    return found


def _plain(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, Choice):
        return {"choice": value.name, "options": list(value.options)}
    if isinstance(value, Layer):
        return layer_to_dict(value, names)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        if not isinstance(value[0][1], tuple):  # the arguments of a module
            return {name: _plain(item, names) for name, item in value}
        return [{"name": name, **({"layers": _plain(layers, names)} if layers else {})} for name, layers in value]
    return [_plain(item, names) for item in value] if isinstance(value, tuple) else value


def layer_from_dict(data: object) -> Layer:
    """The inverse of `layer_to_dict`. A `UserError` names what is unknown, missing or not allowed."""
    if not isinstance(data, Mapping):
        raise UserError(f"a layer must be a table of parameters, not {data!r}.")
    parameters = {key: value for key, value in data.items() if key != "type"}
    kind = (LAYERS | OLD).get(str(data.get("type")))
    if kind is None:
        raise unknown("layer type", data.get("type"), LAYERS)
    names = [field.name for field in fields(kind)]
    for key, value in parameters.items():
        if key not in names:
            raise unknown(f"parameter of a {kind.type} layer:", key, names)
        if kind is Switch and key == "options":
            parameters[key] = _alternatives(value)
        elif kind in (Repeat, Residual) and key == "layers":
            parameters[key] = _layers(value)
        elif kind is Module and key == "arguments":
            if not isinstance(value, Mapping):
                raise UserError(f"module: arguments must be a table, not {value!r}.")
            parameters[key] = {name: _parameter("module", item) for name, item in value.items()}
        else:
            parameters[key] = _parameter(kind.type, value)
    if kind is Module and isinstance(parameters.get("factory"), str):
        # To declare the layer is to run its code, and data may come from a stranger.
        user_imports.check_trusted(parameters["factory"].partition(":")[0])
    try:
        return kind(**parameters)
    except TypeError:
        raise UserError(f"a {kind.type} layer lacks a parameter: it takes {', '.join(names)}.") from None


def _parameter(layer: str, value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    if set(value) != {"choice", "options"} or not isinstance(value["options"], list):
        raise UserError(f'{layer}: a choice reads {{choice = "name", options = [...]}}, not {dict(value)!r}.')
    return Choice(value["choice"], value["options"])


def _layers(value: Any) -> Any:
    """A list of layers; what is none, the layer that gets it refuses."""
    return [layer_from_dict(inner) for inner in value] if isinstance(value, list) else value


def _alternatives(value: object) -> list[tuple[str, Any]]:
    found = []
    for item in value if isinstance(value, list) else [value]:
        if not isinstance(item, Mapping) or "name" not in item or set(item) - {"name", "layers"}:
            raise UserError(f'switch: an option reads {{name = "name", layers = [...]}}, not {item!r}.')
        found.append((item["name"], _layers(item.get("layers", []))))
    return found
