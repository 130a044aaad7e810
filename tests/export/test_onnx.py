"""ONNX files, in a process that has neither rlnas nor torch, against the networks that were exported."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from torch.nn import functional as F

from rlnas.errors import UserError
from rlnas.export import export
from rlnas.export.agent import ExportedNetwork, ParityError, check_parity, load_agent
from rlnas.export.onnx_file import run_onnx, windows
from rlnas.nets import Network
from rlnas.spaces import Activation, Choice, Linear, Norm, Space

from .helpers import NESTED, OWN, PENDULUM, make_trial, run_without, slim, stir

VECTORS = Space("vectors", (4,), [Linear(Choice("f", (6, 9)), activation="none"), Norm("layer"), Activation("tanh")])

CASES = {
    # Bytes, even kernels, adaptive pooling whose windows differ in length.
    "paper-2": (slim("paper-2"), "k2=2,k3=5,k4=2,k5=5,k6=2", "ALE/Breakout-v5", np.uint8, 3),
    # Bools, padded channels, norms.
    "nested": (NESTED, "c=3,k=3,blocks=2,op=pool,f=7", "MinAtar/Breakout-v1", np.bool_, 3),
    "vectors": (VECTORS, "f=6", "CartPole-v1", np.float32, 2),
    # Moments, a second encoder, means and deviations.
    "continuous": (Space("mine", (3,), [Linear(16, activation="tanh")]), "fixed", "Pendulum-v1", np.float32, PENDULUM),
}

ANSWER = """
import pathlib
import numpy
import onnxruntime

root = pathlib.Path(sys.argv[1])
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
for inputs in root.glob("*.inputs.npz"):
    name = inputs.name.partition(".")[0]
    session = onnxruntime.InferenceSession(root / f"{name}.onnx", options)
    found = {}
    for count, observation in numpy.load(inputs).items():
        names = [output.name for output in session.get_outputs()]
        outputs = session.run(names, {"observation": observation})
        found |= {f"{count} {name}": output for name, output in zip(names, outputs, strict=True)}
    numpy.savez(root / f"{name}.outputs.npz", **found)
assert not any(name.startswith(("rlnas.", "torch.")) for name in sys.modules)
"""


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Network]]:
    root, networks = tmp_path_factory.mktemp("onnx"), {}
    for name, (space, architecture, env, _, actions) in CASES.items():
        ppo = OWN if name == "continuous" else {}
        networks[name] = make_trial(root / "runs" / name, space, architecture, env, actions, ppo=ppo)
        assert export(root / "runs" / name, "onnx", root / f"{name}.onnx") == root / f"{name}.onnx"
    return root, networks


def test_onnxruntime_computes_the_same_without_rlnas_and_torch(exported: tuple[Path, dict[str, Network]]) -> None:
    root, networks = exported
    rng = np.random.default_rng(0)
    for name, (space, _, _, dtype, _) in CASES.items():
        noise = {f"{n}": rng.random((n, *space.input_shape)) for n in (1, 2, 7)}
        batches = {n: x if dtype == np.float32 else x * 256 if dtype == np.uint8 else x < 0.3 for n, x in noise.items()}
        np.savez(root / f"{name}.inputs.npz", **{n: x.astype(dtype) for n, x in batches.items()})
    run_without(("rlnas", "torch"), ANSWER, root)
    for name, network in networks.items():
        inputs, outputs = np.load(root / f"{name}.inputs.npz"), np.load(root / f"{name}.outputs.npz")
        for count in inputs:
            with torch.inference_mode():
                *chosen, value = ExportedNetwork(network)(torch.from_numpy(inputs[count]))
            names = ("logits",) if len(chosen) == 1 else ("mean", "log_std")
            for kind, expected in zip(names, chosen, strict=True):
                np.testing.assert_allclose(outputs[f"{count} {kind}"], expected.numpy(), rtol=1e-4, atol=1e-5)
            np.testing.assert_allclose(outputs[f"{count} value"], value.numpy(), rtol=1e-4, atol=1e-5)
            assert outputs[f"{count} value"].shape == (int(count),)


def test_file_says_what_goes_in_and_out_and_where_it_comes_from(exported: tuple[Path, dict[str, Network]]) -> None:
    model = onnx.load(exported[0] / "nested.onnx")
    onnx.checker.check_model(model, full_check=True)
    (observation,) = model.graph.input
    assert observation.name == "observation"
    assert observation.type.tensor_type.elem_type == onnx.TensorProto.BOOL
    assert [d.dim_param or d.dim_value for d in observation.type.tensor_type.shape.dim] == ["batch", 4, 10, 10]
    assert [output.name for output in model.graph.output] == ["logits", "value"]
    about = {entry.key: entry.value for entry in model.metadata_props}
    assert about["architecture"] == CASES["nested"][1]
    assert about["env"] == "MinAtar/Breakout-v1"
    assert about["rlnas_version"]
    assert json.loads(about["rlnas"])["space"] == NESTED.to_dict()


def test_a_file_of_another_network_does_not_pass(exported: tuple[Path, dict[str, Network]]) -> None:
    root, _ = exported
    agent, compute = load_agent(root / "runs/vectors"), run_onnx((root / "vectors.onnx").read_bytes())
    check_parity(agent, compute)
    other = stir(Network(VECTORS, VECTORS.architecture("f=6"), 2))
    with torch.no_grad():
        other.value.bias += 0.01
    with pytest.raises(ParityError, match="in value"):
        check_parity(dataclasses.replace(agent, network=other), compute)
    wider = stir(Network(VECTORS, VECTORS.architecture("f=6"), 4))
    with pytest.raises(ParityError, match=r"logits of shape \(1, 2\), not \(1, 4\)"):
        check_parity(dataclasses.replace(agent, network=wider), compute)
    with torch.no_grad():
        other.policy.bias += float("nan")
    with pytest.raises(ParityError, match="by nan in logits"):
        check_parity(dataclasses.replace(agent, network=other), compute)


def test_a_layer_that_onnx_lacks_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise torch.onnx.OnnxExporterError("Next steps: ...") from ValueError("no ONNX function for aten.odd\nmore")

    make_trial(tmp_path / "run", VECTORS, "f=6", "CartPole-v1", actions=2)
    monkeypatch.setattr(torch.onnx, "export", fail)
    with pytest.raises(UserError, match=r"cannot convert this network to ONNX: no ONNX function for aten\.odd$"):
        export(tmp_path / "run", "onnx")


@pytest.mark.parametrize(("size", "count"), [(20, 11), (21, 11), (7, 7), (9, 2), (24, 5), (5, 1)])
def test_windows_are_those_of_adaptive_pooling(size: int, count: int) -> None:
    x = torch.randn(3, 2, size, generator=torch.Generator().manual_seed(0))
    pooled = x[:, :, torch.from_numpy(windows(size, count))].amax(-1)
    assert torch.equal(pooled, F.adaptive_max_pool1d(x, count))
