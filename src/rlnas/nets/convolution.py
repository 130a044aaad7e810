"""Convolutions in the form in which the CPU computes them fastest."""

import torch
from torch import Tensor
from torch.nn import functional as F


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """`F.conv2d` of maps `(batch, channels, height, width)`.

    A stride that divides the kernel is folded away: squares of `stride` x `stride` pixels become the channels of one,
    of maps and kernel alike, and the convolution over these has stride 1. It is the same function, and its gradients
    take half the time of the strided ones. An export keeps the stride.
    """
    kernel = weight.shape[2]
    if stride == 1 or kernel % stride or torch.compiler.is_compiling():
        return F.conv2d(x, weight, bias, stride, padding)
    if padding:
        x = F.pad(x, [padding] * 4)
    # The last rows and columns may be of no use.
    height, width = (side - (side - kernel) % stride for side in x.shape[2:])
    return F.conv2d(_fold(x[:, :, :height, :width], stride), _fold(weight, stride), bias)


def _fold(x: Tensor, size: int) -> Tensor:
    """Makes channels of squares of pixels: `(n, c, h, w)` to `(n, size * size * c, h / size, w / size)`."""
    n, c, h, w = x.shape
    squares = x.permute(0, 2, 3, 1).reshape(n, h // size, size, w // size, size, c).transpose(2, 3)
    return squares.reshape(n, h // size, w // size, -1).permute(0, 3, 1, 2)
