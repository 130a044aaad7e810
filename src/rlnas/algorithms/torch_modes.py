"""How this process computes: threads, memory, and what torch does with small numbers."""

import contextlib
import ctypes
from collections.abc import Iterator

import torch

Device = torch.device | str


def set_torch_modes() -> None:
    """Sets how this process computes: denormal numbers are 0, and CUDA's fp32 is whole, its convolutions deterministic.

    Freed memory stays with the process.

    Adam's moments of idle weights decay into denormals, which are slow many times over. Torch would round what goes
    into CUDA's convolutions to TF32, ten bits of mantissa, and differently in rollout and update where their batch
    sizes pick different kernels. Of its convolutions some add up in whatever order threads arrive; these are left out.
    Max-pooling to a size that does not divide the map, and padding by reflection, have no deterministic gradient there.

    The mode of denormals belongs to a thread and is inherited by those that it starts, so this has to come before
    torch's first parallel operation.
    """
    torch.set_flush_denormal(True)
    _keep_freed_memory()
    torch.backends.cudnn.allow_tf32 = False
    torch.backends.cudnn.deterministic = True
    torch.backends.cudnn.benchmark = False
    torch.backends.cuda.matmul.allow_tf32 = False


@contextlib.contextmanager
def torch_threads(count: int) -> Iterator[None]:
    """Runs the body with so many torch threads and `set_torch_modes`; the caller's number of threads comes back."""
    set_torch_modes()
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _keep_freed_memory() -> None:
    """Lets the process keep the memory that it frees, where the C library is glibc.

    Every minibatch takes and frees the same maps of some megabytes. To give them back to the system, and to be given
    empty pages again, takes up to a fifth of the time of a training.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(-3, 32 << 20)  # M_MMAP_THRESHOLD, at its largest value
        mallopt(-1, 2**31 - 1)  # M_TRIM_THRESHOLD
