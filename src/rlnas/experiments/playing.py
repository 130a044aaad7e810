"""`rlnas.play`: a video of full games that a trained agent plays."""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from pathlib import Path
from typing import Any

from rlnas.calls import Count, Number, Place, RunPlace
from rlnas.experiments.evaluating import Evaluation, game_streams, open_agent
from rlnas.experiments.options import GameOptions
from rlnas.experiments.request import function
from rlnas.experiments.settings import resolve_device
from rlnas.processes import absolute


@dataclass(frozen=True, repr=False)
class Film(Evaluation):
    """Full games of a trained agent, and the video that shows them one after another.

    Attributes:
        path: the video.
        fps: its frames of a second.
        frames: how many it has: for each game the first, and one for every step.
    """

    path: Path
    fps: float
    frames: int

    def _facts(self) -> dict[str, Any]:
        return {**super()._facts(), "video": str(self.path), "fps": self.fps, "frames": self.frames}


@dataclass(frozen=True)
class PlayRequest(GameOptions):
    """Write a video of full games of a trained agent: the best of a search, or that of a training.

    The games begin like those of `rlnas evaluate` with the same seed, and run through the same code.
    """

    words = "play"

    run: RunPlace
    """Run directory of a search or a training."""

    video: Place
    """File to write; its name must end in .mp4 (H.264) or .gif. An old one is replaced."""

    episodes: Count = 1
    """Full games, shown one after another."""

    _: KW_ONLY

    fps: Number | None = None
    """Frames per second. By default those at which the games look right, or the nearest that the format takes."""

    def result(self) -> Film:
        """Plays the games; if something is wrong with the agent, the environment or the format, nothing is written."""
        from rlnas.video import VideoWriter, allowed_fps, check_video

        path = absolute(self.video)
        check_video(path, self.fps)

        from rlnas.algorithms.play import play_episodes
        from rlnas.algorithms.torch_modes import torch_threads
        from rlnas.envs import film_env

        device = resolve_device(self.device)
        settings, network = open_agent(absolute(self.run), self.imports, device)
        writer: VideoWriter
        stream, seeds = game_streams(self.seed, self.episodes, device)
        env, natural = film_env(settings.env, settings.env_settings, lambda frame: writer.add(frame))
        games = []
        try:
            fps = allowed_fps(path, natural) if self.fps is None else self.fps
            writer = VideoWriter(path, fps)
            with torch_threads(1), writer:
                for start in seeds.reshape(-1, 1):
                    played = play_episodes([lambda: network], env, start, [stream], device=device, greedy=self.greedy)
                    games += played[0]
        finally:
            env.close()
        scores, lengths = [game.score for game in games], [game.length for game in games]
        cut = sum(game.cut for game in games)
        return Film(settings.architecture, scores, lengths, path, fps, writer.frames, cut=cut)


play = function(PlayRequest, "play")
