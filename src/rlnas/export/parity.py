"""Whether an export computes what its network computes: every format is asked before anything is written."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from rlnas.errors import RlnasError
from rlnas.export.agent import Agent

TOLERANCE = 1e-4
"""Largest difference that rounding may make, as a part of the largest output (or of 1, where that is smaller)."""


class ParityError(RlnasError, RuntimeError):
    """An export does not compute what the network computes."""


@torch.no_grad()
def check_parity(agent: Agent, compute: Callable[[np.ndarray], Sequence[np.ndarray]]) -> None:
    """Runs an export and the network on the same random observations, in batches of 1 and of 5.

    Args:
        agent: the agent.
        compute: what the export makes of observations `(batch, *shape)`: what `agent.outputs`
            names.

    Raises:
        ParityError: if an output has another shape, or differs by more than rounding can explain.
    """
    for count in (1, 5):
        observation = agent.draw_observations(count, seed=count)
        for name, one, other in zip(agent.outputs, agent.compute(observation), compute(observation), strict=True):
            if one.shape != other.shape:
                raise ParityError(f"the export returns {name} of shape {other.shape}, not {one.shape}.")
            difference = float(np.abs(one - other).max())
            if not difference <= TOLERANCE * max(1.0, float(np.abs(one).max())):
                raise ParityError(f"the export differs from the network: by {difference:g} in {name}.")
