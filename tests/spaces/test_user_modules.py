"""Layers of the user's own: what they cost, and that a stranger's space runs no code."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from rlnas import user_imports
from rlnas.errors import UserError
from rlnas.nets import Network, Supernet
from rlnas.spaces import Choice, Conv, Flatten, Module, Residual, Resize, ShapeError, Space, Switch, load_space

CODE = """
import pathlib
import torch
from torch import nn

pathlib.Path(__file__).with_suffix(".ran").touch()
calls = []

class Own(nn.Module):
    def __init__(self, shape, channels, scale):
        super().__init__()
        self.conv = nn.Conv2d(shape[0], channels, 3, padding=1)
        self.mix = nn.Parameter(torch.rand(channels))
        self.fixed = nn.Parameter(torch.zeros(7), requires_grad=False)
        self.scale = scale

    def forward(self, x):
        return self.conv(x) * self.mix[:, None, None] * self.scale

def own(shape, channels=4, scale=0.5):
    calls.append((shape, channels, scale))
    return Own(shape, channels, scale)

def broken(shape, **options):
    raise RuntimeError("no luck")

def number(shape):
    return 3

class Flat(nn.Module):
    def forward(self, x):
        return x.sum()

def flat(shape):
    return Flat()

def batch_norm(shape, p=0.5):
    return nn.BatchNorm2d(shape[0]) if p else nn.GroupNorm(1, shape[0])

def dropout(shape, p=0.5):
    return nn.Sequential(nn.Dropout(p), nn.GroupNorm(1, shape[0]))

class Attention(nn.Module):
    def __init__(self, shape, p):
        super().__init__()
        self.inner = nn.MultiheadAttention(shape[0], 1, dropout=p, batch_first=True)

    def forward(self, x):
        tokens = x.flatten(2).transpose(1, 2)
        return self.inner(tokens, tokens, tokens)[0].transpose(1, 2).reshape(x.shape)

def attention(shape, p=0.5):
    return Attention(shape, p)

