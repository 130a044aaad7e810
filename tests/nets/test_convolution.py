import pytest
import torch
from torch.nn import functional as F

from rlnas.nets.convolution import conv2d


def both(kernel: int, stride: int, padding: int, size: tuple[int, int], layout: torch.memory_format):
    """Output and gradients of ours and of torch's, float64."""
    generator = torch.Generator().manual_seed(0)
    shapes = ((3, 5, *size), (4, 5, kernel, kernel), (4,))
    given = [torch.randn(shape, generator=generator, dtype=torch.float64) for shape in shapes]
    for convolve in (conv2d, F.conv2d):
        x, weight, bias = ((t.to(memory_format=layout) if t.dim() == 4 else t).clone().requires_grad_() for t in given)
        y = convolve(x, weight, bias, stride, padding)
        yield y, *torch.autograd.grad((y * y.detach().cos()).sum(), [x, weight, bias])


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last], ids=["plain", "channels-last"])
@pytest.mark.parametrize(
    ("kernel", "stride", "padding"), [(4, 2, 0), (4, 2, 2), (2, 2, 1), (6, 3, 0), (3, 2, 1), (3, 1, 1), (1, 2, 0)]
)
def test_a_folded_stride_is_the_same_function(kernel, stride, padding, layout):
    for size in ((12, 12), (11, 14), (9, 8)):
        for ours, theirs in zip(*both(kernel, stride, padding, size, layout), strict=True):
            torch.testing.assert_close(ours, theirs)


def test_no_strided_convolution_is_left_where_the_stride_divides_the_kernel(monkeypatch):
    strides = []
    plain = F.conv2d

    def spy(x, weight, bias=None, stride=1, padding=0):
        strides.append(stride)
        return plain(x, weight, bias, stride, padding)

    monkeypatch.setattr(F, "conv2d", spy)
    for kernel in (8, 3):
        conv2d(torch.zeros(1, 2, 20, 20), torch.zeros(3, 2, kernel, kernel), None, 4, 0)
    assert strides == [1, 4]
