"""What a network ends in, and what its observations go through first."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn


@dataclass(frozen=True)
class Heads:
    """The heads of a network.

    Attributes:
        outputs: numbers that the policy head gives: logits, or the means of continuous actions.
        log_std: the logarithm of the standard deviation of continuous actions at the start; it is learned, and the same
            for every observation. `None` for discrete actions.
        own_value_encoder: whether the value head has an encoder of its own, of the same architecture.
    """

    outputs: int
    log_std: float | None = None
    own_value_encoder: bool = False


class Standardize(nn.Module):
    """Observations less their mean, divided by their standard deviation, clipped to `-clip..clip`.

    `mean` and `deviation` are float32 and have the observation's shape, or one that broadcasts.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor, clip: float):
        super().__init__()
        # No weights: a checkpoint keeps what they come from.
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)
        self.clip = clip

    @classmethod
    def between(cls, low: np.ndarray, high: np.ndarray) -> Self:
        """What scales observations from their bounds to [0, 1]."""
        least, most = (torch.as_tensor(side, dtype=torch.float32) for side in (low, high))
        return cls(least, most - least, math.inf)  # numbers without bounds beside others may be anything

    def forward(self, observation: Tensor) -> Tensor:
        """Standardises `(batch, *shape)`."""
        return torch.clamp((observation - self.mean) / self.deviation, -self.clip, self.clip)
