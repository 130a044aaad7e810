"""PPO of rlnas and of Stable-Baselines3 on control tasks: same settings, network and budget, several seeds.

    python -m benchmarks.control --env LunarLander-v3 --steps 500000 --seeds 5 --out DIR
    python -m benchmarks.control --env HalfCheetah-v5 --steps 500000 --seeds 3 --out DIR

The settings are those that rlnas gives the environment (`rlnas describe --env X`); the network is `mlp-64-64`, which is
what Stable-Baselines3's `MlpPolicy` is. Both train in this process, with one thread, in turn. A training that is in DIR
already is not repeated, so an interrupted command goes on where it was. Speeds are steps per second of processor time:
they include everything but waiting, so that other processes on the machine do not change them much.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import time
from pathlib import Path
from typing import Any

import polars
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.vec_env import VecEnv, VecNormalize

import rlnas
from benchmarks import common
from benchmarks.sb3_ppo import EpisodeLog
from rlnas.algorithms.ppo import PPOSettings
from rlnas.defaults import defaults
from rlnas.envs import EnvSettings, make_env
from rlnas.experiments.resolving import folder_name
from rlnas.export.sb3_file import ppo_arguments
from rlnas.trials.metrics import total_reward

PEERS = {"rlnas": "rlnas", "sb3": "Stable-Baselines3"}


def usual_settings(env: str) -> tuple[EnvSettings, PPOSettings]:
    """What rlnas gives an environment."""
    probe = make_env(env, EnvSettings(), num_envs=1)
    found = defaults(env, probe)
    probe.close()
    return EnvSettings(**found.env), PPOSettings(**found.ppo)


def environments(env: str, outside: EnvSettings, ppo: PPOSettings, seed: int, **options: Any) -> VecEnv:
    """Environments for Stable-Baselines3; `options`: of `make_vec_env`."""
    # Its default, "rgb_array", has LunarLander simulate the sparks of its engines, which only drawing takes away again:
    # in long games its steps become five times as slow.
    kwargs = {"render_mode": None, **options.pop("env_kwargs", {})}
    made: VecEnv = make_vec_env(env, n_envs=outside.num_envs, seed=seed, env_kwargs=kwargs, **options)
    if ppo.normalize_observations or ppo.normalize_rewards:
        chosen = ppo.normalize_observations, ppo.normalize_rewards
        made = VecNormalize(made, norm_obs=chosen[0], norm_reward=chosen[1], gamma=ppo.gamma)
    return made


def arguments(ppo: PPOSettings, num_envs: int) -> dict[str, Any]:
    """Our hyperparameters for Stable-Baselines3's PPO; its schedules are functions of the share that is left."""
    found = ppo_arguments(ppo, num_envs)
    if ppo.learning_rate_schedule == "linear":
        found["learning_rate"] = lambda left: ppo.learning_rate * left
    elif ppo.learning_rate_schedule == "cosine":
        found["learning_rate"] = lambda left: ppo.learning_rate * 0.5 * (1 + math.cos(math.pi * (1 - left)))
    return found


def build_sb3(env: str, seed: int) -> PPO:
    """Stable-Baselines3's PPO with the settings that rlnas gives the environment."""
    outside, ppo = usual_settings(env)
    made = environments(env, outside, ppo, seed)
    return PPO("MlpPolicy", made, seed=seed, device="cpu", **arguments(ppo, outside.num_envs))


def train_sb3(env: str, seed: int, steps: int, folder: Path) -> list[float]:
    """Trains Stable-Baselines3; returns the returns of all full games."""
    torch.set_num_threads(1)
    log = folder.with_suffix(".csv")
    log.unlink(missing_ok=True)
    build_sb3(env, seed).learn(steps, callback=EpisodeLog(log))
    scores = [float(line.split(",")[1]) for line in log.read_text().splitlines()[1:]]
    log.unlink()
    return scores


def train_rlnas(env: str, seed: int, steps: int, folder: Path) -> list[float]:
    """Trains ours; returns the returns of all full games. No checkpoint cuts a game."""
    rlnas.train(env, "mlp-64-64", steps=steps, out=folder, seed=seed, device="cpu", checkpoint_steps=steps)
    return polars.read_parquet(folder / "episodes.parquet")["return"].to_list()


def run(peer: str, args: argparse.Namespace, seed: int) -> dict[str, Any]:
    """One training, or what an earlier one left."""
    name = folder_name(args.env, args.steps, peer, seed)
    file = args.out / f"{name}.json"
    if not file.exists():
        args.out.mkdir(parents=True, exist_ok=True)
        start = time.process_time()
        train = {"rlnas": train_rlnas, "sb3": train_sb3}[peer]
        # Seeds of Stable-Baselines3 that are neighbours share environments.
        scores = train(args.env, seed if peer == "rlnas" else 1000 * seed, args.steps, args.scratch / name)
        rate = args.steps / (time.process_time() - start)
        found = {"score": total_reward(scores), "games": len(scores), "steps_per_cpu_second": round(rate, 1)}
        file.write_text(json.dumps({**found, "machine": common.machine()}, indent=2) + "\n")
        print(f"{name}: {found}", flush=True)
    return json.loads(file.read_text())


def main() -> None:
    """Parses the command line, trains what is missing, prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", required=True)
    parser.add_argument("--steps", type=int, default=500_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", type=Path, required=True, help="folder of the results")
    parser.add_argument("--scratch", type=Path, default=Path("runs/control"), help="folder of the run directories")
    args = parser.parse_args()
    args.scratch.mkdir(parents=True, exist_ok=True)
    rlnas.train(
        args.env, "mlp-64-64", steps=1, out=args.scratch / folder_name(args.env, "imports"), device="cpu"
    )  # not to be timed
    results = {peer: [run(peer, args, seed) for seed in range(1, args.seeds + 1)] for peer in PEERS}
    print(f"{args.env}, {args.steps:,} steps: mean return of the last 100 full games\n")
    print("| peer | " + " | ".join(f"seed {n}" for n in range(1, args.seeds + 1)) + " | mean ± sd | steps/s |")
    print("|---" * (args.seeds + 3) + "|")
    speeds = {peer: statistics.median(r["steps_per_cpu_second"] for r in found) for peer, found in results.items()}
    for peer, title in PEERS.items():
        scores = [result["score"] for result in results[peer]]
        spread = statistics.stdev(scores) if len(scores) > 1 else 0.0
        cells = " | ".join(f"{score:.1f}" for score in scores)
        print(f"| {title} | {cells} | {statistics.mean(scores):.1f} ± {spread:.1f} | {speeds[peer]:.0f} |")
    print(f"\nratio of the speeds: {speeds['rlnas'] / speeds['sb3']:.2f}")


if __name__ == "__main__":
    main()
