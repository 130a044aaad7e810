"""Stable-Baselines3's PPO on an Atari game, with the settings of rlnas's Atari defaults.

The peer of `benchmarks/learning.py` and, on Atari, of `benchmarks/throughput.py`. It runs SB3 as its users do:
`make_atari_env`, `VecFrameStack`, `CnnPolicy`; only the hyperparameters are ours. It needs the `bench` extra and does
not import rlnas. Command: `python -m benchmarks.sb3_ppo --steps 1000000 --seed 1 --channels-last --out FILE.csv`.
"""

from __future__ import annotations

import argparse
import csv
import math
import time
from pathlib import Path

import ale_py  # noqa: F401  (registers the ALE ids)
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_atari_env
from stable_baselines3.common.vec_env import VecFrameStack


class EpisodeLog(BaseCallback):
    """Writes one CSV row per finished full game: the step it ended at, its unclipped return and its length.

    A file that is already there is that of an interrupted run: it is cut to the steps that the model has done.
    """

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def _on_training_start(self) -> None:
        rows: list[list[str]] = []
        if self.path.exists():
            with self.path.open(newline="") as file:
                rows = [row for row in list(csv.reader(file))[1:] if int(row[0]) <= self.num_timesteps]
        self.file = self.path.open("w", newline="")
        self.writer = csv.writer(self.file, lineterminator="\n")
        self.writer.writerow(["step", "return", "length"])
        self.writer.writerows(rows)

    def _on_step(self) -> bool:
        for info in self.locals["infos"]:
            if "episode" in info:
                self.writer.writerow([self.num_timesteps, info["episode"]["r"], info["episode"]["l"]])
        return True

    def _on_rollout_end(self) -> None:
        self.file.flush()

    def _on_training_end(self) -> None:
        self.file.close()


class Checkpoint(BaseCallback):
    """Saves the model every 50,000 steps, between an update and the next rollout."""

    def __init__(self, path: Path):
        super().__init__()
        self.path = path

    def _on_training_start(self) -> None:
        self.saved = self.num_timesteps

    def _on_rollout_start(self) -> None:
        if self.num_timesteps - self.saved >= 50_000:
            whole = self.path.with_suffix(".partial.zip")
            self.model.save(whole)
            whole.rename(self.path)
            self.saved = self.num_timesteps

    def _on_step(self) -> bool:
        return True


class IterationClock(BaseCallback):
    """Notes when each iteration started, and stops once those after the first have taken so many seconds.

    The last mark is the end of the last iteration; `least` are timed at least.
    """

    def __init__(self, seconds: float, least: int):
        super().__init__()
        self.seconds, self.least = seconds, least
        self.marks: list[float] = []

    def _on_rollout_start(self) -> None:
        self.marks.append(time.perf_counter())

    def _on_step(self) -> bool:
        return len(self.marks) < self.least + 2 or self.marks[-1] - self.marks[1] < self.seconds


def environments(env: str, seed: int, sticky: float) -> VecFrameStack:
    """Eight preprocessed games in turn, four frames each."""
    kwargs = {"frameskip": 1, "repeat_action_probability": sticky}
    return VecFrameStack(make_atari_env(env, n_envs=8, seed=seed, env_kwargs=kwargs), n_stack=4)


def load(path: Path, env: str, seed: int, sticky: float) -> PPO:
    """The model of a `Checkpoint`, with new games and random numbers of its own from there on."""
    model = PPO.load(path, env=environments(env, seed, sticky), device="cpu")
    model.set_random_seed(seed + model.num_timesteps)
    return model


def build(env: str, seed: int, sticky: float) -> PPO:
    """SB3's PPO with the hyperparameters of rlnas's Atari defaults (paper, table 4)."""
    return PPO(
        "CnnPolicy",
        environments(env, seed, sticky),
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


def use_channels_last(model: PPO) -> None:
    """A faster memory layout, same arithmetic, for long learning runs; speed is measured without it."""
    torch.set_flush_denormal(True)
    model.policy.to(memory_format=torch.channels_last)  # type: ignore[call-overload]


def main() -> None:
    """Parses the command line, trains, prints the steps per second."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", default="ALE/Breakout-v5")
    parser.add_argument("--steps", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sticky", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--channels-last", action="store_true", help="faster memory layout, same arithmetic")
    parser.add_argument("--out", type=Path, default=None, help="CSV of finished games")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    model = build(args.env, args.seed, args.sticky)
    if args.channels_last:
        use_channels_last(model)
    start = time.perf_counter()
    model.learn(args.steps, callback=EpisodeLog(args.out) if args.out else None)
    wall = time.perf_counter() - start
    print(f"sb3 steps={model.num_timesteps} seconds={wall:.1f} steps_per_second={model.num_timesteps / wall:.1f}")


if __name__ == "__main__":
    main()
