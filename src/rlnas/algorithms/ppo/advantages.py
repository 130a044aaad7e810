"""Generalised advantage estimation (Schulman et al., 2016)."""

from torch import Tensor, empty_like, zeros_like


def generalized_advantages(
    reward: Tensor,
    value: Tensor,
    next_value: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    gamma: float,
    gae_lambda: float,
) -> Tensor:
    """Advantages of `n` environments over `t` steps.

    A terminated step has no future: nothing is bootstrapped. A truncated step is cut but has one: its `next_value`
    is bootstrapped, and the estimate does not run on into the next episode.

    All tensors are `(t, n)`: `value` of the observation acted on, `next_value` of the one that followed, before any
    reset. Advantages plus `value` are the returns.
    """
    delta = reward + gamma * next_value * ~terminated - value
    decay = gamma * gae_lambda * ~(terminated | truncated)
    advantage, following = empty_like(delta), zeros_like(delta[0])
    for t in range(len(delta) - 1, -1, -1):
        following = delta[t] + decay[t] * following
        advantage[t] = following
    return advantage
