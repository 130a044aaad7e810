"""The hyperparameters of PPO."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, field_validator

from rlnas.algorithms.algorithm import AlgorithmSettings


class PPOSettings(AlgorithmSettings):
    """Hyperparameters; the defaults are those for Atari (paper, appendix C, table 4).

    Attributes:
        rollout_steps: steps of each environment in one iteration.
        epochs: passes over the samples of an iteration.
        minibatches: parts that a pass is split into.
        learning_rate: Adam's learning rate at the start.
        learning_rate_schedule: how it changes over the budget: `"cosine"` or `"linear"` to 0, or `"constant"`.
        adam_eps: Adam's epsilon.
        gamma: discount.
        gae_lambda: decay of the generalised advantage estimate.
        clip: clip range of the probability ratio.
        value_clip: clip range of the change of the value, in units of return; `None` switches it off.
        value_coef: weight of the value loss, which is the mean squared error, not half of it.
        entropy_coef: weight of the entropy bonus.
        max_grad_norm: largest norm of the gradient of all parameters together.
        normalize_advantages: per minibatch, to mean 0 and standard deviation 1.
        reward_clip: `"sign"` learns from the sign of the reward (scores stay unclipped); `"none"` from the reward.
        normalize_observations: learn from observations of mean 0 and standard deviation 1, by the running moments of
            all that were seen, clipped to +-10. The agent keeps the moments.
        normalize_rewards: learn from rewards divided by the running standard deviation of their discounted return,
            clipped to +-10. Scores stay as they are.
        value_encoder: `"shared"`: the value head reads the same features as the policy head; `"own"`: those of a
            second encoder of the same architecture.
        log_std: logarithm of the standard deviation of continuous actions at the start.
    """

    rollout_steps: int = Field(128, ge=1, le=10**6)
    epochs: int = Field(3, ge=1, le=10**6)
    minibatches: int = Field(4, ge=1)
    learning_rate: float = Field(2.5e-4, gt=0)
    learning_rate_schedule: Literal["cosine", "linear", "constant"] = "cosine"
    adam_eps: float = Field(1e-5, gt=0)
    gamma: float = Field(0.99, ge=0, le=1)
    gae_lambda: float = Field(0.95, ge=0, le=1)
    clip: float = Field(0.1, gt=0)
    value_clip: float | None = Field(0.1, gt=0)
    value_coef: float = Field(0.25, ge=0)
    entropy_coef: float = Field(0.01, ge=0)
    max_grad_norm: float = Field(0.5, gt=0)
    normalize_advantages: bool = True
    reward_clip: Literal["sign", "none"] = "sign"
    normalize_observations: bool = False
    normalize_rewards: bool = False
    value_encoder: Literal["shared", "own"] = "shared"
    log_std: float = Field(0.0, ge=-20, le=20)

    @field_validator("value_clip", mode="before")
    @classmethod
    def _none_in_words(cls, value: Any) -> Any:
        """Lets the command line say `none`."""
        return None if value == "none" else value

    def iteration_steps(self, num_envs: int) -> int:
        """A rollout of every environment."""
        return self.rollout_steps * num_envs

    def minibatch(self, num_envs: int) -> int:
        """See `AlgorithmSettings.minibatch`."""
        return self.iteration_steps(num_envs) // self.minibatches

    @property
    def own_value_encoder(self) -> bool:
        """Whether `value_encoder` says so."""
        return self.value_encoder == "own"

    @property
    def scales_observations(self) -> bool:
        """Whether `normalize_observations` says so."""
        return self.normalize_observations
