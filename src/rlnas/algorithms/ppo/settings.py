"""The hyperparameters of PPO."""

from typing import Any, Literal

from pydantic import Field, field_validator

from rlnas.algorithms.algorithm import AlgorithmSettings


class PPOSettings(AlgorithmSettings):
    """Hyperparameters; the defaults are those for Atari (paper, appendix C, table 4)."""

    rollout_steps: int = Field(128, ge=1, le=10**6)
    """steps of each environment in one iteration."""
    epochs: int = Field(3, ge=1, le=10**6)
    """passes over the samples of an iteration."""
    minibatches: int = Field(4, ge=1)
    """parts that a pass is split into."""
    learning_rate: float = Field(2.5e-4, gt=0)
    """Adam's learning rate at the start."""
    learning_rate_schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """how it changes over the budget: `"cosine"` or `"linear"` to 0, or `"constant"`."""
    adam_eps: float = Field(1e-5, gt=0)
    """Adam's epsilon."""
    gamma: float = Field(0.99, ge=0, le=1)
    """discount."""
    gae_lambda: float = Field(0.95, ge=0, le=1)
    """decay of the generalised advantage estimate."""
    clip: float = Field(0.1, gt=0)
    """clip range of the probability ratio."""
    value_clip: float | None = Field(0.1, gt=0)
    """clip range of the change of the value, in units of return; `None` switches it off."""
    value_coef: float = Field(0.25, ge=0)
    """weight of the value loss, which is the mean squared error, not half of it."""
    entropy_coef: float = Field(0.01, ge=0)
    """weight of the entropy bonus."""
    max_grad_norm: float = Field(0.5, gt=0)
    """largest norm of the gradient of all parameters together."""
    normalize_advantages: bool = True
    """per minibatch, to mean 0 and standard deviation 1."""
    reward_clip: Literal["sign", "none"] = "sign"
    """`"sign"` learns from the sign of the reward (scores stay unclipped); `"none"` from the reward."""
    normalize_observations: bool = False
    """learn from observations of mean 0 and standard deviation 1, by the running moments of all that were seen,
    clipped to +-10. The agent keeps the moments."""
    normalize_rewards: bool = False
    """learn from rewards divided by the running standard deviation of their discounted return, clipped to +-10. Scores
    stay as they are."""
    value_encoder: Literal["shared", "own"] = "shared"
    """`"shared"`: the value head reads the same features as the policy head; `"own"`: those of a second encoder of the
    same architecture."""
    log_std: float = Field(0.0, ge=-20, le=20)
    """logarithm of the standard deviation of continuous actions at the start."""

    @field_validator("value_clip", mode="before")
    @classmethod
    def _none_in_words(cls, value: Any) -> Any:
        """Lets the command line say `none`."""
        return None if value == "none" else value

    def iteration_steps(self, num_envs: int) -> int:
        return self.rollout_steps * num_envs

    def minibatch(self, num_envs: int) -> int:
        return self.iteration_steps(num_envs) // self.minibatches

    @property
    def own_value_encoder(self) -> bool:
        return self.value_encoder == "own"

    @property
    def scales_observations(self) -> bool:
        return self.normalize_observations
