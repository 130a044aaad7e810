"""Playing full games without learning, with several policies side by side."""

import contextlib
from collections.abc import Callable, Sequence
from typing import TypedDict, Unpack

import numpy as np
import torch

from rlnas.algorithms.algorithm import Policy
from rlnas.algorithms.distributions import check_finite, distribution_for
from rlnas.algorithms.torch_modes import Device
from rlnas.envs import Episode, VectorEnv
from rlnas.nets import fixed_weights

LONGEST_GAME = 100_000
"""Steps after which a game is cut whose environment does not say when it ends it: it may never."""

TELL_EVERY = 100
"""Steps of all environments between two signs of life."""


class Play(TypedDict, total=False):
    """How games are played: the options of `play_episodes`."""

    device: Device
    greedy: bool
    max_steps: int | None
    tell: Callable[[int], None] | None


def play_in_portions(
    policies: Sequence[Callable[[], Policy]],
    make: Callable[[int], VectorEnv],
    seeds: np.ndarray,
    generators: Sequence[torch.Generator],
    *,
    most: int,
    **how: Unpack[Play],
) -> list[list[Episode]]:
    """Plays as `play_episodes` does, but at most so many games at a time: of some simulators only a few can live.

    `make` makes so many environments; they are closed here. Fewer policies play side by side then, which changes none
    of their games. Where one policy alone has more games than `most`, what it draws for the later ones depends on it.
    """
    found: list[list[Episode]] = [[] for _ in policies]
    beside = max(1, most // len(seeds))
    for first in range(0, len(policies), beside):
        group = slice(first, first + beside)
        for start in range(0, len(seeds), most):
            portion = seeds[start : start + most]
            with contextlib.closing(make(len(portion) * len(policies[group]))) as env:
                played = play_episodes(policies[group], env, portion, generators[group], **how)
            for games, more in zip(found[group], played, strict=True):
                games += more
    return found


@torch.no_grad()
@fixed_weights()
def play_episodes(
    policies: Sequence[Callable[[], Policy]],
    env: VectorEnv,
    seeds: np.ndarray,
    generators: Sequence[torch.Generator],
    *,
    device: Device = "cpu",
    greedy: bool = False,
    max_steps: int | None = None,
    tell: Callable[[int], None] | None = None,
) -> list[list[Episode]]:
    """Plays full games with each policy, one in every environment, the environments shared out evenly.

    One game per environment, rather than the first games that end anywhere, keeps short games from counting more
    often than long ones. What a policy plays does not depend on the policies beside it.

    Args:
        policies: for each policy, a function that makes it ready (say, activates a path of a supernet) and returns it.
        env: `len(policies) * len(seeds)` environments; the first `len(seeds)` play the first policy, and so on.
        seeds: the seeds of a policy's environments, the same for all.
        generators: for each policy, what draws its actions.
        device: where the policies live.
        greedy: take the most probable action instead of drawing one.
        max_steps: steps after which games in progress are cut and scored as they stand, marked as cut. By default
            those after which the environment ends a game itself, or `LONGEST_GAME` where it does not say.
        tell: told now and then how many steps were played in the games since the last time.

    Returns:
        For each policy its games, in the order of the seeds.

    Raises:
        EnvironmentFault: if an environment fails.
        TrainingDiverged: if what a policy says is not finite.
    """
    share = len(seeds)
    if env.num_envs != share * len(policies):
        raise ValueError(f"{len(policies)} policies with {share} games each need as many environments: {env.num_envs}")
    observation = env.reset(np.tile(seeds, len(policies)))
    finished: dict[int, Episode] = {}
    score, steps, untold = np.zeros(env.num_envs), 0, 0
    limit = max_steps or env.max_steps or LONGEST_GAME
    distribution = distribution_for(env.actions)
    actions = np.zeros((env.num_envs, *env.actions.shape), dtype=env.actions.dtype)
    while len(finished) < env.num_envs and steps < limit:
        untold += env.num_envs - len(finished)
        for number, (ready, generator) in enumerate(zip(policies, generators, strict=True)):
            playing = [i for i in range(number * share, (number + 1) * share) if i not in finished]
            if playing:
                parameters, _ = ready()(torch.as_tensor(observation[playing]).to(device))
                check_finite(parameters)
                if not greedy:
                    chosen = distribution.sample(parameters, distribution.noise(parameters.shape, generator))
                else:
                    chosen = distribution.mode(parameters)
                actions[playing] = chosen.cpu().numpy()
        step = env.step(actions)
        steps += 1
        score += step.reward
        for episode in step.episodes:
            finished.setdefault(episode.environment, episode)
        observation = step.observation
        if tell is not None and (steps % TELL_EVERY == 0 or len(finished) == env.num_envs or steps == limit):
            tell(untold)
            untold = 0
    for i in range(env.num_envs):
        finished.setdefault(i, Episode(float(score[i]), steps, True, i, cut=True))
    return [[finished[i] for i in range(n * share, (n + 1) * share)] for n in range(len(policies))]
