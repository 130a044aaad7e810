"""Files that are written whole, also by several at a time."""

import fcntl
import os
import threading
from pathlib import Path

import pytest

from rlnas.errors import UserError
from rlnas.files import DEEPEST, check_no_links, open_own, read_bytes, read_json, whole_file, write_bytes

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


def write(path: Path, how: str) -> None:
    if how == "whole":
        with whole_file(path) as temporary:
            temporary.write_bytes(b"new")
    else:
        write_bytes(path, b"new")


@pytest.mark.parametrize("how", ["bytes", "whole"])
def test_nothing_is_written_through_a_link(tmp_path: Path, how: str) -> None:
    precious, run = tmp_path / "precious", tmp_path / "run"
    precious.write_text("mine")
    run.mkdir()
    for name in ("report.html", ".report.html.part", ".report.html.0123456789abcdef.part"):
        (run / name).symlink_to(precious)
    write(run / "report.html", how)
    assert precious.read_text() == "mine"
    assert not (run / "report.html").is_symlink()
    assert (run / "report.html").read_bytes() == b"new"


def test_a_part_that_is_being_written_stays(tmp_path: Path) -> None:
    with whole_file(tmp_path / "video.gif") as temporary:
        temporary.write_bytes(b"half")
        write_bytes(tmp_path / "video.gif", b"other")
        assert temporary.read_bytes() == b"half"
    assert (tmp_path / "video.gif").read_bytes() == b"half"


def test_parts_that_kills_left_do_not_heap_up(tmp_path: Path) -> None:
    for number in range(5):
        if os.fork() == 0:
            with whole_file(tmp_path / "video.gif"):
                os._exit(number)
        os.wait()
    assert len(list(tmp_path.iterdir())) == 1
    write_bytes(tmp_path / "video.gif", b"whole")
    assert [found.name for found in tmp_path.iterdir()] == ["video.gif"]


def test_without_locks_no_part_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_locks(file: int, how: int) -> None:
        raise OSError(38, "no locks")

    monkeypatch.setattr(fcntl, "flock", no_locks)
    with whole_file(tmp_path / "a") as temporary:
        temporary.write_bytes(b"half")
        write_bytes(tmp_path / "a", b"other")
        assert temporary.exists()


def make_odd(path: Path, kind: str) -> None:
    if kind == "link":
        (path.parent / "precious").write_text("mine")
        path.symlink_to(path.parent / "precious")
    elif kind == "second name":
        (path.parent / "precious").write_text("mine")
        path.hardlink_to(path.parent / "precious")
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        path.mkdir()


@pytest.mark.parametrize("kind", ["link", "second name", "pipe", "folder"])
def test_a_log_or_a_lock_is_a_file_of_its_own(tmp_path: Path, kind: str) -> None:
    make_odd(tmp_path / "worker.log", kind)
    with pytest.raises(UserError, match=r"worker\.log' is no plain file"):
        open_own(tmp_path / "worker.log")
    assert not (tmp_path / "precious").exists() or (tmp_path / "precious").read_text() == "mine"


@pytest.mark.parametrize("kind", ["pipe", "folder"])
def test_nothing_but_a_plain_file_is_read(tmp_path: Path, kind: str) -> None:
    make_odd(tmp_path / "result.json", kind)
    with pytest.raises(UserError, match=r"result\.json' cannot be read"):
        read_bytes(tmp_path / "result.json")


def test_a_folder_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run/trials").mkdir(parents=True)
    check_no_links(tmp_path / "run")
    (tmp_path / "run/trials/k1=1").symlink_to(tmp_path)
    with pytest.raises(UserError, match="run/trials/k1=1' is a link"):
        check_no_links(tmp_path / "run")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "lie in one another"),
        ("[" * 100_000 + "]" * 100_000, "lie in one another"),
        ('{"a":' * (DEEPEST + 1) + "1" + "}" * (DEEPEST + 1), "lie in one another"),
        ("1" * 5_000, "cannot be read"),
        ("[NaN]", "NaN is no number"),
        ("[-Infinity]", "-Infinity is no number"),
        ("{", "cannot be read"),
        ("\udcff", "cannot be read"),
    ],
)
def test_json_that_no_run_writes_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "result.json").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(UserError, match=message):
        read_json(tmp_path / "result.json")


def test_json_of_the_greatest_depth_is_read(tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("[" * DEEPEST + "]" * DEEPEST)
    assert len(read_json(tmp_path / "result.json")) == 1
