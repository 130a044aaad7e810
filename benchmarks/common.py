"""What the benchmarks share: the machine in words, trainers of rlnas, statistics, JSON."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch
from torch import nn

from rlnas.algorithms.ppo import PPOSettings, PPOTrainer
from rlnas.envs import EnvSettings, VectorEnv, make_env
from rlnas.nets import Network, Supernet
from rlnas.spaces import Architecture, load_space

CPU_FEATURES = {"avx2": "avx2", "avx512": "avx512f", "avx512-bf16": "avx512_bf16", "amx": "amx_tile"}
"""Features that decide how fast a network runs, with their names in /proc/cpuinfo."""

STEPS_PER_ITERATION = PPOSettings().rollout_steps * EnvSettings().num_envs
"""Env steps of one iteration under the default settings, which are those of all benchmarks."""

PACKAGES = ("torch", "ale-py", "gymnasium", "stable-baselines3", "numpy", "sbx-rl", "jax")


def versions() -> dict[str, str]:
    """Versions of the packages that are installed."""
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def machine() -> dict[str, Any]:
    """CPU model, cores, features that matter, load and versions."""
    found: dict[str, Any] = {
        "cpu": platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "load": os.getloadavg()[0],
        "python": platform.python_version(),
        "versions": versions(),
    }
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = [line.partition(":")[::2] for line in cpuinfo.read_text().splitlines()]
        fields = {key.strip(): value.strip() for key, value in lines}
        flags = fields.get("flags", "").split()
        found["cpu"] = fields.get("model name", found["cpu"])
        found["features"] = {name: flag in flags for name, flag in CPU_FEATURES.items()}
    return found


def describe(found: dict[str, Any]) -> str:
    """Two lines about a machine, from `machine`."""
    features = ", ".join(f"{name} {'yes' if has else 'no'}" for name, has in found.get("features", {}).items())
    versions = ", ".join(f"{name} {number}" for name, number in found["versions"].items())
    return (
        f"{found['cpu']}, {found['cores']} cores ({features}), load {found['load']:.2f}\n"
        f"Python {found['python']}, {versions}"
    )


def add_common_arguments(parser: argparse.ArgumentParser, *, threads: int) -> None:
    """Adds `--env`, `--sticky`, `--seed` and `--threads`."""
    parser.add_argument("--env", default="ALE/Breakout-v5")
    parser.add_argument("--sticky", type=float, default=0.0, help="probability of sticky actions")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=threads, help="threads of torch and of our emulator")


def build_env(args: argparse.Namespace) -> VectorEnv:
    """The environments that the arguments ask for."""
    return make_env(args.env, EnvSettings(sticky_actions=args.sticky), threads=args.threads)


def build_network(space: str, path: Architecture | None, env: VectorEnv, seed: int) -> Network:
    """The network of a space's architecture; its first one where `path` is None."""
    found = load_space(space)
    return Network(found, path if path is not None else next(iter(found)), env.actions.outputs, seed)


def build_supernet(space: str, env: VectorEnv, seed: int) -> Supernet:
    """The supernet of a space."""
    return Supernet(load_space(space), env.actions.outputs, seed)


def build_trainer(policy: nn.Module, env: VectorEnv, iterations: int, seed: int) -> PPOTrainer:
    """A trainer with the default hyperparameters."""
    return PPOTrainer(policy, env, PPOSettings(), iterations, seed)


def touch(trainer: PPOTrainer) -> None:
    """One step on an empty batch, so that Adam's moments and the kernels exist before a clock starts."""
    settings = trainer.settings
    batch = trainer.steps_per_iteration // settings.minibatches
    logits, value = trainer.policy(torch.zeros((batch, *trainer.env.observation_shape), dtype=torch.uint8))
    (logits.sum() + value.sum()).backward()
    trainer.optimizer.step()


def spread(values: Sequence[float]) -> dict[str, float]:
    """Minimum, median and maximum."""
    return {"min": min(values), "median": statistics.median(values), "max": max(values)}


def write_json(path: Path | None, data: dict[str, Any]) -> None:
    """Writes results, where a path is given."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(data, indent=2) + "\n")
        print(f"written: {path}")