word = "no function"
"""


@pytest.fixture
def name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest):
    """The name of a module that lies on the path and was not imported."""
    name = re.sub(r"\W", "_", request.node.name)
    (tmp_path / f"{name}.py").write_text(CODE)
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)
    user_imports._trusted.discard(name)


def space_with(layer: Module) -> Space:
    return Space("own", (2, 5, 6), [layer, Flatten()])


def test_shapes_and_costs_are_those_of_the_module(name: str):
    layer = Module(f"{name}:own", {"scale": 2, "channels": Choice("c", [3, 4])})
    assert [choice.name for choice in layer.choices] == ["c"]
    state = torch.random.get_rng_state()
    assert layer.output_shape((2, 5, 6), {"c": 3}) == (3, 5, 6)
    assert layer.parameters((2, 5, 6), {"c": 3}) == 3 * (2 * 9 + 1) + 3  # without what is not trained
    assert layer.multiply_adds((2, 5, 6), {"c": 3}) == 5 * 6 * 3 * 2 * 9
    assert sys.modules[name].calls == [((2, 5, 6), 3, 2)]  # measured once
    assert torch.equal(torch.random.get_rng_state(), state)


def test_arguments_that_are_equal_but_not_the_same_are_told_apart(name: str):
    for scale in (1, 1.0, True):
        Module(f"{name}:own", {"scale": scale}).output_shape((2, 5, 6), {})
    assert [str(scale) for _, _, scale in sys.modules[name].calls] == ["1", "1.0", "True"]


def test_alternatives_of_different_shapes_follow_the_rules_of_shapes(name: str):
    channels = Choice("c", [3, 4])
    assert space_with(Module(f"{name}:own", {"channels": channels})).size == 2  # the heads use the first inputs
    narrow = Conv(channels, kernel=3)
    with pytest.raises(ShapeError, match=r"shapes reach layer 2 \(module\) .* resize layer with channels here"):
        Space("s", (2, 5, 6), [narrow, Module(f"{name}:own"), Flatten()])
    assert Space("s", (2, 5, 6), [narrow, Resize(channels=4), Module(f"{name}:own"), Flatten()]).size == 2


def test_weights_start_as_the_factory_likes_and_depend_on_the_seed_alone(name: str):
    layer = Module(f"{name}:own", {"scale": Choice("s", [1, 2])})
    space = space_with(layer)
    whole = Supernet(space, 2, seed=5).state_dict()
    torch.rand(3)
    (first, second), (again, _) = ([Network(space, path, 2, seed=5).state_dict() for path in space] for _ in range(2))
    assert first["encoder.blocks.0.module.mix"].min() > 0
    assert all(torch.equal(again[key], tensor) for key, tensor in first.items())
    assert first.keys() == second.keys()
    block = "encoder.blocks.0.options.s={}.module.mix".format
    assert 0 < whole[block(1)].min() < whole[block(1)].max() < 1
    assert not torch.equal(whole[block(1)], whole[block(2)])
    assert not torch.equal(whole[block(1)], Supernet(space, 2, seed=6).state_dict()[block(1)])


@pytest.mark.parametrize("factory", ["batch_norm", "dropout", "attention"])
def test_what_computes_something_else_in_training_is_refused(name: str, factory: str):
    with pytest.raises(UserError, match=r"something else in training than in evaluation: .* LayerNorm or GroupNorm"):
        space_with(Module(f"{name}:{factory}"))
    assert space_with(Module(f"{name}:{factory}", {"p": 0.0})).size == 1


def test_a_space_of_a_stranger_runs_no_code(name: str, tmp_path: Path):
    plain = {"type": "module", "factory": f"{name}:own", "arguments": {"channels": 3}}
    for layer in (plain, {"type": "residual", "layers": [plain]}):
        data = {"name": "s", "input": [2, 5, 6], "layers": [layer, {"type": "flatten"}]}
        with pytest.raises(UserError, match=f"if you trust it, allow it with --import {name} "):
            Space.from_dict(data)
    (tmp_path / "s.toml").write_text(
        f'name = "s"\ninput = [2, 5, 6]\n\n[[layers]]\ntype = "module"\nfactory = "{name}:own"\n'
        'arguments = {channels = {choice = "c", options = [3]}, scale = 0.25}\n\n[[layers]]\ntype = "flatten"\n'
    )
    with pytest.raises(UserError, match=f"line 4: layer 1: .*--import {name} "):
        load_space(tmp_path / "s.toml")
    assert not (tmp_path / f"{name}.ran").exists()
    assert name not in sys.modules
    user_imports.import_trusted(name)
    space = load_space(tmp_path / "s.toml")
    assert space.layers == (Module(f"{name}:own", {"scale": 0.25, "channels": Choice("c", [3])}), Flatten())
    assert Space.from_dict(space.to_dict()) == space
    assert space.modules == (name,)


@pytest.mark.parametrize("module", ["os", "subprocess", "torch.utils.cpp_extension", "rlnas.user_imports"])
def test_that_a_module_is_loaded_does_not_mean_that_a_stranger_may_call_it(module: str):
    with pytest.raises(UserError, match=f"allow it with --import {module} "):
        Space.from_dict({"name": "s", "input": [2], "layers": [{"type": "module", "factory": f"{module}:system"}]})


def test_modules_inside_containers_are_found(name: str):
    inner = Residual([Switch("op", {"own": Module(f"{name}:own", {"channels": 2}), "skip": []})])
    assert Space("s", (2, 5, 6), [inner, Flatten()]).modules == (name,)
    assert Space("s", (2, 5, 6), [Conv(2, kernel=1), Flatten()]).modules == ()


def test_what_is_wrong_with_a_module_is_said(name: str):
    for factory, fault in [
        ("broken", r"cannot be built for shape \(2, 5, 6\): RuntimeError: no luck"),
        ("number", "returns int, which is no nn.Module"),
        ("flat", r"must return a float32 tensor \(batch, ...\)"),
        ("word", f"the module '{name}' has no function 'word'"),
        ("none", f"the module '{name}' has no function 'none'"),
    ]:
        with pytest.raises(UserError, match=fault):
            space_with(Module(f"{name}:{factory}"))
    layers = [
        Switch("op", {"skip": [], "flat": Flatten()}),
        Switch("op", {"skip": Flatten(), "flat": Module(f"{name}:own")}),
    ]
    fault = r"op=flat is impossible: layer 2: module '\w+:own' cannot compute shape \(60,\): RuntimeError"
    with pytest.raises(ShapeError, match=fault):
        Space("s", (2, 5, 6), layers)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: Module("nothing"), "must read \"package.module:function\", not 'nothing'"),
        (lambda: Module("a b:c"), "must read"),
        (lambda: Module("__main__:own"), "put it into a module of its own"),
        (lambda: Module("no_such_module:own"), "'no_such_module' cannot be imported: ModuleNotFoundError"),
        (lambda: Module("os:getcwd", {"x": [1]}), r"argument 'x' must be a number.*not \[1\]"),
    ],
)
def test_a_parameter_that_is_not_allowed_is_named(make, fault: str):
    with pytest.raises(UserError, match=fault):
        make()
    with pytest.raises(UserError, match="module: arguments must be a table, not 3"):
        Space.from_dict({"name": "s", "input": [2], "layers": [{"type": "module", "factory": "a:b", "arguments": 3}]})


def test_spaces_without_such_layers_need_no_torch():
    script = (
        "import sys; from rlnas.spaces import load_space; load_space('impala-modern'); sys.exit('torch' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
