import csv
import json
import re

from rlnas.report import write_report

from .helpers import ENV, Page, read, result, space, study, trial, write

BAD = "<script>alert('x')</script>\"&"


def test_text_is_escaped(tmp_path):
    page = read(study(tmp_path, imports=[BAD]))
    assert not {"b&env-v0", "i", "script"} & set(page.tags)
    assert ENV in page.text
    assert "tiny<i>" in page.text
    assert BAD in page.text


def test_what_a_strangers_run_says_stays_text(tmp_path):
    odd = {"env": BAD, "imports": [BAD], "strategy": BAD, "strategy_options": {BAD: BAD}, "device": BAD}
    odd |= {"versions": {BAD: BAD}, "space": {**space().to_dict(), "name": BAD}}
    study(tmp_path, **odd, table={"source": BAD, "checksum": BAD, "seeds": [1, 2]})
    failed = trial(tmp_path, "k=2", 1, None, status=BAD, reason=BAD)
    broken = trial(tmp_path, "k=2", 2, None, status="failed", reason=BAD)
    good = {name: [trial(tmp_path, name, seed, 5.0) for seed in (1, 2)] for name in ("k=5", "nature-cnn")}
    result(tmp_path, "k=5", {**good, "k=2": [failed, broken]})
    data = json.loads((tmp_path / "result.json").read_text())
    data["search"]["remarks"] = [BAD]
    write(tmp_path / "result.json", data)
    page = read(tmp_path)
    # The title, the texts, and the settings: everything above is somewhere.
    assert page.title.startswith(f"k=5 scored 5.00 on {BAD}")
    assert page.text.count(BAD) > 10
    assert "script" not in page.tags
    assert not any(name.startswith("on") for name, _ in page.attributes)


def test_the_page_may_load_and_run_nothing(tmp_path):
    page = read(study(tmp_path))
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in page.attributes


def test_nothing_external(tmp_path):
    file = write_report(study(tmp_path))
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    links = [value for name, value in page.attributes if name.split(":")[-1] in ("src", "href")]
    assert all(value.startswith("#") for value in links)
    assert not re.search(r"https?:|@import|url\((?!#)", text)
    assert not {"script", "link", "iframe", "img"} & set(page.tags)
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.endswith(".tmp")] == []


def test_ids_are_unique_and_references_resolve(tmp_path):
    page = read(study(tmp_path))
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    references = [value[1:] for name, value in page.attributes if name.endswith("href")]
    references += [value[5:-1] for name, value in page.attributes if name == "clip-path"]
    assert references
    assert set(references) <= set(ids)


def test_charts_take_the_colours_of_the_page(tmp_path):
    text = write_report(study(tmp_path)).read_text(encoding="utf-8")
    charts = re.findall(r"<svg[^>]*chart.*?</svg>", text, flags=re.DOTALL)
    assert len(charts) == 6
    assert all("var(--ink)" in chart or "var(--muted)" in chart for chart in charts)
    # What matplotlib leaves at its default would be black or white in both modes.
    assert not re.search(r"(fill|stroke): #", "".join(charts))
    words = re.findall(r"<text[^>]*>", "".join(charts))
    assert words
    assert all("fill: var(--" in word for word in words)


def test_every_table_of_a_report_is_saved_as_csv(tmp_path):
    path = study(tmp_path)
    shown = Page(write_report(path, csv=True).read_text(encoding="utf-8")).tags.count("table")
    files = {file.stem: list(csv.reader(file.open(encoding="utf-8"))) for file in (path / "report").iterdir()}
    assert len(files) == shown
    assert all(len({*map(len, rows)}) == 1 and len(rows) > 1 for rows in files.values())
    assert files["networks-score-and-cost"][0][0] == "network"
