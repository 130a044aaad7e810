"""Playing full games without learning, with several policies side by side."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from rlnas.envs import Episode, VectorEnv
from rlnas.ppo.rollout import Policy, sample_actions


@torch.no_grad()
def play_episodes(
    policies: Sequence[Callable[[], Policy]],
    env: VectorEnv,
    seeds: np.ndarray,
    generator: torch.Generator,
    *,
    device: torch.device | str = "cpu",
    greedy: bool = False,
    max_steps: int | None = None,
) -> list[list[Episode]]:
    """Plays one full game in every environment, the environments shared out evenly among the policies.

    One game per environment, rather than the first games that end anywhere, keeps short games from counting more
    often than long ones.

    Args:
        policies: for each policy, a function that makes it ready (say, activates a path of a supernet) and returns
            it. `env.num_envs` must be a multiple of their number.
        env: the environments; the first `num_envs / len(policies)` play the first policy, and so on.
        seeds: `(num_envs,)`.
        generator: draws the actions.
        device: where the policies live.
        greedy: take the most probable action instead of drawing one.
        max_steps: steps after which games in progress are cut and scored as they stand, marked truncated.

    Returns:
        For each policy its games, in the order of the environments.

    Raises:
        EnvironmentFault: if an environment fails.
    """
    share, rest = divmod(env.num_envs, len(policies))
    if rest or not share:
        raise ValueError(f"{env.num_envs} environments cannot be shared evenly among {len(policies)} policies")
    observation = env.reset(seeds)
    finished: dict[int, Episode] = {}
    score, steps = np.zeros(env.num_envs), 0
    actions = np.zeros(env.num_envs, dtype=np.int64)
    while len(finished) < env.num_envs and (max_steps is None or steps < max_steps):
        for number, ready in enumerate(policies):
            playing = [i for i in range(number * share, (number + 1) * share) if i not in finished]
            if playing:
                logits, _ = ready()(torch.as_tensor(observation[playing]).to(device))
                chosen: Tensor = logits.argmax(-1) if greedy else sample_actions(logits, generator)[0]
                actions[playing] = chosen.cpu().numpy()
        step = env.step(actions)
        steps += 1
        score += step.reward
        for episode in step.episodes:
            finished.setdefault(episode.environment, episode)
        observation = step.observation
    for i in range(env.num_envs):
        finished.setdefault(i, Episode(float(score[i]), steps, True, i))
    return [[finished[i] for i in range(n * share, (n + 1) * share)] for n in range(len(policies))]
