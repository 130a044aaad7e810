"""An agent as one ONNX file."""

import contextlib
import json
import logging
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import onnxruntime
import torch
from onnx import numpy_helper
from onnxscript import opset18 as op

from rlnas.errors import UserError
from rlnas.export.agent import Agent, Export, ExportedNetwork


def convert(agent: Agent) -> Export:
    """The network as an ONNX file: `observation` in; `logits` `(batch, actions)` and `value` `(batch,)` out.

    For continuous actions, `mean` and `log_std`, both `(batch, numbers)`, stand in the place of the logits.
    Observations have the type of the environment's and any batch size; scaling is inside. The file's metadata say where
    the agent comes from; `rlnas` holds the content of `architecture.json`. A `UserError` says what ONNX lacks.
    """
    model = _convert(agent)
    description = agent.description
    about = {"env": agent.settings.env, "architecture": agent.settings.architecture}
    about |= {"rlnas_version": description["exported_by"]["rlnas"], "rlnas": json.dumps(description)}
    for name, text in about.items():
        model.metadata_props.add(key=name, value=text)
    data = model.SerializeToString()
    return Export({"": data}, run_onnx(data, agent.outputs))


def _convert(agent: Agent) -> Any:
    """The network as an ONNX model (a protobuf message)."""
    # Two observations: the exporter would take a batch of one for a constant.
    example = torch.from_numpy(agent.draw_observations(2))
    try:
        with _silence():
            program = torch.onnx.export(
                ExportedNetwork(agent.network),
                (example,),
                dynamo=True,
                verbose=False,
                opset_version=18,
                input_names=["observation"],
                output_names=list(agent.outputs),
                dynamic_shapes={"observation": {0: torch.export.Dim("batch")}},
                custom_translation_table={torch.ops.aten.adaptive_max_pool2d.default: adaptive_max_pool},
            )
    except torch.onnx.OnnxExporterError as error:
        cause: BaseException = error
        while cause.__cause__ is not None:
            cause = cause.__cause__
        reason = (str(cause) or type(cause).__name__).splitlines()[0]
        raise UserError(f"torch cannot convert this network to ONNX: {reason}") from error
    assert program is not None
    return program.model_proto


@contextlib.contextmanager
def _silence() -> Iterator[None]:
    """Keeps the exporter's remarks about itself, such as that torchvision is missing, from the user."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def adaptive_max_pool(x: Any, output_size: list[int]) -> tuple[Any, Any]:
    """Adaptive max-pooling in ONNX, which has no such operator, and for which torch 2.13 has no translation.

    `x` is a symbolic map `(batch, channels, height, width)` of known height and width. Returns the map of height and
    width `output_size`, and a stand-in for the places of the maxima, which no layer reads.
    """
    sides = [windows(int(size), count) for size, count in zip(x.shape[2:], output_size, strict=True)]
    for axis, covered in enumerate(sides, 2):
        places: Any = op.Constant(value=numpy_helper.from_array(covered))
        within: Any = op.Constant(value_ints=[axis + 1])
        # The gather puts the places of a window on an axis of its own, after that of the windows.
        x = op.ReduceMax(op.Gather(x, places, axis=axis), within, keepdims=0)
    return x, op.Constant(value_ints=[0])


def windows(size: int, count: int) -> np.ndarray:
    """The places that each of `count` windows over `size` places covers, `(count, longest)` int64.

    Shorter windows name their last place again.
    """
    bounds = [(size * n // count, -(-size * (n + 1) // count)) for n in range(count)]
    longest = max(end - start for start, end in bounds)
    return np.array([[min(start + k, end - 1) for k in range(longest)] for start, end in bounds], dtype=np.int64)


def run_onnx(data: bytes, outputs: Sequence[str] = ("logits", "value")) -> Callable[[np.ndarray], Sequence[np.ndarray]]:
    """What onnxruntime computes with a file of this content: the outputs named."""
    options = onnxruntime.SessionOptions()
    # One thread, as everywhere in rlnas: a second one slows both down as soon as another process is busy.
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return lambda observation: session.run(list(outputs), {"observation": observation})
