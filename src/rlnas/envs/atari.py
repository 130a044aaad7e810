"""Atari games, through ale-py's C++ vector environment."""

import importlib.util
from functools import partial

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from gymnasium.spaces import Space as GymSpace

from rlnas.envs.actions import DiscreteActions
from rlnas.envs.base import Step, VectorEnv
from rlnas.envs.family import Camera, Defaults, EnvFamily
from rlnas.envs.settings import Channels, EnvSettings
from rlnas.errors import EnvironmentFault, UserError

FIRE = 1
"""ALE's number of the FIRE button in its list of all actions."""
FPS = 60
"""Frames of a second of the console."""


class AtariEnv(VectorEnv):
    """Atari games with the standard preprocessing and full-game scores.

    Emulator, frame-skip, max over the last two frames, scaling and frame stack run in ale-py's threads. This class
    adds what the C++ side lacks: a lost life ends the trajectory but not the game, FIRE follows a lost life, and steps
    that the policy did not choose are marked as not valid.

    Args:
        rom: ROM name in snake case, e.g. `"breakout"`.
        settings: the options.
        num_envs: overrides `settings.num_envs`.
        threads: emulator threads.
        film: observe what a person would see, `(1, height, width, 3)` in colour, instead of a stack of gray squares.
    """

    def __init__(
        self, rom: str, settings: EnvSettings, num_envs: int | None = None, threads: int = 1, film: bool = False
    ):
        from ale_py.vector_env import AtariVectorEnv

        super().__init__(num_envs or settings.num_envs)
        self.settings = settings
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
        self.actions = DiscreteActions(len(buttons))
        self.max_steps = -(-settings.max_frames // settings.frame_skip)
        self._fire = buttons.index(FIRE) if settings.fire and FIRE in buttons else None
        self.observation_shape = (stack, height, width, 3) if film else (stack, height, width)
        self.observation_dtype = np.dtype(np.uint8)
        self._lives = np.zeros(self.num_envs, dtype=np.int64)
        self._force_fire = np.zeros(self.num_envs, dtype=bool)

    def reset(self, seeds: np.ndarray) -> np.ndarray:
        if "_env" not in self.__dict__:
            self._env = self._make()
        observation, info = self._env.reset(seed=np.asarray(seeds, dtype=np.int64))
        self._forget_games()
        self._lives = info["lives"].astype(np.int64)
        self._force_fire[:] = self._fire is not None
        return observation

    def step(self, actions: np.ndarray) -> Step:
        self.actions.check(actions, self.num_envs)  # one that is out of range would hang ale-py for ever
        resetting = self._over
        forced = self._force_fire & ~resetting
        if self._fire is not None:
            actions = np.where(forced, self._fire, actions)
        observation, reward, terminated, truncated, info = self._env.step(actions.astype(np.int64, copy=False))
        lives = info["lives"].astype(np.int64)
        reward = reward.astype(np.float32)
        # Some games show 0 lives for a while before they are over; the end of the game is the loss of the last.
        lost_life = (lives < self._lives) & (lives > 0) & ~resetting
        episodes = self._count(reward, terminated | truncated, truncated)
        if self._fire is not None:
            self._force_fire = lost_life | resetting
        if self.settings.life_loss_ends_trajectory:
            terminated = terminated | lost_life
        self._lives = lives
        return Step(observation, reward, terminated, truncated, ~(resetting | forced), episodes)

    def close(self) -> None:
        # ale-py's own close() does nothing; the emulator threads end with the object.
        self.__dict__.pop("_env", None)


def screen_size(rom: str) -> tuple[int, int]:
    """Height and width of a game's screen, 210x160 in nearly all games."""
    from ale_py import ALEInterface, roms

    emulator, path = ALEInterface(), roms.get_rom_path(rom)
    assert path is not None
    emulator.loadROM(path)
    height, width = emulator.getScreenDims()
    return int(height), int(width)


class AtariCamera(Camera):
    """Plays the same game a second time, in colour and in the screen's own size.

    ale-py's vector environment gives no colours beside the gray squares that agents see. But a game depends on its seed
    and its actions alone, so a twin with the same settings plays the same one; every step is compared.
    """

    def __init__(self, rom: str, settings: EnvSettings):
        self.fps = FPS / settings.frame_skip
        self._twin = AtariEnv(rom, settings, num_envs=1, film=True)

    def reset(self, seeds: np.ndarray, observation: np.ndarray) -> np.ndarray:
        return self._twin.reset(seeds)[0, 0]

    def step(self, actions: np.ndarray, step: Step) -> np.ndarray:
        twin = self._twin.step(actions)
        for name in ("reward", "terminated", "truncated", "valid"):
            if not np.array_equal(getattr(twin, name), getattr(step, name)):
                raise EnvironmentFault("the emulator played two games from one seed: the video is of another game.")
        return twin.observation[0, 0]

    def close(self) -> None:
        self._twin.close()


class Atari(EnvFamily):
    """The games of the Arcade Learning Environment."""

    prefix = "ALE/"
    options = tuple(name for name in EnvSettings.model_fields if name not in ("channels", "scale_actions"))
    extra = "atari"
    packages = ("ale-py",)
    defaults = Defaults("the paper's table 4", {}, {})

    def owns(self, env_id: str) -> bool:
        """Whether an id is that of a game, also an old one, such as `BreakoutNoFrameskip-v4`."""
        spec = gymnasium.registry.get(env_id)
        return super().owns(env_id) or (spec is not None and str(spec.entry_point).startswith("ale_py"))

    def ids(self) -> list[str]:
        if importlib.util.find_spec("ale_py") is not None and f"{self.prefix}Breakout-v5" not in gymnasium.registry:
            import ale_py

            ale_py.ALEInterface.setLoggerMode(ale_py.LoggerMode.Error)
            gymnasium.register_envs(ale_py)
        return [name for name in gymnasium.registry if name.startswith(self.prefix)]

    def make(self, env_id: str, settings: EnvSettings, num_envs: int, threads: int = 1) -> VectorEnv:
        return AtariEnv(self._rom(env_id), settings, num_envs, threads)

    def film(self, env_id: str, settings: EnvSettings) -> tuple[VectorEnv, Camera]:
        return self.make(env_id, settings, 1), AtariCamera(self._rom(env_id), settings)

    def spaces(self, env_id: str, shape: tuple[int, ...], outputs: int, channels: Channels) -> tuple[Box, GymSpace]:
        return Box(0, 255, shape, np.uint8), Discrete(outputs)

    def _rom(self, env_id: str) -> str:
        game = gymnasium.spec(env_id).kwargs.get("game")
        if not env_id.startswith(self.prefix):
            name = str(game or "breakout").title().replace("_", "")
            raise UserError(f"{env_id!r} is an old id of an Atari game: use {self.prefix}{name}-v5.")
        if not isinstance(game, str) or "ram" in env_id.rpartition("/")[2].split("-")[1:-1]:
            raise UserError(f"{env_id!r} is not a game with pixel observations.")
        return game
