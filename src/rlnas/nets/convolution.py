"""Convolutions in the form in which the CPU computes them fastest."""

import torch
from torch import Tensor
from torch.nn import functional as F


def foldable(kernel: int, stride: int) -> bool:
    """Whether `conv2d` folds a stride away."""
    return stride > 1 and kernel % stride == 0 and not torch.compiler.is_compiling()


def conv2d(x: Tensor, weight: Tensor, bias: Tensor | None, stride: int, padding: int) -> Tensor:
    """`F.conv2d` of maps `(batch, channels, height, width)`; bytes, where it is foldable, are scaled to [0, 1].

    A stride that divides the kernel is folded away: squares of `stride` x `stride` pixels become the channels of one,
    of maps and kernel alike, and the convolution over these has stride 1. It is the same function, and its gradients
    take half the time of the strided ones. An export keeps the stride.
    """
    kernel = weight.shape[2]
    if not foldable(kernel, stride):
        return F.conv2d(x, weight, bias, stride, padding)
    if padding:
        x = F.pad(x, [padding] * 4)
    # The last rows and columns may be of no use.
    height, width = (side - (side - kernel) % stride for side in x.shape[2:])
    x = _fold(x[:, :, :height, :width], stride)
    return F.conv2d(pixels(x) if x.dtype == torch.uint8 else x, _fold(weight, stride), bias)


def pixels(x: Tensor) -> Tensor:
    """Bytes scaled to [0, 1], in the type that is computed in here."""
    kind = x.device.type
    return x.to(torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else torch.float32).mul_(1 / 255)


def _fold(x: Tensor, size: int) -> Tensor:
    """Makes channels of squares of pixels: `(n, c, h, w)` to `(n, size * size * c, h / size, w / size)`."""
    n, c, h, w = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(n, h // size, size, w // size, size * c)
    if x.dtype == torch.uint8 and size * c % 16 == 0:
        rows = rows.contiguous().view(torch.complex128)  # moves 16 bytes at a time
    squares = rows.transpose(2, 3).contiguous()
    if rows.dtype != x.dtype:
        squares = squares.view(x.dtype)
    return squares.reshape(n, h // size, w // size, -1).permute(0, 3, 1, 2)
