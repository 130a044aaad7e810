"""Stable-Baselines3's PPO on an Atari game, with the settings of rlnas's Atari defaults.

The peer of `benchmarks/learning.py` and `benchmarks/throughput.py`. It runs SB3 as its users do: `make_atari_env`,
`VecFrameStack`, `CnnPolicy`; only the hyperparameters are ours. It needs the `bench` extra and does not import
rlnas.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
import time
from pathlib import Path

import ale_py  # noqa: F401  (registers the ALE ids)
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_atari_env
from stable_baselines3.common.vec_env import VecFrameStack


class EpisodeLog(BaseCallback):
    """Writes one CSV row per finished full game: the step it ended at, its unclipped return and its length."""

    def __init__(self, path: Path | None):
        super().__init__()
        self.path = path
        self.start = 0.0

    def _on_training_start(self) -> None:
        self.start = time.perf_counter()
        if self.path is not None:
            self.file = self.path.open("w", newline="")
            self.writer = csv.writer(self.file)
            self.writer.writerow(["step", "return", "length"])

    def _on_step(self) -> bool:
        if self.path is not None:
            for info in self.locals["infos"]:
                if "episode" in info:
                    self.writer.writerow([self.num_timesteps, info["episode"]["r"], info["episode"]["l"]])
        return True

    def _on_rollout_end(self) -> None:
        if self.path is not None:
            self.file.flush()


def build(env: str, steps: int, seed: int, sticky: float) -> PPO:
    """SB3's PPO with the hyperparameters of SPEC 2.2 (paper, table 4)."""
    venv = make_atari_env(env, n_envs=8, seed=seed, env_kwargs={"frameskip": 1, "repeat_action_probability": sticky})
    return PPO(
        "CnnPolicy",
        VecFrameStack(venv, n_stack=4),
        learning_rate=lambda left: 2.5e-4 * 0.5 * (1 + math.cos(math.pi * (1 - left))),
        n_steps=128,
        batch_size=256,
        n_epochs=3,
        gamma=0.99,
        gae_lambda=0.95,
        clip_range=0.1,
        clip_range_vf=0.1,
        ent_coef=0.01,
        vf_coef=0.25,
        max_grad_norm=0.5,
        seed=seed,
        device="cpu",
    )


def main() -> None:
    """Parses the command line, trains, prints the steps per second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", default="ALE/Breakout-v5")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sticky", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--channels-last", action="store_true", help="faster memory layout, same arithmetic; for long learning runs"
    )
    parser.add_argument("--out", type=Path, default=None, help="CSV of finished games")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = build(args.env, args.steps, args.seed, args.sticky)
    if args.channels_last:
        torch.set_flush_denormal(True)
        model.policy.to(memory_format=torch.channels_last)
    log = EpisodeLog(args.out)
    model.learn(args.steps, callback=log)
    wall = time.perf_counter() - log.start
    print(f"sb3 steps={model.num_timesteps} seconds={wall:.1f} steps_per_second={model.num_timesteps / wall:.1f}")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
