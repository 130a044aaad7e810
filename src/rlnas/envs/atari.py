"""Atari games, through ale-py's C++ vector environment."""

from __future__ import annotations

from functools import partial

import numpy as np

from rlnas.envs.actions import ActionSpace, DiscreteActions
from rlnas.envs.base import Bounds, EpisodeCounter, Step
from rlnas.envs.settings import EnvSettings
from rlnas.errors import needs_extra

FIRE = 1
"""ALE's number of the FIRE button in its list of all actions."""


class AtariEnv:
    """Atari games with the standard preprocessing and full-game scores.

    Emulator, frame-skip, max over the last two frames, scaling and frame stack run in ale-py's threads. This class
    adds what the C++ side lacks: a lost life ends the trajectory but not the game, FIRE follows a lost life, and
    steps that the policy did not choose are marked as not valid.

    Args:
        rom: ROM name in snake case, e.g. `"breakout"`.
        settings: the options.
        num_envs: overrides `settings.num_envs`.
        threads: emulator threads.
        film: observe what a person would see, `(1, height, width, 3)` in the emulator's own size and colours, instead
            of a stack of gray squares. The games are the same.
    """

    def __init__(
        self, rom: str, settings: EnvSettings, num_envs: int | None = None, threads: int = 1, film: bool = False
    ):
        try:
            from ale_py.vector_env import AtariVectorEnv
        except ImportError:
            raise needs_extra("Atari games need", "atari") from None
        self.num_envs = num_envs or settings.num_envs
        self.rom, self.settings = rom, settings
        stack = 1 if film else settings.frame_stack
        height, width = screen_size(rom) if film else (settings.screen_size, settings.screen_size)
        self._make = partial(
            AtariVectorEnv,
            rom,
            self.num_envs,
            num_threads=threads,
            max_num_frames_per_episode=settings.max_frames,
            repeat_action_probability=settings.sticky_actions,
            img_height=height,
            img_width=width,
            grayscale=not film,
            stack_num=stack,
            frameskip=settings.frame_skip,
            noop_max=settings.noop_max,
            # ale-py would press FIRE before the no-ops, so that every Breakout game began with the same flight of the
            # ball, and for one frame only, which sticky actions can swallow. FIRE is the first step of a game instead.
            use_fire_reset=False,
            # ale-py's own life-loss signal would hide a time limit that falls on the same step; lives tell both.
            episodic_life=False,
            life_loss_info=False,
            reward_clipping=False,
        )
        self._env = self._make()
        buttons = [action.value for action in self._env.ale.get_action_set()]
        self.actions: ActionSpace = DiscreteActions(len(buttons))
        self.remarks: dict[str, str] = {}
        self.max_steps: int | None = -(-settings.max_frames // settings.frame_skip)
        self._fire = buttons.index(FIRE) if settings.fire and FIRE in buttons else None
        self.observation_shape: tuple[int, ...] = (stack, height, width, 3) if film else (stack, height, width)
        self.observation_dtype = np.dtype(np.uint8)
        self.observation_bounds: Bounds | None = None
        self._games = EpisodeCounter(self.num_envs)
        self._lives = np.zeros(self.num_envs, dtype=np.int64)
        self._over = np.zeros(self.num_envs, dtype=bool)
        self._force_fire = np.zeros(self.num_envs, dtype=bool)

    @property
    def running_scores(self) -> np.ndarray:
        """See `VectorEnv.running_scores`."""
        return self._games.score

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        """Starts a new game in every environment; see `VectorEnv.reset`."""
        if "_env" not in self.__dict__:
            self._env = self._make()
        observation, info = self._env.reset(seed=np.asarray(seeds, dtype=np.int64))
        self._games.reset()
        self._lives = info["lives"].astype(np.int64)
        self._over[:] = False
        self._force_fire[:] = self._fire is not None
        return observation

    def step(self, actions: np.ndarray) -> Step:
        """Plays one action in every environment; see `VectorEnv.step`.

        Raises:
            EnvironmentFault: if an action is out of range, which would hang ale-py for ever.
        """
        self.actions.check(actions, self.num_envs)
        resetting = self._over
        forced = self._force_fire & ~resetting
        if self._fire is not None:
            actions = np.where(forced, self._fire, actions)
        observation, reward, terminated, truncated, info = self._env.step(actions.astype(np.int64, copy=False))
        lives = info["lives"].astype(np.int64)
        reward = reward.astype(np.float32)
        ended = terminated | truncated
        # Some games show 0 lives for a while before they are over; the end of the game is the loss of the last.
        lost_life = (lives < self._lives) & (lives > 0) & ~resetting
        episodes = self._games.add(reward, ~resetting, ended, truncated)
        if self._fire is not None:
            self._force_fire = lost_life | resetting
        if self.settings.life_loss_ends_trajectory:
            terminated = terminated | lost_life
        self._lives, self._over = lives, ended
        return Step(observation, reward, terminated, truncated, ~(resetting | forced), episodes)

    def close(self) -> None:
        """Stops the emulator threads."""
        # ale-py's own close() does nothing; they end with the object.
        self.__dict__.pop("_env", None)


def screen_size(rom: str) -> tuple[int, int]:
    """Height and width of a game's screen, 210x160 in nearly all games."""
    from ale_py import ALEInterface, roms

    emulator, path = ALEInterface(), roms.get_rom_path(rom)
    assert path is not None
    emulator.loadROM(path)
    height, width = emulator.getScreenDims()
    return int(height), int(width)
