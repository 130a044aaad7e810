"""Video files: frames go in, an H.264 `.mp4` that browsers play or a `.gif` comes out."""

from __future__ import annotations

import importlib.util
import math
from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from rlnas.errors import UserError, needs_extra, unknown
from rlnas.files import whole_file

if TYPE_CHECKING:
    from av import VideoFrame

LARGEST_SIDE = 640
"""Small frames are scaled up as long as neither side is longer than this, in pixels."""
GIF_LEVELS = (6, 7, 6)
"""Levels of red, green and blue that frames of more than 256 colours are rounded to in a GIF."""
CODECS = {
    # FFmpeg would leave out what has not changed, but it compares numbers of colours, and each frame has other colours.
    ".gif": ("gif", {"gifflags": "0"}, "pal8"),
    ".mp4": ("libx264", {"crf": "18", "preset": "veryfast"}, "yuv420p"),
}
"""For each suffix the codec, its options and the format of pixels."""


def check_video(path: Path, fps: float | None = None) -> None:
    """Raises a `UserError` unless a video can be written to a path, at so many frames of a second where given."""
    if path.suffix not in CODECS:
        raise unknown("kind of video", path.suffix or path.name, CODECS)
    if path.is_dir():
        raise UserError(f"the video {str(path)!r} is a folder: name a file.")
    if fps is not None and fps != allowed_fps(path, fps):
        highest = allowed_fps(path, math.inf)
        raise UserError(f"fps of a {path.suffix} video must be from 1 to {highest:g}, not {fps:g}.")
    if importlib.util.find_spec("av") is None:
        raise needs_extra("a video needs", "video")


def allowed_fps(path: Path, fps: float) -> float:
    """The speed nearest to another that a kind of video may have."""
    # A GIF counts hundredths of a second, and browsers slow down frames that last less than two of them.
    return min(max(fps, 1), 50 if path.suffix == ".gif" else 240)


def scale_up(frame: np.ndarray) -> np.ndarray:
    """Enlarges a frame `(height, width, ...)` by the largest factor that keeps both sides within `LARGEST_SIDE`."""
    factor = max(1, LARGEST_SIDE // max(frame.shape[:2]))
    return frame.repeat(factor, axis=0).repeat(factor, axis=1)


def find_palette(frame: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Splits a frame `(height, width, 3)` uint8 into numbers of colours, `(height, width)`, and colours, both uint8.

    Up to 256 colours are kept; of more, all are rounded to the nearest of `GIF_LEVELS`. The colours are `(256, 4)`:
    alpha, red, green, blue.
    """
    codes = frame.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], dtype=np.uint32)
    colours, numbers = np.unique(codes, return_inverse=True)
    if len(colours) > 256:
        steps = np.array(GIF_LEVELS) - 1
        rounded = np.rint(np.rint(frame / 255 * steps) / steps * 255).astype(np.uint8)
        return find_palette(rounded)
    palette = np.zeros((256, 4), dtype=np.uint8)
    palette[:, 0] = 255
    palette[: len(colours), 1:] = np.stack([colours >> 16, colours >> 8, colours], axis=1) & 255
    return numbers.reshape(frame.shape[:2]).astype(np.uint8), palette


class VideoWriter:
    """Writes a video frame by frame, as the block of a `with` statement; the file is there when the block ends well.

    The suffix of the path decides the format; see `check_video`.
    """

    def __init__(self, path: Path, fps: float):
        check_video(path, fps)
        self.frames = 0
        self._path = path
        self._rate = Fraction(fps).limit_denominator(1000)
        self._stream: Any = None
        self._shape: tuple[int, ...] = ()

    def __enter__(self) -> Self:
        import av

        # With its index in front, an mp4 plays before all of it is there.
        options = {"movflags": "+faststart"} if self._path.suffix == ".mp4" else {}
        with ExitStack() as opening:
            temporary = opening.enter_context(whole_file(self._path))
            container = av.open(str(temporary), "w", format=self._path.suffix[1:], options=options)
            self._container = opening.enter_context(container)
            opening.push(self._finish)
            self._open = opening.pop_all()
        return self

    def add(self, frame: np.ndarray) -> None:
        """Adds a frame, `(height, width, 3)` uint8; raises a `ValueError` if another one had another size."""
        if self._stream is None:
            self._shape = frame.shape
            self._begin(*scale_up(frame).shape[:2])
        if frame.shape != self._shape:
            raise ValueError(f"frames must all have the shape {self._shape}, not {frame.shape}")
        picture = self._picture(frame)
        picture.pts, picture.time_base = self.frames, 1 / self._rate
        self._container.mux(self._stream.encode(picture))
        self.frames += 1

    def _begin(self, height: int, width: int) -> None:
        """Begins the video; its sides are even, since H.264 keeps one colour for 2x2 pixels."""
        codec, options, pixels = CODECS[self._path.suffix]
        stream: Any = self._container.add_stream(codec, rate=self._rate, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        if self._path.suffix == ".mp4":
            stream.width, stream.height = width + width % 2, height + height % 2
            stream.codec_context.thread_count = 1  # the bytes depend on the number of threads
        self._stream = stream

    def _picture(self, frame: np.ndarray) -> VideoFrame:
        from av import VideoFrame

        if self._path.suffix == ".gif":
            numbers, palette = find_palette(frame)
            return VideoFrame.from_ndarray((scale_up(numbers), palette), format="pal8")  # type: ignore[arg-type]
        large = scale_up(frame)
        missing = [(0, side % 2) for side in large.shape[:2]]
        return VideoFrame.from_ndarray(np.pad(large, [*missing, (0, 0)]), format="rgb24")

    def _finish(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None and self._stream is not None:
            self._container.mux(self._stream.encode(None))

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)
