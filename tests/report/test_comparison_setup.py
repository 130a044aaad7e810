"""Tables 2 to 5 of the paper: the space, the hand-made networks, and the settings of trainings and strategies."""

import pytest
from pydantic import BaseModel

from rlnas.envs import EnvSettings
from rlnas.ppo import PPOSettings
from rlnas.report.comparison.architectures import hand_made
from rlnas.report.comparison.documents import contents, markdown
from rlnas.report.comparison.printed import AGENT, CONTROLLER
from rlnas.report.comparison.setup import options, search_space, trainings
from rlnas.report.formats import flatten
from rlnas.report.layers import Line, layers_in_words
from rlnas.search import STRATEGIES
from rlnas.search.enas import ENASSettings
from rlnas.spaces import load_space
from rlnas.table import Table
from rlnas.table.files import write_table

from .comparisons import NAMES, perfect, quick, records, row
from .helpers import Page
from .test_blackbox import Follows
from .test_printed import papers


def texts(sheet) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in line) for line in sheet.rows]


def test_table_2_has_every_choice(mine):
    assert texts(search_space(quick(mine, []))) == [
        ("input", "", "2×10×10"),
        ("conv", "channels=c in {2, 4}, kernel=k in {1, 2, 3, 4, 5}", "4×10×10"),
        ("flatten", "", "400"),
        ("linear", "features=8", "8"),
    ]


def test_layers_inside_others_stand_below_them():
    assert layers_in_words(load_space("impala-modern"))[:7] == [
        Line("switch", "choice=width in {x1, x2}", "256", 0),
        Line("x1:", "", depth=1),
        Line("conv", "channels=16, kernel=3, activation=none", depth=2),
        Line("max-pool", "kernel=3, stride=2", depth=2),
        Line("repeat", "times=blocks in {1, 2}", depth=2),
        Line("residual", "", depth=3),
        Line("norm", "kind=norm in {none, layer}", depth=4),
    ]


def test_table_3_has_the_catalogues_networks_and_members_of_the_space(tmp_path):
    plain = papers(tmp_path, "paper-1", "ALE/Breakout-v5")
    rows = [*plain.frame.to_dicts(), row("nature-cnn", 1, 9.0, 9.0), row("their-own", 1, 9.0, 9.0)]
    write_table(tmp_path / "t.parquet", rows, {"env": plain.env, "space": plain.settings["space"]})
    found = quick(Table.read(tmp_path / "t.parquet"), [], metrics=["total_reward"], out=tmp_path / "out")
    assert [one.name for one in hand_made(found)] == ["nature-cnn", "k2=4,k3=3 (the paper's Nature-CNN)"]
    entries = records(tmp_path / "out", "hand-made")
    # Mnih et al. (2015) do not pad, so their maps end at 7x7; the paper's own version keeps 11x11.
    ends = {entry["architecture"]: entry["output_shape"] for entry in entries if entry["layer"].endswith("flatten")}
    assert list(ends.values()) == [str(64 * 7 * 7), str(64 * 11 * 11)]
    text = (tmp_path / "out" / "comparison.md").read_text()
    assert "## Table 3: the hand-made networks, layer by layer" in text
    assert "### nature-cnn\n\n| layer |" in text
    assert "their-own" not in text.partition("## Table 3")[2].partition("## Table 4")[0]
    assert "Table 3" in Page((tmp_path / "out" / "comparison.html").read_text()).text


def test_without_known_hand_made_networks_there_is_no_table_3(written):
    assert not (written / "hand-made.csv").exists()
    assert "Table 3" not in (written / "comparison.md").read_text()
    assert "Table 3" not in (written / "comparison.html").read_text()


def test_table_4_has_the_tables_settings_beside_the_papers(mine, tmp_path):
    settings = {"ppo": {"clip": 0.2, "gamma": 0.97}, "env_settings": {"num_envs": 8, "fire": True}}
    write_table(tmp_path / "t.parquet", mine.frame.to_dicts(), {**mine.settings, **settings})
    assert texts(trainings(quick(Table.read(tmp_path / "t.parquet"), []))) == [
        ("steps", "1,000", "10M"),
        ("env_settings.fire", "true", "–"),
        ("env_settings.num_envs", "8", "8"),
        ("ppo.clip", "0.2", "0.1"),
        ("ppo.gamma", "0.97", "–"),
    ]


def test_table_5_has_the_options_of_stored_searches(mine, tmp_path):
    searches = [
        perfect(strategy="enas", options={"learning_rate": 0.01, "hidden": 64}),
        perfect(strategy="spos", options={"learning_rate": 3}),
    ]
    found = quick(mine, searches, metrics=["total_reward"], out=tmp_path)
    assert texts(options(found)) == [
        ("enas", "steps", "800", "–"),
        ("enas", "hidden", "64", "–"),
        ("enas", "learning_rate", "0.01", "0.001"),
        ("spos", "steps", "800", "–"),
        ("spos", "learning_rate", "3", "–"),
    ]
    assert records(tmp_path, "options")[0]["value"] == "800"
    assert "Table 5" in (tmp_path / "comparison.md").read_text()


def test_table_5_writes_out_the_defaults_of_a_strategy_that_is_run_on_the_table(mine, monkeypatch):
    class Options(BaseModel):
        wild: bool = False
        size: int = 4

    monkeypatch.setitem(STRATEGIES, "follows", (Follows, Options))
    found = quick(mine, [], strategies=["follows"], options={"follows": {"wild": True}}, repeats=2)
    label = "follows (wild=true)"
    assert texts(options(found)) == [(label, "size", "4", "–"), (label, "wild", "true", "–")]


def test_without_strategies_there_is_no_table_5(mine):
    found = contents(quick(mine, []))
    assert "options" not in [part.data.name for part in found.parts if part.data is not None]
    assert "Table 5" not in markdown(found)


@pytest.mark.parametrize(
    ("printed", "defaults"),
    [
        (AGENT, {"ppo": PPOSettings().model_dump(mode="json"), "env_settings": EnvSettings().model_dump(mode="json")}),
        (CONTROLLER, ENASSettings().model_dump(mode="json")),
    ],
)
def test_what_the_paper_printed_is_what_we_default_to(printed, defaults):
    ours = flatten(defaults)
    assert {name: ours[name] for name in printed if name != "steps"} == {
        name: value for name, value in printed.items() if name != "steps"
    }


def test_the_tables_are_in_the_papers_order(mine):
    text = markdown(contents(quick(mine, [perfect()])))
    heads = [line for line in text.splitlines() if line.startswith("## Table")]
    assert [head[3:10].strip(":") for head in heads] == ["Table 1", "Table 2", "Table 4", "Table 5", "Tables "]
    assert f"### {NAMES[-1]}" in text
