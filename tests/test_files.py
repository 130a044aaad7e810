"""Files that are written whole, also by several at a time."""

import threading
from pathlib import Path

import pytest

from rlnas.files import whole_file, write_bytes

TIMES = 60


def test_writers_of_one_file_do_not_meet(tmp_path: Path) -> None:
    path, failed = tmp_path / "report.html", []
    contents = [letter * 300_000 for letter in (b"a", b"b", b"c")]

    def write(data: bytes) -> None:
        try:
            for number in range(TIMES):
                if number % 2:
                    write_bytes(path, data)
                else:
                    with whole_file(path) as temporary:
                        temporary.write_bytes(data)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=write, args=(data,)) for data in contents]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        if path.exists():
            assert path.read_bytes() in contents
    assert failed == []
    assert [found.name for found in tmp_path.iterdir()] == ["report.html"]


def test_a_file_that_fails_leaves_the_old_one_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "old.html"
    path.write_text("old")

    def fail(place: Path) -> None:
        with whole_file(place) as temporary:
            temporary.write_text("new")
            raise FileNotFoundError("a font")

    for place in (path, tmp_path / "new" / "folder" / "new.html"):
        with pytest.raises(FileNotFoundError, match="a font"):
            fail(place)
    assert path.read_text() == "old"
    assert [found.name for found in tmp_path.iterdir()] == ["old.html"]


def test_what_a_kill_left_is_written_over(tmp_path: Path) -> None:
    (tmp_path / ".report.html.part").write_text("half of something longer")
    write_bytes(tmp_path / "report.html", b"whole")
    assert (tmp_path / "report.html").read_text() == "whole"
    assert not (tmp_path / ".report.html.part").exists()
