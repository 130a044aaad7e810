"""`rlnas.play`: a video of full games that a trained agent plays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rlnas import calls
from rlnas.calls import checked_call
from rlnas.experiments.prepare import resolve_device
from rlnas.experiments.runs import Evaluation, game_streams, open_agent
from rlnas.processes import absolute, settled


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


@settled()
@checked_call
def play(
    run: calls.Place,
    video: calls.Place,
    episodes: calls.Count = 1,
    *,
    seed: calls.Seed = 0,
    greedy: calls.Flag = False,
    fps: calls.Number | None = None,
    device: calls.Text = "auto",
    imports: calls.Modules = (),
) -> Film:
    """Plays full games with a trained agent, the best of a study or that of a training, and writes a video of them.

    The games begin like those of `evaluate` with the same seed, and run through the same code.

    Args:
        run: the run directory of a search or a training.
        video: the file to write, `.mp4` (H.264) or `.gif`; an old one is replaced.
        episodes: full games, shown one after another.
        seed: root of the games' random streams, which no training shares.
        greedy: take the most probable action instead of drawing one.
        fps: frames of a second; by default those at which the games look right, or the nearest that the format takes.
        device: where the network runs: `auto` (CUDA where there is one), `cpu` or `cuda`, whatever it was trained on.
            The same seed gives other games on another device.
        imports: the modules that the run imports, allowed by name, since they are code.

    Raises:
        UserError: if there is no trained agent, the run imports a module that is not allowed, there is no such
            device, the environment cannot draw itself, or the video's format or speed is not one of those allowed.
            Nothing is written then.
        EnvironmentFault: if the environment fails. Nothing is written then.
    """
    from rlnas.video import VideoWriter, allowed_fps, check_video

    path = absolute(video)
    check_video(path, fps)

    from rlnas.algorithms.play import play_episodes
    from rlnas.algorithms.torch_modes import torch_threads
    from rlnas.envs import film_env

    device = resolve_device(device)
    settings, network = open_agent(absolute(run), imports, device)
    writer: VideoWriter
    stream, seeds = game_streams(seed, episodes, device)
    env, natural = film_env(settings.env, settings.env_settings, lambda frame: writer.add(frame))
    games = []
    try:
        fps = allowed_fps(path, natural) if fps is None else fps
        writer = VideoWriter(path, fps)
        with torch_threads(1), writer:
            for number in range(episodes):
                start = seeds[number : number + 1]
                games += play_episodes([lambda: network], env, start, [stream], device=device, greedy=greedy)[0]
    finally:
        env.close()
    return Film(
        settings.architecture,
        [game.score for game in games],
        [game.length for game in games],
        path,
        fps,
        writer.frames,
        cut=sum(game.cut for game in games),
    )
