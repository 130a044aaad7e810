"""Flushed denormals hold in every thread of a search."""

import subprocess
import sys

SCRIPT = """
import torch
from rlnas.ppo import flush_denormals
flush_denormals()
torch.set_num_threads(2)
torch.rand(512, 512) @ torch.rand(512, 512)
tiny = torch.full((4_000_000,), 2.0**-126)
assert tiny.mul_(0.5).count_nonzero() == 0
"""


def test_denormals_are_flushed_in_all_threads() -> None:
    subprocess.run([sys.executable, "-c", SCRIPT], check=True)
