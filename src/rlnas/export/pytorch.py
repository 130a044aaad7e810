"""An agent as plain PyTorch: a folder with the network as one Python file, its weights, its description."""

from __future__ import annotations

import io
from pathlib import Path

import torch

from rlnas.export.agent import Agent
from rlnas.export.source import write_source
from rlnas.study.files import write_bytes, write_json


def write_folder(agent: Agent, folder: Path) -> None:
    """Writes `network.py`, `state_dict.pt` and `architecture.json`.

    The weights are a `.pt` file, since it takes nothing but torch to read one, and `torch.load(..., weights_only=True)`
    runs no code of it.

    Args:
        agent: the agent.
        folder: where to; made if missing, files of these names in it are replaced.

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
    write_bytes(folder / "state_dict.pt", buffer.getvalue())
    write_json(folder / "architecture.json", agent.description)
    write_bytes(folder / "network.py", source.encode())
