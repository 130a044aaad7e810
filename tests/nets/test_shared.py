"""Widths that share one weight, against the plain layer with the first rows and columns of the whole weight."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from rlnas.nets import Encoder, Supernet
from rlnas.spaces import Choice, Conv, Flatten, Linear, Norm, Repeat, Residual, Space, Switch

WIDTH = Choice("w", [6, 2, 3])  # in any order


def image() -> torch.Tensor:
    return torch.randn(2, 3, 5, 5, generator=torch.Generator().manual_seed(0))


def whole(module: nn.Module, name: str) -> torch.Tensor:
    return torch.cat([getattr(part, name) for part in module.slices])


@pytest.mark.parametrize("width", WIDTH.options)
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (2, 2), (1, 2)])
def test_a_narrow_convolution_uses_the_first_channels_of_the_weight(kernel, stride, width):
    layer = Conv(WIDTH, kernel=kernel, stride=stride, activation="tanh", share="slice")
    sliced = Encoder(Space("s", (3, 5, 5), [layer, Flatten()])).blocks[0]
    sliced.activate({"w": width})
    weight, bias = whole(sliced.conv, "weight"), whole(sliced.conv, "bias")
    assert weight.shape == (6, 3, kernel, kernel)
    padded = F.pad(image(), (kernel // 2, (kernel - 1) // 2) * 2)
    expected = torch.tanh(F.conv2d(padded, weight[:width], bias[:width], stride))
    torch.testing.assert_close(sliced(image()), expected)


@pytest.mark.parametrize("width", WIDTH.options)
def test_a_narrow_linear_layer_uses_the_first_features_of_weight_and_norm(width):
    space = Space("s", (75,), [Linear(WIDTH, activation="tanh", norm=Choice("n", ["none", "layer"]), share="slice")])
    block, x = Encoder(space).blocks[0], image().flatten(1)
    for kind in ("none", "layer"):
        block.activate({"w": width, "n": kind})
        own = block.options[f"n={kind}"]  # kinds of norm share nothing, widths share all
        with torch.no_grad():
            for number, parameter in enumerate(own.parameters()):
                parameter.add_(torch.linspace(0, 1, parameter.numel()).reshape(parameter.shape) * (number + 1) / 9)
        expected = x @ whole(own.linear, "weight")[:width].T + whole(own.linear, "bias")[:width]
        if kind == "layer":
            scale, shift = whole(own.norm, "weight")[:width], whole(own.norm, "bias")[:width]
            centred = expected - expected.mean(1, keepdim=True)
            expected = centred / (expected.var(1, correction=0, keepdim=True) + 1e-5).sqrt() * scale + shift
        torch.testing.assert_close(block(x), torch.tanh(expected))


def test_only_the_slices_of_the_active_width_learn():
    space = Space("s", (3, 5, 5), [Conv(WIDTH, kernel=3, share="slice"), Flatten(), Linear(4)])
    supernet = Supernet(space, 2)
    for width, count in ((2, 1), (3, 2), (6, 3)):
        supernet.activate(space.architecture({"w": width}))
        supernet.zero_grad()
        supernet(image())[0].sum().backward()
        learns = [part.weight.grad is not None for part in supernet.encoder.blocks[0].conv.slices]
        assert learns == [number < count for number in range(3)]


def test_names_and_sizes_of_slices_are_stable():
    # Checkpoints on disk carry these names.
    layers = [
        Conv(WIDTH, kernel=Choice("k", [1, 3]), share="slice"),
        Flatten(),
        Linear(Choice("v", [2, 3]), norm="layer", share="slice"),
    ]
    state = Encoder(Space("s", (3, 5, 5), layers)).state_dict()
    conv = {"slices.0": (2, 3, 3, 3), "slices.1": (1, 3, 3, 3), "slices.2": (3, 3, 3, 3)}
    linear, norm = {"slices.0": (2, 150), "slices.1": (1, 150)}, {"slices.0": (2,), "slices.1": (1,)}
    assert {name: tuple(tensor.shape) for name, tensor in state.items() if "weight" in name and "k=1" not in name} == {
        **{f"blocks.0.options.k=3.conv.{name}.weight": shape for name, shape in conv.items()},
        **{f"blocks.2.linear.{name}.weight": shape for name, shape in linear.items()},
        **{f"blocks.2.norm.{name}.weight": shape for name, shape in norm.items()},
    }


@pytest.mark.parametrize("share", ["none", "slice"])
def test_layers_behind_a_narrow_one_use_the_first_inputs(share):
    layers = [
        Conv(WIDTH, kernel=3, share=share),
        Norm(),
        Conv(4, kernel=3),
        Flatten(),
        Linear(WIDTH, share=share),
        Norm(),
    ]
    space = Space("s", (3, 5, 5), layers)
    supernet = Supernet(space, 2)
    first, norm, second, _, linear, last = supernet.encoder.blocks
    for path in space:
        width = path["w"]
        supernet.activate(path)
        with torch.no_grad():
            maps = F.group_norm(first(image()), 1, whole(norm.norm, "weight")[:width], whole(norm.norm, "bias")[:width])
            weight = whole(second.conv, "weight")[:, :width]
            vector = linear(F.relu(F.conv2d(maps, weight, whole(second.conv, "bias"), padding=1)).flatten(1))
            assert vector.shape == (2, width)
            features = F.layer_norm(vector, (width,), whole(last.norm, "weight")[:width])
            logits = features @ whole(supernet.policy, "weight")[:, :width].T
            torch.testing.assert_close(supernet(image())[0], logits)


def test_each_slice_starts_orthogonal():
    space = Space("s", (8,), [Linear(WIDTH, share="slice")])
    for part in Supernet(space, 2).encoder.blocks[0].linear.slices:
        torch.testing.assert_close(part.weight @ part.weight.T, 2 * torch.eye(len(part.weight)), rtol=0, atol=1e-5)


def test_names_of_tensors_in_containers_are_stable():
    block = Residual([Norm(), Switch("op", {"lin": Linear(4), "skip": []})])
    space = Space("s", (4,), [Repeat([block], times=2)])
    inner = "blocks.0.copies.1.blocks.0.inner.blocks"
    assert [name for name in Encoder(space).state_dict() if "copies.1" in name] == [
        f"{inner}.0.norm.slices.0.weight",
        f"{inner}.0.norm.slices.0.bias",
        f"{inner}.1.options.lin.blocks.0.linear.slices.0.weight",
        f"{inner}.1.options.lin.blocks.0.linear.slices.0.bias",
    ]
    assert [name for name in Encoder(space, space.architecture("op=lin")).state_dict() if "blocks.1." in name[:9]] == [
        "blocks.1.inner.blocks.0.norm.weight",
        "blocks.1.inner.blocks.0.norm.bias",
        "blocks.1.inner.blocks.1.linear.weight",
        "blocks.1.inner.blocks.1.linear.bias",
    ]


def test_a_residual_adds_and_a_skip_does_nothing():
    space = Space("s", (4,), [Residual([Linear(4), Switch("op", {"tanh": Linear(4, "tanh"), "skip": []})])])
    supernet, x = Supernet(space, 2).encoder, torch.randn(3, 4)
    first, switch = supernet.blocks[0].inner.blocks
    supernet.activate(space.architecture("op=skip"))
    torch.testing.assert_close(supernet(x), x + first(x))
    supernet.activate(space.architecture("op=tanh"))
    torch.testing.assert_close(supernet(x), x + torch.tanh(switch.options["tanh"].blocks[0].linear(first(x))))
