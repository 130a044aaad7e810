"""Videos, read back with PyAV."""

from pathlib import Path

import av
import numpy as np
import pytest

from rlnas.errors import UserError
from rlnas.video import LARGEST_SIDE, VideoWriter, allowed_fps, find_palette, scale_up


def read(path: Path) -> tuple[float, list[np.ndarray]]:
    """The speed and the frames of a video."""
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        return float(container.streams.video[0].average_rate), frames


def scene(number: int) -> np.ndarray:
    """Frames of 10x15 with a moving white field on a ground whose colour changes: each has a palette of its own."""
    frame = np.full((10, 15, 3), (200, 30 + 20 * number, 40), dtype=np.uint8)
    frame[5, 2 * number] = 255
    return frame


def write(path: Path, frames: list[np.ndarray], fps: float = 20) -> Path:
    with VideoWriter(path, fps) as writer:
        for frame in frames:
            writer.add(frame)
    return path


@pytest.mark.parametrize(("suffix", "slack"), [(".gif", 0), (".mp4", 6)])
def test_the_frames_that_went_in_come_out(suffix, slack, tmp_path):
    scenes = [scene(number) for number in range(7)]
    fps, found = read(write(tmp_path / f"x{suffix}", scenes))
    assert fps == pytest.approx(20)
    assert len(found) == 7
    factor = LARGEST_SIDE // 15
    for frame, expected in zip(found, scenes, strict=True):
        assert frame.shape == (10 * factor, 15 * factor, 3)
        middles = frame[factor // 2 :: factor, factor // 2 :: factor]
        assert np.abs(middles.astype(int) - expected).max() <= slack


def test_a_gif_of_plain_colours_changes_them(tmp_path):
    shades = [(250, 250, 250), (0, 0, 0), (9, 99, 200)]
    _, found = read(write(tmp_path / "x.gif", [np.full((4, 4, 3), shade, dtype=np.uint8) for shade in shades]))
    assert [tuple(frame[7, 7]) for frame in found] == shades


def test_an_mp4_is_one_that_browsers_play(tmp_path):
    path = write(tmp_path / "x.mp4", [np.zeros((641, 5, 3), dtype=np.uint8)] * 3, fps=15)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.pix_fmt) == ("h264", "yuv420p")
        assert (stream.width, stream.height) == (6, 642)  # even, one black row and column more
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
def test_equal_frames_give_equal_bytes(suffix, tmp_path):
    scenes = [scene(number) for number in range(7)]
    one, two = (write(tmp_path / f"{name}{suffix}", scenes).read_bytes() for name in "ab")
    assert one == two


def test_frames_are_scaled_by_whole_numbers():
    assert scale_up(np.zeros((210, 160, 3))).shape == (630, 480, 3)
    assert scale_up(np.zeros((400, 600, 3))).shape == (400, 600, 3)
    assert scale_up(np.zeros((900, 30))).shape == (900, 30)
    assert scale_up(np.array([[1, 2]])).shape == (LARGEST_SIDE // 2, LARGEST_SIDE)


def test_a_palette_keeps_256_colours_and_rounds_more():
    rng = np.random.default_rng(0)
    few = rng.integers(256, size=(256, 3), dtype=np.uint8)[rng.integers(256, size=(40, 30))]
    numbers, palette = find_palette(few)
    np.testing.assert_array_equal(palette[numbers][..., 1:], few)
    assert (palette[:, 0] == 255).all()
    many = rng.integers(256, size=(40, 30, 3), dtype=np.uint8)
    numbers, palette = find_palette(many)
    assert np.abs(palette[numbers][..., 1:].astype(int) - many).max() <= 26  # half of 255 / 5


@pytest.mark.parametrize(
    ("name", "fps", "parts"),
    [
        ("x.avi", 30, ["'.avi'", ".gif, .mp4"]),
        ("mp4", 30, ["'mp4'", ".gif, .mp4"]),
        ("x.mp4", 0, ["fps", "1 to 240", "not 0"]),
        ("x.mp4", float("nan"), ["fps", "nan"]),
        ("x.gif", 60, ["fps", "1 to 50", "not 60"]),
        (".mp4/x.mp4", 30, ["folder"]),
    ],
)
def test_what_is_refused(name, fps, parts, tmp_path):
    (tmp_path / ".mp4/x.mp4").mkdir(parents=True)
    with pytest.raises(UserError) as caught:
        VideoWriter(tmp_path / name, fps)
    for part in parts:
        assert part in str(caught.value)


def test_a_missing_library_is_named(tmp_path, monkeypatch):
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"pip install .* -e '\.\[video\]'"):
        VideoWriter(tmp_path / "x.mp4", 30)


def write_until_the_cable_is_cut(writer: VideoWriter, count: int) -> None:
    for number in range(count):
        writer.add(scene(number))
    raise RuntimeError("cable cut")


@pytest.mark.parametrize("suffix", [".gif", ".mp4"])
@pytest.mark.parametrize("count", [0, 3])
def test_an_error_leaves_nothing_behind_and_the_old_file_as_it_was(count, suffix, tmp_path):
    old = write(tmp_path / f"old{suffix}", [scene(0)])
    before = old.read_bytes()
    for path in (old, tmp_path / "new" / "folder" / f"x{suffix}"):
        with pytest.raises(RuntimeError, match="cable cut"), VideoWriter(path, 30) as writer:
            write_until_the_cable_is_cut(writer, count)
    assert list(tmp_path.iterdir()) == [old]
    assert old.read_bytes() == before


def test_frames_of_another_size_are_refused(tmp_path):
    with pytest.raises(ValueError, match="shape"), VideoWriter(tmp_path / "x.gif", 30) as writer:
        [writer.add(frame) for frame in (scene(0), scene(0)[1:])]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "natural", "allowed"),
    [("x.gif", 60, 50), ("x.gif", 15, 15), ("x.mp4", 1000, 240), ("x.mp4", 60, 60), ("x.mp4", 0.25, 1)],
)
def test_the_nearest_speed_that_a_format_takes(name, natural, allowed):
    assert allowed_fps(Path(name), natural) == allowed
