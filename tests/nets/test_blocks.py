"""The blocks against naive versions, written with explicit loops and slices."""

import pytest
import torch
from torch.nn import functional as F

from rlnas.nets.blocks import (
    ActivationBlock,
    ConvBlock,
    FlattenBlock,
    LinearBlock,
    MaxPoolBlock,
    NormBlock,
    ReadoutBlock,
    ResizeBlock,
)
from rlnas.spaces import Activation, Choice, Conv, Flatten, Linear, MaxPool, Norm, Readout, Resize


def image(channels: int, height: int, width: int) -> torch.Tensor:
    return torch.randn(2, channels, height, width, generator=torch.Generator().manual_seed(0))


def windows(x: torch.Tensor, kernel: int, stride: int):
    """Every window of a padded map with the place of its output."""
    for row in range((x.shape[2] - kernel) // stride + 1):
        for column in range((x.shape[3] - kernel) // stride + 1):
            top, left = row * stride, column * stride
            yield row, column, x[:, :, top : top + kernel, left : left + kernel]


@pytest.mark.parametrize("mode", ["zeros", "reflect"])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("kernel", [1, 2, 3, 4, 5])
def test_same_convolution_pads_half_the_kernel_before_and_the_rest_after(kernel, stride, mode):
    layer, x = Conv(5, kernel=kernel, stride=stride, pad_mode=mode), image(3, 8, 9)
    block = ConvBlock(layer, (3, 8, 9), {})
    before, after = kernel // 2, kernel - 1 - kernel // 2
    padded = F.pad(x, (before, after, before, after), mode="constant" if mode == "zeros" else mode)
    expected = torch.zeros(2, *layer.output_shape((3, 8, 9), {}))
    for row, column, window in windows(padded, kernel, stride):
        sums = torch.einsum("bcij,ocij->bo", window, block.conv.weight) + block.conv.bias
        expected[:, :, row, column] = sums.clamp(min=0)
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("padding", ["same", "valid"])
def test_a_strided_convolution_of_kernel_1_has_the_right_gradients_and_no_stride_of_its_own(padding):
    # With one, oneDNN's backward pass corrupts the heap where channels are few (uxlfoundation/oneDNN issue 6035).
    block = ConvBlock(Conv(5, kernel=1, stride=3, padding=padding), (2, 8, 9), {})
    assert block.conv.stride == (1, 1)
    x = image(2, 8, 9).requires_grad_()
    picked = torch.stack([x[:, :, row, column] for row in (0, 3, 6) for column in (0, 3, 6)], -1)
    weight, bias = block.conv.weight.flatten(1), block.conv.bias
    expected = F.relu(torch.einsum("bcp,oc->bop", picked, weight) + bias[:, None])
    assert block(x).shape == (2, 5, 3, 3)
    wanted = torch.autograd.grad(expected.square().sum(), [x, block.conv.weight, bias])
    found = torch.autograd.grad(block(x).square().sum(), [x, block.conv.weight, bias])
    for a, b in zip(found, wanted, strict=True):
        torch.testing.assert_close(a, b)


def test_valid_convolution_does_not_pad():
    block, x = ConvBlock(Conv(5, kernel=4, stride=3, padding="valid"), (3, 8, 9), {}), image(3, 8, 9)
    expected = F.relu(F.conv2d(x, block.conv.weight, block.conv.bias, stride=3))
    torch.testing.assert_close(block(x), expected)


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 1), (2, 2), (3, 2), (4, 3)])
def test_max_pool_takes_the_largest_of_each_window(kernel, stride, padding):
    layer, x = MaxPool(kernel, stride=stride, padding=padding), image(3, 8, 9) - 2
    before, after = (kernel // 2, kernel - 1 - kernel // 2) if padding == "same" else (0, 0)
    padded = F.pad(x, (before, after, before, after), value=-float("inf"))
    expected = torch.zeros(2, *layer.output_shape((3, 8, 9), {}))
    for row, column, window in windows(padded, kernel, stride):
        expected[:, :, row, column] = window.amax((2, 3))
    torch.testing.assert_close(MaxPoolBlock(layer, (3, 8, 9), {})(x), expected, rtol=0, atol=0)


def fit(layer: Resize, x: torch.Tensor) -> torch.Tensor:
    return ResizeBlock(layer, tuple(x.shape[1:]), {})(x)


def test_fit_centres_a_small_map_in_zeros():
    x = image(3, 10, 5)
    y = fit(Resize(11, 9, channels=5), x)
    expected = torch.zeros(2, 5, 11, 9)
    expected[:, :3, 0:10, 2:7] = x
    assert torch.equal(y, expected)


def test_fit_pools_a_large_map_over_equal_parts():
    x = image(3, 20, 6)
    y = fit(Resize(11, 4), x)
    for row in range(11):
        for column in range(4):
            part = x[:, :, 20 * row // 11 : -(-20 * (row + 1) // 11), 6 * column // 4 : -(-6 * (column + 1) // 4)]
            assert torch.equal(y[:, :, row, column], part.amax((2, 3)))


def test_fit_crops_the_centre_of_a_large_map():
    x = image(3, 20, 7)
    y = fit(Resize(11, 5, shrink="crop"), x)
    assert torch.equal(y, x[:, :, 5:16, 1:6])


@pytest.mark.parametrize("shrink", ["pool", "crop"])
def test_fit_treats_each_side_by_itself(shrink):
    x = image(3, 6, 2)
    y = fit(Resize(3, 4, shrink=shrink), x)
    rows = x[:, :, 2:5] if shrink == "crop" else x.unflatten(2, (3, 2)).amax(3)
    assert torch.equal(y[:, :, :, 1:3], rows)
    assert (y[:, :, :, [0, 3]] == 0).all()


def test_fit_leaves_a_map_of_the_right_size_alone():
    x = image(3, 4, 5)
    assert torch.equal(fit(Resize(4, 5), x), x)


def test_flatten_runs_over_channels_then_rows_in_either_memory_layout():
    x = torch.arange(24.0).reshape(1, 2, 3, 4)
    block = FlattenBlock(Flatten(), (2, 3, 4), {})
    assert block(x)[0].tolist() == list(range(24))
    assert block(x.to(memory_format=torch.channels_last))[0].tolist() == list(range(24))


NAIVE = {
    "none": lambda x: x,
    "relu": lambda x: x * (x > 0),
    "tanh": lambda x: (x.exp() - (-x).exp()) / (x.exp() + (-x).exp()),
    "silu": lambda x: x / (1 + (-x).exp()),
    "gelu": lambda x: x * (1 + torch.erf(x / 2**0.5)) / 2,
    "elu": lambda x: torch.where(x > 0, x, x.exp() - 1),
}


@pytest.mark.parametrize("kind", NAIVE)
def test_activations(kind):
    x = image(2, 5, 5)
    before = x.clone()
    expected = NAIVE[kind](x)
    torch.testing.assert_close(ActivationBlock(Activation(kind), (2, 5, 5), {})(x), expected)
    assert torch.equal(x, before)  # the layer before may need it
    flat = x.flatten(1)
    linear = LinearBlock(Linear(3, activation=kind), (50,), {})
    torch.testing.assert_close(linear(flat), NAIVE[kind](linear.linear(flat)))
    conv = ConvBlock(Conv(3, kernel=3, activation=kind), (2, 5, 5), {})
    torch.testing.assert_close(conv(x), NAIVE[kind](conv.conv(x)))
    readout = ReadoutBlock(Readout(3, activation=kind), (2, 5, 5), {})
    torch.testing.assert_close(readout(x), NAIVE[kind](readout.linear(flat)))


def test_readouts_reduce_the_positions():
    x = image(3, 4, 5)
    kind = Choice("readout", ["flatten", "mean", "max"])
    reduced = {
        "flatten": x.reshape(2, 60),
        "mean": torch.stack([x[:, c].sum((1, 2)) / 20 for c in range(3)], 1),
        "max": torch.stack([x[:, c].reshape(2, 20).sort().values[:, -1] for c in range(3)], 1),
    }
    for name, vector in reduced.items():
        layer = Readout(7, kind, activation="none")
        block = ReadoutBlock(layer, (3, 4, 5), {"readout": name})
        torch.testing.assert_close(block(x), vector @ block.linear.weight.T + block.linear.bias)
        assert sum(p.numel() for p in block.parameters()) == layer.parameters((3, 4, 5), {"readout": name})
        assert layer.multiply_adds((3, 4, 5), {"readout": name}) == block.linear.weight.numel()


@pytest.mark.parametrize("shape", [(6,), (4, 3, 5)])
def test_layer_norm_normalises_all_but_the_batch(shape):
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(1)) * 3 + 1
    layer = Norm(Choice("norm", ["layer", "none"]))
    block = NormBlock(layer, shape, {"norm": "layer"})
    scale, shift = torch.linspace(0.5, 2, shape[0]), torch.linspace(-1, 1, shape[0])
    with torch.no_grad():
        block.norm.weight.copy_(scale)
        block.norm.bias.copy_(shift)
    places = tuple(range(1, x.dim()))
    centred = x - x.mean(places, keepdim=True)
    normal = centred / (centred.square().mean(places, keepdim=True) + 1e-5).sqrt()
    per_channel = (1, -1) + (1,) * (x.dim() - 2)
    torch.testing.assert_close(block(x), normal * scale.reshape(per_channel) + shift.reshape(per_channel))
    assert sum(p.numel() for p in block.parameters()) == layer.parameters(shape, {"norm": "layer"})
    nothing = NormBlock(layer, shape, {"norm": "none"})
    assert torch.equal(nothing(x), x)
    assert layer.parameters(shape, {"norm": "none"}) == len(list(nothing.parameters())) == 0


def test_linear_normalises_its_features():
    layer, x = Linear(Choice("f", [3, 8]), activation="tanh", norm="layer"), torch.randn(4, 5)
    block = LinearBlock(layer, (5,), {"f": 3})
    y = block.linear(x)
    normal = (y - y.mean(1, keepdim=True)) / (y.var(1, correction=0, keepdim=True) + 1e-5).sqrt()
    torch.testing.assert_close(block(x), torch.tanh(normal))
    assert sum(p.numel() for p in block.parameters()) == layer.parameters((5,), {"f": 3})
