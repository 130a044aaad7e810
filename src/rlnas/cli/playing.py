"""The command `rlnas play`."""

from __future__ import annotations

from typing import Annotated

import tyro

from rlnas import experiments as api
from rlnas.cli.arguments import Modules, NewFile, Run, find_modules_here
from rlnas.cli.printing import console, place, print_remarks


def play(
    run: Run,
    video: NewFile,
    episodes: int = 1,
    seed: int = 0,
    greedy: bool = False,
    fps: Annotated[float | None, tyro.conf.arg(metavar="N", help_behavior_hint="")] = None,
    device: str = "auto",
    import_: Modules = (),
) -> None:
    """Write a video of full games of a trained agent: the best of a search, or that of a training.

    Args:
        run: Run directory.
        video: File to write; its name must end in .mp4 or .gif.
        episodes: Full games, shown one after another.
        seed: Root of the games' random streams.
        greedy: Take the most probable action instead of drawing one.
        fps: Frames of a second; by default those at which the games look right, or the nearest that the format takes.
        device: auto, cpu or cuda.
        import_: The modules that the run imports; they are code, so they must be named.
    """
    modules = find_modules_here(import_)
    film = api.play(run, video, episodes, seed=seed, greedy=greedy, fps=fps, device=device, imports=modules)
    for number, (score, length) in enumerate(zip(film.scores, film.lengths, strict=True), 1):
        console.print(f"Game {number} of {film.architecture}: return {score:g}, {length:,} steps.", soft_wrap=True)
    print_remarks([film.cut_words] if film.cut else [])
    console.print(f"Video: {place(film.path)}", soft_wrap=True, markup=False)
