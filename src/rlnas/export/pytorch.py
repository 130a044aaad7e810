"""An agent as plain PyTorch: a folder with the network as one Python file, its weights, its description."""

import io
import json
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from rlnas.export.agent import Agent, Export
from rlnas.export.source import write_source


def convert(agent: Agent) -> Export:
    """Makes `network.py`, `state_dict.pt`, which torch alone can read, and `architecture.json`.

    Raises:
        UserError: if a layer cannot be written as plain PyTorch.
    """
    settings, result = agent.settings, agent.result
    score = "no full game yet" if result is None or result.total_reward is None else f"{result.total_reward:.2f}"
    about = {
        "Architecture": f"{settings.architecture} of the space {settings.load_space().name}",
        "Environment": settings.env,
        "Training": f"seed {settings.seed}, {result.steps if result else 'part of ' + str(settings.steps)} steps",
        "Mean return of its last 100 full games": score,
        "More": "architecture.json",
    }
    source, weights = write_source(agent.network, agent.dtype.name, about)
    buffer = io.BytesIO()
    torch.save(weights, buffer)
    description = (json.dumps(agent.description, indent=2, allow_nan=False) + "\n").encode()
    files = {"state_dict.pt": buffer.getvalue(), "architecture.json": description, "network.py": source.encode()}
    return Export(files, run_source(source, weights))


def run_source(source: str, weights: dict[str, Tensor]) -> Callable[[np.ndarray], Sequence[np.ndarray]]:
    """What the class `Network` in a source makes of observations with these weights."""
    scope: dict[str, Any] = {"__name__": "network", "__file__": "network.py"}
    exec(compile(source, "network.py", "exec"), scope)
    network = scope["Network"]()
    network.load_state_dict(weights)
    return lambda observation: [output.numpy() for output in network(torch.from_numpy(observation))]
