"""The folder of an export to torch, in a process that has no rlnas, against the network that was exported."""

import json
from pathlib import Path

import pytest
import torch

from rlnas.export import export
from rlnas.export.agent import ExportedNetwork
from rlnas.export.torch_file import WRITERS
from rlnas.nets.blocks import BLOCKS
from rlnas.spaces import (
    Activation,
    Choice,
    Conv,
    Flatten,
    Linear,
    MaxPool,
    Norm,
    Readout,
    Repeat,
    Resize,
    Space,
    load_space,
)

from .helpers import NESTED, OWN, PENDULUM, make_trial, run_without, slim

ODDITIES = Space(
    "oddities",
    (3, 21, 18),
    [
        Conv(Choice("c", (5, 8)), kernel=4, stride=2, pad_mode="reflect", activation="gelu"),
        MaxPool(2, stride=1, padding="valid"),
        Resize(6, 12, channels=9, shrink="crop"),
        Repeat([Conv(9, kernel=Choice("k", (2, 3))), Norm("layer")], times=Choice("depth", (1, 2, 3))),
        Conv(5, kernel=1, stride=2, activation="tanh"),
        Resize(2, 9),
        Readout(16, "max", activation="elu"),
        Repeat([Linear(Choice("f", (8, 12)), activation="none", norm=Choice("norm", ("layer", "none")))], times=2),
        Activation("silu"),
    ],
)

POOLED = Space(
    "pooled",
    (2, 9, 8),
    # Of maps below zero, padding with zeros would win.
    [
        Conv(6, kernel=3, activation="tanh"),
        MaxPool(2, stride=2),
        Conv(6, kernel=3, activation="none"),
        MaxPool(3),
        Flatten(),
        Linear(9),
    ],
)

LARGE = "c1=16,k1=1,c2=48,k2=2,c3=24,k3=3,c4=32,k4=4,c5=16,k5=5,c6=48,k6=1,c7=32,k7=2,c8=24,k8=3,c9=16,k9=4"

CASES = {
    "paper-1, even and 1": (slim("paper-1"), "k2=4,k3=1"),
    "paper-1, 1 and odd": (slim("paper-1"), "k2=1,k3=5"),
    "paper-2": (slim("paper-2"), "k2=2,k3=5,k4=2,k5=5,k6=2"),
    "paper-large": (slim("paper-large"), LARGE),
    "nature-cnn": (load_space("nature-cnn"), "fixed"),
    "minatar-1": (load_space("minatar-1"), "k1=1,k2=4"),
    "minatar-2, flatten": (
        load_space("minatar-2"),
        "width=8,kernel=3,stride=1,act=relu,readout=flatten,norm=none",
    ),
    "minatar-2, mean": (load_space("minatar-2"), "width=24,kernel=5,stride=2,act=tanh,readout=mean,norm=layer"),
    "minatar-2, max": (load_space("minatar-2"), "width=8,kernel=5,stride=1,act=silu,readout=max,norm=layer"),
    "oddities, deep": (ODDITIES, "c=5,k=2,depth=3,f=8,norm=layer"),
    "pooled": (POOLED, "fixed"),
    "minatar, nested, skip": (NESTED, "c=6,k=3,blocks=2,op=skip,f=7"),
    "minatar, nested, pool": (NESTED, "c=3,k=1,blocks=1,op=pool,f=4"),
    "minatar, nested, narrow": (NESTED, "c=8,k=3,blocks=2,op=narrow,f=9"),
    "oddities, wide": (ODDITIES, "c=8,k=3,depth=1,f=12,norm=none"),
    "continuous": (Space("mine", (3,), [Linear(16, activation="tanh")]), "fixed"),
}

ANSWER = """
import importlib.util
import pathlib
import torch

torch.set_num_threads(1)
root = pathlib.Path(sys.argv[1])
inputs, outputs = torch.load(root / "inputs.pt"), {}
for name, kinds in inputs.items():
    spec = importlib.util.spec_from_file_location("network", root / name / "network.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    network = module.load()
    with torch.inference_mode():
        outputs[name] = {kind: network(observation) for kind, observation in kinds.items()}
assert not any(name.startswith(("rlnas.", "safetensors")) for name in sys.modules if sys.modules[name])
torch.save(outputs, root / "outputs.pt")
"""


def observations(shape: tuple[int, ...]) -> dict[str, torch.Tensor]:
    """Three observations of each type, of different brightness: to a deep network, even noise is all alike."""
    noise = torch.rand((3, *shape), generator=torch.Generator().manual_seed(0))
    level = torch.tensor([0.2, 0.5, 0.9]).reshape(3, *[1] * len(shape))
    return {
        "uint8": (noise * level * 256).to(torch.uint8),
        "bool": noise < level,
        "float32": (noise - 0.3) * 3 * level,
    }


