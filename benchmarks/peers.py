"""The sides of `benchmarks/throughput.py`: rlnas's PPO and its peers, each timed in a process of its own.

rlnas, Stable-Baselines3 and SBX are timed by `python -m benchmarks.peers SIDE CASE`, which prints one line of JSON.
CleanRL and LeanRL are scripts: a checkout's is run as it is, and timed by when it prints.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import torch

from rlnas.algorithms.ppo import PPOSettings, PPOTrainer
from rlnas.algorithms.ppo.update import update
from rlnas.envs import VectorEnv, make_env
from rlnas.experiments.training import TrainRequest
from rlnas.nets import Network
from rlnas.trials.settings import TrialSettings

ENDLESS = 10**9
"""Environment steps that no measurement comes to; over them schedules run."""

LEAST = 2
"""Iterations that are timed at least, after one of warm-up."""

Result = dict[str, Any]
"""Env steps of an iteration, the start and end of each, and the seconds of our parts."""


@dataclass(frozen=True)
class Case:
    """What all sides train: an environment with the settings that rlnas gives it, and a network."""

    env: str
    space: str
    arch: str | None = None
    peers: Sequence[str] = ("sb3",)
    threads: int = 1
    env_options: dict[str, float] = field(default_factory=dict)

    @property
    def precisions(self) -> tuple[str, ...]:
        """What ours may be measured in: layers of 64 units gain nothing from bf16."""
        return ("fp32",) if self.space == "mlp-64-64" else ("fp32", "bf16")

    def settings(self, seed: int = 1, threads: int = 1, precision: str = "fp32") -> TrialSettings:
        """Those of `rlnas.train`; a `UserError` says what is not installed."""
        request = TrainRequest(
            self.env,
            self.space,
            self.arch,
            ENDLESS,
            env_options=self.env_options,
            device="cpu",
            precision=precision,
            seed=seed,
            threads=threads,
        )
        return request.resolve().settings


# The highest total reward of the table minatar-2-breakout.
BEST = "width=24,kernel=5,stride=1,act=relu,readout=flatten,norm=layer"
ATARI_PEERS = ("sb3", "cleanrl", "cleanrl-envpool", "leanrl")  # CleanRL's games have no sticky actions
CASES = {
    "atari": Case("ALE/Breakout-v5", "nature-cnn", None, ATARI_PEERS, 2, {"sticky_actions": 0.0}),
    "cartpole": Case("CartPole-v1", "mlp-64-64", None, ("sb3", "sbx")),
    "lunarlander": Case("LunarLander-v3", "mlp-64-64", None, ("sb3", "sbx")),
    "halfcheetah": Case("HalfCheetah-v5", "mlp-64-64", None, ("sb3", "sbx")),
    "minatar": Case("MinAtar/Breakout-v1", "minatar-cnn"),
    "minatar-2": Case("MinAtar/Breakout-v1", "minatar-2", BEST),
}


# Ours.


def timed(function: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def play_randomly(env: VectorEnv, actions: np.ndarray) -> None:
    """Steps the environments with given actions, `(steps, num_envs)`."""
    for row in actions:
        env.step(row)


@torch.no_grad()
def infer(trainer: PPOTrainer, observations: list[torch.Tensor], generator: torch.Generator) -> None:
    """Forward pass and sampling, one batch of observations after another, as a rollout does."""
    shape = len(observations), len(observations[0]), trainer.env.actions.outputs
    noise = trainer.distribution.noise(shape, generator)
    for observation, own in zip(observations, noise, strict=True):
        trainer.distribution.sample(trainer.policy(observation)[0], own)


def floor(trainer: PPOTrainer, spare: VectorEnv, rng: np.random.Generator) -> dict[str, float]:
    """Seconds of an iteration's parts, each alone, on the rollout that the trainer collected last."""
    steps, envs = trainer.rollout.value.shape
    actions = rng.integers(spare.actions.outputs, size=(steps, envs))
    observations = [trainer.rollout.observations(torch.arange(t * envs, (t + 1) * envs)) for t in range(steps)]
    generator = torch.Generator().manual_seed(0)
    actor = trainer.policy, trainer.distribution
    learn = (*actor, trainer.optimizer, trainer.rollout, trainer.settings)
    return {
        "emulator": timed(lambda: play_randomly(spare, actions)),
        "inference": timed(lambda: infer(trainer, observations, generator)),
        "update": timed(lambda: update(*learn, generator)),
    }


def measure_rlnas(settings: TrialSettings, seconds: float, with_floor: bool) -> Result:
    """Start and end of each iteration of ours and, if wanted, the parts of each alone."""
    space, outside = settings.load_space(), settings.env_settings
    env, spare = (make_env(settings.env, outside, threads=settings.threads) for _ in range(2))
    network = Network(space, space.architecture(settings.architecture), settings.heads(env.actions), settings.seed)
    settings.prepare(network, settings.scaling(env))
    trainer = settings.trainer(network, env, ENDLESS, settings.seed)
    assert isinstance(trainer, PPOTrainer)
    spare.reset(np.arange(spare.num_envs))
    rng = np.random.default_rng(settings.seed)
    spans: list[tuple[float, float]] = []
    parts: list[dict[str, float]] = []
    while len(spans) <= LEAST or sum(end - start for start, end in spans[1:]) < seconds:
        start = time.perf_counter()
        trainer.iterate()
        spans.append((start, time.perf_counter()))
        if with_floor:
            parts.append(floor(trainer, spare, rng))
    return {"steps": trainer.steps_per_iteration, "spans": spans[1:], "parts": parts[1:]}


