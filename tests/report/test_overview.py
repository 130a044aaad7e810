"""Comparisons on several tables side by side."""

import csv
import re
from dataclasses import replace

import pytest

from rlnas.report.figures import FOUND, STAND_INS, style
from rlnas.report.overview import figure_4, heads, papers_table, table_1, write_overview
from rlnas.table import Table
from rlnas.table.files import write_table

from ..analysis.tables import MADE, NAMES, perfect, quick, row, search, table, worst
from .test_paper import papers


@pytest.fixture
def two(tmp_path):
    """Of two tables; the second has another hand-made network before the one that they share, and no ENAS."""
    one = quick(table(tmp_path), [perfect(seed=1), worst(seed=2), perfect(strategy="enas", seed=1)])
    (tmp_path / "second").mkdir()
    second = table(tmp_path / "second")
    rows = [*second.frame.to_dicts(), *(row("a-cnn", seed + 1, MADE[seed] - 1.5, MADE[seed]) for seed in range(3))]
    write_table(tmp_path / "b.parquet", rows, {"env": "Other-v0", "space": second.settings["space"]})
    other = Table.read(tmp_path / "b.parquet")
    return one, quick(other, [search({name: float(n) for n, name in enumerate(NAMES)}, seed=1, env="Other-v0")])


def test_a_column_for_each_and_a_dash_where_there_is_nothing(two):
    found_table = table_1(two).table
    assert [column.title for column in found_table.columns[2:]] == heads(two)
    rows = {(line[0].text, line[1].text): line[2:] for line in found_table.rows}
    assert len(rows) == 2 * 5
    assert [name for name, metric in rows if metric == "reward mean"] == [
        *("random search", "my-cnn", "a-cnn", "enas", "spos")
    ]
    view = two[0].views["total_reward"]
    found = {one.label: one for one in view.strategies}
    here, there = rows["spos", "total reward"]
    assert here.values == (found["spos"].mean, found["spos"].deviation, 2)
    assert here.text.endswith(" (2)")
    assert there.text.endswith(" (1)")
    assert [cell.text for cell in rows["enas", "total reward"]] == [f"{found['enas'].mean:.2f} (1)", "–"]
    assert [cell.text for cell in rows["a-cnn", "total reward"]] == ["–", "3.50"]
    assert rows["random search", "total reward"][0].values == (view.random.mean, view.random.deviation, 20)


def test_strategies_are_named_by_the_options_that_differ_anywhere(mine):
    def found(*searches):
        return quick(mine, list(searches), metrics=["total_reward"])

    fast, slow = perfect(strategy="enas", options={"hidden": 9}), perfect(strategy="enas", options={"hidden": 64})
    # In the second, the default is not written out; in the third, searches differ in their budget alone.
    groups = [found(fast, slow, perfect()), found(perfect(strategy="enas")), found(perfect(), perfect(steps=500))]
    rows = {line[0].text: line[2:] for line in table_1(groups).table.rows}
    filled = {name: [cell.text != "–" for cell in cells] for name, cells in rows.items()}
    assert {name: where for name, where in filled.items() if "enas" in name or "spos" in name} == {
        "enas (hidden=9)": [True, False, False],
        "enas (hidden=64)": [True, True, False],
        "spos (500 steps)": [False, False, True],
        "spos (800 steps)": [True, False, True],
    }


def test_what_is_known_of_one_strategy_alone_is_not_said_of_another(mine):
    def found(*searches):
        return quick(mine, list(searches), metrics=["total_reward"])

    limited, theirs = perfect(options={"max_params": 9}), perfect(strategy="theirs", options={"a": 1})
    groups = [found(limited, theirs), found(perfect(), perfect(strategy="theirs", options={"b": [1, 2]}))]
    rows = [line[0].text for line in table_1(groups).table.rows if line[1].text == "total reward"]
    assert rows[2:] == ["spos (max_params=9)", "theirs (a=1)", "spos", "theirs (b=1, 2)"]


