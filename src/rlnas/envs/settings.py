"""How an environment is set up."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, SerializerFunctionWrapHandler, model_serializer

Channels = Literal["auto", "first", "last"]


class EnvSettings(BaseModel):
    """Options of an environment; which of them an environment has, `options_of` says."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    num_envs: int = Field(8, ge=1, le=10_000)
    """environments that step together (paper, table 4: 8). Evaluations open no more at a time either."""
    sticky_actions: float = Field(0.25, ge=0, lt=1)
    """probability that the emulator repeats the last action (0.25 in `v5`, Machado et al. 2018)."""
    noop_max: int = Field(30, ge=0, le=10**6)
    """upper bound of the random no-op frames at the start of a game."""
    frame_skip: int = Field(4, ge=1, le=10**6)
    """emulator frames of one step."""
    frame_stack: int = Field(4, ge=1, le=1_000)
    """frames of one observation."""
    screen_size: int = Field(84, ge=1, le=10_000)
    """side of the gray square that a frame is scaled to."""
    life_loss_ends_trajectory: bool = True
    """whether a lost life is terminal for learning; the score covers all lives."""
    fire: bool = True
    """press FIRE at the start of a game and after a lost life, in games that have the button."""
    max_frames: int = Field(108_000, ge=1, le=10**15)
    """emulator frames after which an Atari game is truncated."""
    channels: Channels = "auto"
    """which axis of a Gymnasium environment's maps is the channels: `"first"`, `"last"` or `"auto"`, by their shape."""
    scale_actions: bool | None = None
    """whether the policy of a Gymnasium environment acts in [-1, 1], which is scaled to the bounds of its action
    space. Left out, it does where these are far from 1."""

    @model_serializer(mode="wrap")
    def _leave_out_later_options(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Options that came later are left out at their defaults: settings written before are still the same."""
        later = (("channels", "auto"), ("scale_actions", None))
        return {name: value for name, value in handler(self).items() if (name, value) not in later}
