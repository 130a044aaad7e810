import re

from rlnas.report import write_report

from .helpers import ENV, Page, read, study


def test_text_is_escaped(tmp_path):
    page = read(study(tmp_path, imports=["<script>alert(1)</script>"]))
    assert not {"b&env-v0", "i", "script"} & set(page.tags)
    assert ENV in page.text
    assert "tiny<i>" in page.text
    assert "<script>alert(1)</script>" in page.text


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