def test_plain_networks_compute_the_same_without_rlnas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As in an export, no stride is folded away, which adds up in another order.
    monkeypatch.setattr(torch.compiler, "is_compiling", lambda: True)
    expected, inputs = {}, {}
    for name, (space, architecture) in CASES.items():
        env = "ALE/Breakout-v5" if "minatar" not in name else "MinAtar/Breakout-v1"
        if name == "continuous":
            network = make_trial(tmp_path / "runs" / name, space, architecture, "Pendulum-v1", PENDULUM, ppo=OWN)
        else:
            network = make_trial(tmp_path / "runs" / name, space, architecture, env)
        assert export(tmp_path / "runs" / name, "torch", tmp_path / name) == tmp_path / name
        inputs[name] = observations(space.input_shape)
        with torch.inference_mode():
            expected[name] = {kind: ExportedNetwork(network)(x) for kind, x in inputs[name].items()}
        parameters = torch.load(tmp_path / name / "state_dict.pt", weights_only=True).values()
        assert sum(p.numel() for p in parameters) == sum(p.numel() for p in [*network.parameters(), *network.buffers()])
    torch.save(inputs, tmp_path / "inputs.pt")
    run_without(("rlnas",), ANSWER, tmp_path)
    outputs = torch.load(tmp_path / "outputs.pt")
    for name, kinds in expected.items():
        for kind, tensors in kinds.items():
            for one, other in zip(tensors, outputs[name][kind], strict=True):
                spread = name == "continuous" and one.dim() == 2  # one mean or deviation for all, nearly
                assert spread or one.std() > 0.001, f"{name}, {kind}: outputs that are all alike would show nothing"
                torch.testing.assert_close(other, one, rtol=1e-6, atol=1e-6, msg=f"{name}, {kind}")


def test_every_layer_can_be_written() -> None:
    assert set(BLOCKS.values()) <= set(WRITERS)


def test_the_source_of_a_residual_reads_as_one(tmp_path: Path) -> None:
    make_trial(tmp_path / "run", NESTED, "c=6,k=3,blocks=1,op=skip,f=7", "MinAtar/Breakout-v1")
    source = (export(tmp_path / "run", "torch") / "network.py").read_text()
    assert "self.conv1 = nn.Conv2d(4, 6, kernel_size=3, stride=2, padding=1)\n" in source
    assert "        residual1 = x\n        x = F.relu(self.norm1(x))  # 8 x 5 x 5\n" in source
    assert "        x = residual1 + x  # 8 x 5 x 5\n" in source


def test_the_source_is_what_a_person_would_write(tmp_path: Path) -> None:
    make_trial(tmp_path / "run", slim("paper-1"), "k2=4,k3=1", "ALE/Breakout-v5")
    source = (export(tmp_path / "run", "torch") / "network.py").read_text()
    assert "self.conv2 = nn.Conv2d(32, 64, kernel_size=4, stride=2)\n" in source
    assert "x = F.pad(x, (2, 1, 2, 1))\n        x = F.relu(self.conv2(x))  # 64 x 10 x 10\n" in source
    assert "Architecture: k2=4,k3=1 of the space paper-1" in source
    assert "Mean return of its last 100 full games: 2.50" in source
    assert max(map(len, source.splitlines())) <= 120


def test_description_says_what_the_agent_observes_and_where_it_comes_from(tmp_path: Path) -> None:
    space = slim("paper-1")
    make_trial(tmp_path / "run", space, "k2=4,k3=1", "ALE/Pong-v5", 6, env_settings={"sticky_actions": 0.1}, seed=3)
    found = json.loads((export(tmp_path / "run", "torch") / "architecture.json").read_text())
    assert Space.from_dict(found["space"]).architecture(found["architecture"]).id == "k2=4,k3=1"
    assert found["env"] == "ALE/Pong-v5"
    assert found["actions"] == {"kind": "discrete", "count": 6}
    assert found["observation"]["shape"] == [4, 84, 84]
    assert found["observation"]["dtype"] == "uint8"
    assert found["observation"]["divided_by"] == 255
    wanted = {"sticky_actions": 0.1, "frame_skip": 4, "frame_stack": 4, "screen_size": 84, "noop_max": 30, "fire": True}
    assert wanted.items() <= found["env_settings"].items()
    assert found["training"]["seed"] == 3
    assert found["training"]["steps"] == 1024
    assert found["training"]["total_reward"] == 2.5


def test_a_training_without_a_finished_game_has_no_score(tmp_path: Path) -> None:
    make_trial(tmp_path / "run", load_space("minatar-1"), "k1=1,k2=4", "MinAtar/Breakout-v1")
    result = json.loads((tmp_path / "run/result.json").read_text())
    (tmp_path / "run/result.json").write_text(json.dumps({**result, "total_reward": None}))
    source = (export(tmp_path / "run", "torch") / "network.py").read_text()
    assert "Training: seed 0, 1024 steps" in source
    assert "no full game yet" in source


def test_a_training_under_way_is_exported_without_scores(tmp_path: Path) -> None:
    make_trial(tmp_path / "run", load_space("minatar-1"), "k1=1,k2=4", "MinAtar/Breakout-v1")
    (tmp_path / "run/result.json").unlink()
    folder = export(tmp_path / "run", "torch")
    found = json.loads((folder / "architecture.json").read_text())
    assert found["training"]["total_reward"] is None
    assert found["observation"]["dtype"] == "bool"
    assert found["env_settings"] == {"sticky_actions": 0.25}
    assert "no full game yet" in (folder / "network.py").read_text()


@pytest.mark.parametrize("name", ['"""\nraise SystemExit("executed")\n"""', "\\", "{shape}", "x" * 300])
def test_names_of_a_strangers_run_never_become_code(name: str, tmp_path: Path) -> None:
    space = Space(name, (3, 6, 6), [Flatten(), Linear(4)])
    make_trial(tmp_path / "run", space, "fixed", f"MinAtar/{name}")
    source = (export(tmp_path / "run", "torch") / "network.py").read_text()
    scope = {"__file__": str(tmp_path / "run/export/torch/network.py"), "__name__": "network"}
    exec(compile(source, "network.py", "exec"), scope)
    assert "\nraise" not in source
    assert scope["load"]()(torch.zeros(2, 3, 6, 6))[0].shape == (2, 4)
