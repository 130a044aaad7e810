"""The page in a real browser, at a phone's width too."""

import json
import re
import shutil
import subprocess
from html import escape, unescape
from pathlib import Path

import pytest

from rlnas.report import write_report
from rlnas.spaces import load_space

from .helpers import ENV, study, study_json, write

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
PHONE = 390

pytestmark = pytest.mark.skipif(BROWSER is None, reason="no Chromium or Chrome is installed")

FRAME = """<!DOCTYPE html><title></title>
<iframe id="page" style="width: %dpx; height: 800px; border: 0" srcdoc="%s"></iframe>
<script>addEventListener("load", () => {
  const { contentWindow: view, contentDocument: page } = document.getElementById("page");
  const out = [...page.querySelectorAll("svg.network text")].filter(text => {
    const own = text.getBoundingClientRect(), box = text.ownerSVGElement.getBoundingClientRect();
    return own.left < box.left - 1 || own.right > box.right + 1 || own.bottom > box.bottom + 1;
  });
  document.title = JSON.stringify({
    inner: view.innerWidth, scroll: page.documentElement.scrollWidth,
    requests: view.performance.getEntriesByType("resource").length,
    outside: out.map(text => text.textContent), charts: page.querySelectorAll("svg.chart").length,
  });
})</script>"""
"""Looks at a page in a frame, since a window of the browser is never as narrow as a phone."""


def browse(page: Path, width: int) -> tuple[str, list[str]]:
    """Opens a page; returns its document as the browser holds it, and what it wrote to the console."""
    command = [BROWSER, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    command += ["--no-first-run", "--disable-extensions", "--disable-background-networking", "--hide-scrollbars"]
    command += [f"--user-data-dir={page.parent / 'profile'}", f"--window-size={width},800"]
    command += ["--enable-logging=stderr", "--dump-dom", page.resolve().as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return done.stdout, [line for line in done.stderr.splitlines() if ":CONSOLE" in line]


def measure(page: Path, width: int) -> dict:
    """What a page looks like in a frame of a width."""
    frame = page.with_name("frame.html")
    frame.write_text(FRAME % (width, escape(page.read_text(encoding="utf-8"))), encoding="utf-8")
    document, console = browse(frame, 1200)
    assert console == []
    return json.loads(unescape(re.search("<title>(.*?)</title>", document)[1]))


def large(path: Path) -> Path:
    """A study of long names: those of the largest space."""
    space = load_space("paper-large")
    names = [space.architecture([i % 4, i % 5] + [3, 2] * 8).id for i in range(3)]
    study_json(path, space=space.to_dict(), env="A-very-long-name-of-an-environment-that-does-not-break-v0")
    write(path / "search" / "ranking.json", [{"architecture": n, "proxy": 9.0 - i} for i, n in enumerate(names)])
    cost = {"space": space.name, "parameters": 1, "multiply_adds": 2}
    for name in names[:2]:
        data = {**cost, "architecture": name, "seed": 1, "total_reward": 3.0, "curve_steps": [1, 9], "curve": [1, 3]}
        write(path / "trials" / name / "seed-1" / "result.json", data)
    return path


def scripted(path: Path) -> Path:
    return study(path, {"k=5": [7.0, 8.0, 9.0], "k=2": [3.0, 3.5, 2.5], "nature-cnn": [5.0, 6.0, 5.5]})


def test_nothing_is_said_on_the_console_and_nothing_of_a_run_is_executed(tmp_path):
    bad = "<script>document.title = 'taken'</script><img src=x onerror=\"document.title = 'taken'\">"
    page = write_report(study(tmp_path, imports=[bad], device=bad))
    document, console = browse(page, 1200)
    assert console == []
    assert "<title>k=5 scored 7.25" in document
    assert ENV.replace("<b>&", "&lt;b&gt;&amp;") in document


@pytest.mark.parametrize("make", [scripted, large])
def test_a_phone_shows_the_page_without_scrolling_sideways(tmp_path, make):
    found = measure(write_report(make(tmp_path)), PHONE)
    assert found["inner"] == PHONE
    assert found["scroll"] <= PHONE
    assert found["requests"] == 0
    assert found["outside"] == []
    assert found["charts"] >= 4
