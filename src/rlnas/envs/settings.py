"""How an environment is set up."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class EnvSettings(BaseModel):
    """Options of an environment. All have `num_envs` and `max_frames`, MinAtar `sticky_actions` too, Atari all of them.

    Attributes:
        num_envs: environments that step together (paper, table 4: 8).
        sticky_actions: probability that the emulator repeats the last action (0.25 in `v5`, Machado et al. 2018).
        noop_max: upper bound of the random no-op frames at the start of a game.
        frame_skip: emulator frames of one step.
        frame_stack: frames of one observation.
        screen_size: side of the gray square that a frame is scaled to.
        life_loss_ends_trajectory: whether a lost life is terminal for learning. The game goes on and its score
            covers all lives.
        fire: press FIRE at the start of a game and after a lost life, in games that have the button.
        max_frames: emulator frames after which an Atari game is truncated; evaluations cut any game at
            `max_frames / frame_skip` steps.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    num_envs: int = Field(8, ge=1, le=10_000)
    sticky_actions: float = Field(0.25, ge=0, lt=1)
    noop_max: int = Field(30, ge=0, le=10**6)
    frame_skip: int = Field(4, ge=1, le=10**6)
    frame_stack: int = Field(4, ge=1, le=1_000)
    screen_size: int = Field(84, ge=1, le=10_000)
    life_loss_ends_trajectory: bool = True
    fire: bool = True
    max_frames: int = Field(108_000, ge=1, le=10**15)

    @property
    def max_steps(self) -> int:
        """Steps after which an evaluation cuts a game."""
        return -(-self.max_frames // self.frame_skip)