# Peers that are libraries.


def channels_first(env: gymnasium.Env) -> gymnasium.Env:
    """MinAtar's maps as networks of torch take them."""
    height, width, channels = env.observation_space.shape or ()
    space = gymnasium.spaces.Box(0, 1, (channels, height, width), np.bool_)  # type: ignore[arg-type]
    return gymnasium.wrappers.TransformObservation(env, lambda observation: observation.transpose(2, 0, 1), space)


def build_peer(side: str, settings: TrialSettings) -> Any:
    """PPO of Stable-Baselines3 or SBX with our settings and network."""
    from stable_baselines3 import PPO

    from benchmarks import control, sb3_ppo
    from rlnas.export.sb3 import policy_kwargs

    outside, ppo, seed = settings.env_settings, settings.algorithm_options, settings.seed
    assert isinstance(ppo, PPOSettings)
    if settings.env.startswith("ALE/"):
        return sb3_ppo.build(settings.env, seed, outside.sticky_actions)
    options: dict[str, Any] = {}
    network = None  # for mlp-64-64 that of `MlpPolicy`
    if settings.env.startswith("MinAtar/"):
        import minatar.gym

        if settings.env not in gymnasium.registry:
            minatar.gym.register_envs()
        options = {"wrapper_class": channels_first, "env_kwargs": {"sticky_action_prob": outside.sticky_actions}}
        network = policy_kwargs(settings.space, settings.architecture, own_value_encoder=ppo.own_value_encoder)
    env = control.environments(settings.env, outside, ppo, seed, **options)
    arguments = control.arguments(ppo, outside.num_envs)
    if side == "sb3":
        return PPO("MlpPolicy", env, seed=seed, device="cpu", policy_kwargs=network, **arguments)
    import sbx

    model = sbx.PPO("MlpPolicy", env, seed=seed, **arguments)
    # Compiles what the first truncated game would, perhaps after the warm-up.
    model.vf.apply(model.policy.vf_state.params, model.policy.prepare_obs(env.observation_space.sample())[0])
    return model


def measure_peer(side: str, settings: TrialSettings, seconds: float) -> Result:
    """Start and end of each iteration of Stable-Baselines3 or SBX."""
    from benchmarks.sb3_ppo import IterationClock

    model, clock = build_peer(side, settings), IterationClock(seconds, LEAST)
    model.learn(ENDLESS, callback=clock)
    return {"steps": model.n_steps * model.n_envs, "spans": [*itertools.pairwise(clock.marks[1:])]}


# Peers that are scripts.


@dataclass(frozen=True)
class Script:
    """A script in a checkout, and what it prints once an iteration.

    The group tells one iteration from another where it may print twice.
    """

    checkout: str
    path: str
    mark: str


SCRIPTS = {
    "cleanrl": Script("cleanrl", "cleanrl/ppo_atari.py", "^SPS:()"),
    "cleanrl-envpool": Script("cleanrl", "cleanrl/ppo_atari_envpool.py", "^SPS:()"),
    # Its progress bar. The script with torch.compile does not run with torch 2.13, compiled or not.
    "leanrl": Script("leanrl", "leanrl/ppo_atari_envpool.py", r"(\d+)/\d+ \["),
}
# The rest is as with us: its value loss has a factor of 1/2.
OPTIONS = ("--no-cuda", "--num-envs=8", "--num-steps=128", "--num-minibatches=4", "--update-epochs=3")
RUN = """
import contextlib, runpy, sys
with contextlib.suppress(ImportError):
    import ale_py  # registers the games
sys.argv.pop(0)
runpy.run_path(sys.argv[0], run_name="__main__")
"""


class CannotRunError(Exception):
    """A script ended before it was timed; the message is the last line that it printed."""


def measure_script(script: Script, checkout: Path, python: Path, seed: int, seconds: float) -> Result:
    """Runs a script until its iterations after the first have taken so many seconds; may raise `CannotRunError`."""
    root = checkout.resolve()
    command = [str(python), "-u", "-c", RUN, str(root / script.path), *OPTIONS, f"--seed={seed}"]
    env = {**os.environ, "PYTHONPATH": str(root), "WANDB_MODE": "disabled"}
    marks: dict[str | int, float] = {}
    line = ""
    with (
        tempfile.TemporaryDirectory() as logs,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=logs, env=env
        ) as process,
    ):
        # A line of a progress bar ends where the next one begins, an iteration later: so all marks are late alike.
        for line in filter(str.strip, process.stdout or ()):
            if found := re.search(script.mark, line):
                marks.setdefault(found[1] or len(marks), time.perf_counter())
            times = [*marks.values()]
            if len(times) > LEAST and times[-1] - times[0] >= seconds:
                process.kill()
                return {"steps": 8 * 128, "spans": [*itertools.pairwise(times)]}
    raise CannotRunError(line.strip())


def main() -> None:
    """Times ours or a library in this process."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("side", choices=("rlnas", "sb3", "sbx"))
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--precision", default="fp32", help="of ours")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--floor", action="store_true", help="also time the parts of ours, each alone")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    settings = CASES[args.case].settings(args.seed, args.threads, args.precision)
    ours = args.side == "rlnas"
    found = (
        measure_rlnas(settings, args.seconds, args.floor) if ours else measure_peer(args.side, settings, args.seconds)
    )
    print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
