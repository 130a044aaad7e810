"""Scores of a trained agent here and, exported, in Stable-Baselines3: full games of both, and their difference.

    python -m benchmarks.exported --env LunarLander-v3 --steps 300000 --out DIR

trains one agent with the settings that rlnas gives the environment, unless DIR holds it already, exports it as a zip,
and plays games with it: by `rlnas.evaluate`, and in a fresh process by `PPO.load` and `evaluate_policy`. The games of
the two have seeds of their own, so the scores are those of two samples. Environments that Gymnasium makes by their id
will do; Atari needs the wrappers of docs/tutorial-sb3.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

import numpy as np

import rlnas
from rlnas.export import export
from rlnas.stats.estimates import mean_difference

PLAY = """
import json, sys
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
torch.set_num_threads(1)
file, env, episodes, greedy = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] == "greedy"
model = PPO.load(file, device="cpu")
made = make_vec_env(env, n_envs=8, seed=1, env_kwargs={"render_mode": None})
scores, _ = evaluate_policy(model, made, n_eval_episodes=episodes, deterministic=greedy, return_episode_rewards=True)
print(json.dumps(scores))
"""


def play_in_sb3(file: Path, env: str, episodes: int, mode: str) -> list[float]:
    """Returns of full games of an exported agent, in a process that rlnas did not start in."""
    command = [sys.executable, "-c", PLAY, str(file), env, str(episodes), mode]
    found = subprocess.run(command, check=True, capture_output=True, text=True)
    return [float(score) for score in json.loads(found.stdout.splitlines()[-1])]


def main() -> None:
    """Parses the command line, trains, exports, plays, prints a line for each way to act."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--env", required=True)
    parser.add_argument("--space", default="mlp-64-64")
    parser.add_argument("--arch", default="fixed")
    parser.add_argument("--steps", type=int, default=300_000)
    parser.add_argument("--episodes", type=int, default=200)
    parser.add_argument("--out", type=Path, required=True, help="run directory of the training")
    args = parser.parse_args()
    rlnas.train(args.env, args.space, args.arch, args.steps, out=args.out, device="cpu")
    file = args.out / "exported.zip"
    file.unlink(missing_ok=True)
    export(args.out, "sb3", file)
    print(f"{args.env}, {args.steps:,} steps, {args.episodes} games each; mean ± sd of their returns\n")
    print("| actions | rlnas | Stable-Baselines3 | difference, 95% interval |")
    print("|---|---|---|---|")
    for mode in ("drawn", "greedy"):
        ours = np.array(rlnas.evaluate(args.out, args.episodes, greedy=mode == "greedy").scores)
        theirs = np.array(play_in_sb3(file, args.env, args.episodes, mode))
        gap = mean_difference(ours, theirs)
        cells = " | ".join(f"{scores.mean():.1f} ± {scores.std(ddof=1):.1f}" for scores in (ours, theirs))
        interval = "no interval" if gap.low is None else f"[{gap.low:.1f}, {gap.high:.1f}]"
        print(f"| {mode} | {cells} | {gap.value:.1f} {interval} |", flush=True)


if __name__ == "__main__":
    main()
