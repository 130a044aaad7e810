"""The blocks against naive versions, written with explicit loops and slices."""

import pytest
import torch
from torch.nn import functional as F

from rlnas.nets.modules import ConvBlock, FitBlock, FlattenBlock, LinearBlock, MaxPoolBlock
from rlnas.spaces import Choice, Conv, Fit, Flatten, Linear, MaxPool


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


def test_a_narrow_convolution_is_widened_with_zero_channels():
    layer, x = Conv(Choice("c", [2, 3, 6]), kernel=3), image(4, 5, 5)
    block = ConvBlock(layer, (4, 5, 5), {"c": 2})
    y = block(x)
    assert y.shape == (2, 6, 5, 5)
    assert (y[:, :2] > 0).any()
    assert (y[:, 2:] == 0).all()
    torch.testing.assert_close(y[:, :2], F.relu(F.conv2d(x, block.conv.weight, block.conv.bias, padding=1)))


def test_a_narrow_linear_layer_is_widened_with_zero_features():
    block, x = LinearBlock(Linear(Choice("f", [3, 7])), (4,), {"f": 3}), image(4, 1, 1).flatten(1)
    y = block(x)
    assert y.shape == (2, 7)
    assert (y[:, 3:] == 0).all()
    torch.testing.assert_close(y[:, :3], F.relu(x @ block.linear.weight.T + block.linear.bias))


@pytest.mark.parametrize("padding", ["same", "valid"])
@pytest.mark.parametrize(("kernel", "stride"), [(2, 1), (2, 2), (3, 2), (4, 3)])
def test_max_pool_takes_the_largest_of_each_window(kernel, stride, padding):
    layer, x = MaxPool(kernel, stride=stride, padding=padding), image(3, 8, 9).relu()
    before, after = (kernel // 2, kernel - 1 - kernel // 2) if padding == "same" else (0, 0)
    padded = F.pad(x, (before, after, before, after))
    expected = torch.zeros(2, *layer.output_shape((3, 8, 9), {}))
    for row, column, window in windows(padded, kernel, stride):
        expected[:, :, row, column] = window.amax((2, 3))
    torch.testing.assert_close(MaxPoolBlock(layer, (3, 8, 9), {})(x), expected, rtol=0, atol=0)


def fit(layer: Fit, x: torch.Tensor) -> torch.Tensor:
    return FitBlock(layer, tuple(x.shape[1:]), {})(x)


def test_fit_centres_a_small_map_in_zeros():
    x = image(3, 10, 5)
    y = fit(Fit(11, 9, channels=5), x)
    expected = torch.zeros(2, 5, 11, 9)
    expected[:, :3, 0:10, 2:7] = x
    assert torch.equal(y, expected)


def test_fit_pools_a_large_map_over_equal_parts():
    x = image(3, 20, 6)
    y = fit(Fit(11, 4), x)
    for row in range(11):
        for column in range(4):
            part = x[:, :, 20 * row // 11 : -(-20 * (row + 1) // 11), 6 * column // 4 : -(-6 * (column + 1) // 4)]
            assert torch.equal(y[:, :, row, column], part.amax((2, 3)))


def test_fit_crops_the_centre_of_a_large_map():
    x = image(3, 20, 7)
    y = fit(Fit(11, 5, shrink="crop"), x)
    assert torch.equal(y, x[:, :, 5:16, 1:6])


@pytest.mark.parametrize("shrink", ["pool", "crop"])
def test_fit_treats_each_side_by_itself(shrink):
    x = image(3, 6, 2)
    y = fit(Fit(3, 4, shrink=shrink), x)
    rows = x[:, :, 2:5] if shrink == "crop" else x.unflatten(2, (3, 2)).amax(3)
    assert torch.equal(y[:, :, :, 1:3], rows)
    assert (y[:, :, :, [0, 3]] == 0).all()


def test_fit_leaves_a_map_of_the_right_size_alone():
    x = image(3, 4, 5)
    assert torch.equal(fit(Fit(4, 5), x), x)


def test_flatten_runs_over_channels_then_rows_in_either_memory_layout():
    x = torch.arange(24.0).reshape(1, 2, 3, 4)
    block = FlattenBlock(Flatten(), (2, 3, 4), {})
    assert block(x)[0].tolist() == list(range(24))
    assert block(x.to(memory_format=torch.channels_last))[0].tolist() == list(range(24))
