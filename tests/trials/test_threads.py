"""How a process computes: flushed denormals in every thread of a search, and no TF32."""

import subprocess
import sys

SCRIPT = """
import torch
from rlnas.algorithms.torch_modes import set_torch_modes
set_torch_modes()
torch.set_num_threads(2)
torch.rand(512, 512) @ torch.rand(512, 512)
tiny = torch.full((4_000_000,), 2.0**-126)
assert tiny.mul_(0.5).count_nonzero() == 0
"""


def test_denormals_are_flushed_in_all_threads() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)


def test_single_precision_is_whole_on_cuda() -> None:
    script = """
import torch
from rlnas.algorithms.torch_modes import torch_threads
assert torch.backends.cudnn.allow_tf32  # torch's default
with torch_threads(1):
    assert not torch.backends.cudnn.allow_tf32
    assert not torch.backends.cuda.matmul.allow_tf32
"""
    subprocess.run([sys.executable, "-c", script], check=True)