def test_remarks_come_last(mine, tmp_path):
    said = quick(mine, [perfect(remarks=("It rained.",))], metrics=["total_reward"])
    write_overview({"../a": said}, ["game-3 is left out."], tmp_path)
    text = (tmp_path / "overview.md").read_text()
    assert text.index("- game-3 is left out.") < text.index("## Table 1")
    assert text.index("## Figure 4: all architectures, by total reward") < text.index("## Remarks")
    assert text.endswith("with seed 0: It rained.\n")


def test_tables_of_one_space_and_environment_are_told_apart_by_their_names(two):
    here, there = two
    assert heads(two) == ["tiny<i>, My<b>&Env|v0", "tiny<i>, Other-v0"]
    twin = replace(here, table=Table(here.table.frame, here.table.settings, "twin"))
    own = "tiny<i>, My<b>&Env|v0"
    assert heads([here, twin, there]) == [f"{own}, mine", f"{own}, twin", "tiny<i>, Other-v0"]
    assert len({field for column in table_1([here, twin]).table.columns for field in column.fields}) == 2 + 2 * 3


def test_what_is_left_out_is_said_and_names_stay_text(two, tmp_path):
    write_overview({"../a b?": two[0], "../c": two[1]}, ["game-3 is left out: <b>no</b> [score]."], tmp_path / "out")
    text, page = ((tmp_path / f"out/overview.{end}").read_text() for end in ("md", "html"))
    assert "](../a%20b%3F/comparison.md)" in text
    assert 'href="../a%20b%3F/comparison.html"' in page
    assert "- game-3 is left out: \\<b\\>no\\</b\\> [score]." in text
    assert "&lt;b&gt;no&lt;/b&gt; [score]." in page
    assert "<b>" not in page
    with (tmp_path / "out/table-1.csv").open() as file:
        found = list(csv.DictReader(file))
    over = [entry for name, entry in found[0].items() if name.endswith(" over")]
    assert over == ["20", "20"]


def test_lines_are_what_searches_returned_and_look_alike_in_all_panels(two):
    with style(STAND_INS, ""):
        figure, dashes = figure_4(two, "total_reward"), []
    for axes, one in zip(figure.axes, two, strict=True):
        view = one.views["total_reward"]
        lines = [line for line in axes.lines if line.get_color() == FOUND]
        expected = {found.score for strategy in view.strategies for found in strategy.searches}
        assert {line.get_xdata()[0] for line in lines} == expected
        marks = {line.get_xdata()[0]: line for line in axes.lines if line not in lines}
        dashes.append({one.label: marks[one.score]._unscaled_dash_pattern for one in view.hand_made})
    assert [*dashes[1]] == ["a-cnn", "my-cnn"]
    assert dashes[0]["my-cnn"] == dashes[1]["my-cnn"] != dashes[1]["a-cnn"]


def test_repeats_of_strategies_on_the_table_are_not_drawn(two):
    view = two[0].views["total_reward"]
    others = [one for one in view.strategies if one.label != "spos"]
    (spos,) = (one for one in view.strategies if one.label == "spos")
    shown = replace(view, strategies=(replace(spos, over="repeat"), *others))
    with style(STAND_INS, ""):
        figure = figure_4([replace(two[0], views={**two[0].views, "total_reward": shown})], "total_reward")
    lines = {line.get_xdata()[0] for line in figure.axes[0].lines if line.get_color() == FOUND}
    assert lines == {found.score for strategy in others for found in strategy.searches}
    assert lines < {found.score for strategy in view.strategies for found in strategy.searches}


def test_the_papers_numbers_stand_below_with_a_warning(tmp_path, two):
    assert papers_table(two) is None
    paper = quick(papers(tmp_path, "paper-1", "ALE/Freeway-v5"), [])
    found_table = papers_table([two[0], paper]).table
    assert ("SPOS", "total reward", "–", "29.4 ± 5.0") in [
        tuple(cell.text for cell in line) for line in found_table.rows
    ]
    assert re.search("Compare the trend.*Always pressing up", found_table.note)
