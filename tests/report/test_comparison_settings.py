"""Tables 2 to 5 of the paper: the space, the hand-made networks, and the settings of trainings and strategies."""

import pytest
from pydantic import BaseModel

from rlnas.algorithms.ppo import PPOSettings
from rlnas.envs import EnvSettings
from rlnas.report.comparison import report
from rlnas.report.comparison_settings import options, search_space, trainings
from rlnas.report.paper import TABLE_4, TABLE_5
from rlnas.spaces import Activation, Linear, Residual, Space, Switch
from rlnas.spaces.words import flatten
from rlnas.strategies import STRATEGIES
from rlnas.strategies.enas import ENASSettings
from rlnas.table import Table
from rlnas.table.files import write_table

from ..analysis.tables import ENV, NAMES, perfect, quick, records, row, stored
from ..analysis.test_simulation import Follows
from ..analysis.test_simulation import Options as NoOptions
from .helpers import Page
from .test_paper import papers


def texts(section) -> list[tuple[str, ...]]:
    return [tuple(cell.text for cell in line) for line in section.table.rows]


def test_table_2_has_every_choice(mine):
    assert texts(search_space(quick(mine, []))) == [
        ("input", "", "2×10×10"),
        ("conv", "channels c in {2, 4}, kernel k in {1, 2, 3, 4, 5}", "2×10×10"),
        ("flatten", "", "200"),
        ("linear", "features 8", "8"),
    ]


def test_table_2_of_layers_inside_layers_that_take_vectors(tmp_path):
    space = Space("a|b", (4,), [Switch("s", {"x": Residual(Activation("tanh")), "y": []}), Linear(2)])
    rows = [row(architecture.id, 1, 1.0, 1.0) for architecture in space]
    write_table(tmp_path / "t.parquet", rows, {"env": ENV, "space": space.to_dict()})
    found = quick(Table.read(tmp_path / "t.parquet"), [], top_k=1, metrics=["total_reward"], out=tmp_path / "out")
    assert texts(search_space(found))[1:] == [
        ("switch", "s in {x, y}", "4"),
        ("· x:", "", ""),
        ("· · residual", "", ""),
        ("· · · activation", "kind tanh", ""),
        ("· y:", "nothing", ""),
        ("linear", "features 2", "2"),
    ]
    assert [(entry["depth"], entry["layer"]) for entry in records(tmp_path / "out", "space")][3:5] == [
        ("2", "residual"),
        ("3", "activation"),
    ]
    note = search_space(found).table.note
    assert "a|b has 2 architectures." in note
    assert "channels × height" not in note


def test_table_3_has_the_catalogues_networks_and_members_of_the_space(tmp_path):
    plain = papers(tmp_path, "paper-1", "ALE/Breakout-v5")
    # Of a table from elsewhere: a name that nobody knows, one of a space with choices, one for other observations.
    strange = ["their-own", "paper-2", "mlp-64-64"]
    rows = [*plain.frame.to_dicts(), *(row(name, 1, 9.0, 9.0) for name in ["nature-cnn", *strange])]
    write_table(tmp_path / "t.parquet", rows, {"env": plain.env, "space": plain.settings["space"]})
    quick(Table.read(tmp_path / "t.parquet"), [], metrics=["total_reward"], out=tmp_path / "out")
    entries = records(tmp_path / "out", "hand-made")
    named = dict.fromkeys(entry["architecture"] for entry in entries)
    assert [*named] == ["nature-cnn", "k2=4,k3=3 (the paper's Nature-CNN)"]
    # Mnih et al. (2015) do not pad, so their maps end at 7x7; the paper's own version keeps 11x11.
    ends = {entry["architecture"]: entry["output_shape"] for entry in entries if entry["layer"].endswith("flatten")}
    assert list(ends.values()) == [str(64 * 7 * 7), str(64 * 11 * 11)]
    text = (tmp_path / "out" / "comparison.md").read_text()
    assert "## Table 3: the hand-made networks, layer by layer" in text
    assert "### nature-cnn\n\n| layer |" in text
    part = text.partition("## Table 3")[2].partition("## Table 4")[0]
    assert [name for name in strange if name in part] == []
    assert "Star or blue: an option of a choice." in part
    assert "Table 3" in Page((tmp_path / "out" / "comparison.html").read_text()).text


def test_without_known_hand_made_networks_there_is_no_table_3(written):
    assert not (written / "hand-made.csv").exists()
    assert "Table 3" not in (written / "comparison.md").read_text()
    assert "Table 3" not in (written / "comparison.html").read_text()


def test_table_4_has_the_tables_settings_beside_the_papers(mine, tmp_path):
    settings = {"ppo": {"clip": 0.2, "gamma": 0.97}, "env_settings": {"num_envs": 8, "fire": True}}
    write_table(tmp_path / "t.parquet", mine.frame.to_dicts(), {**mine.settings, **settings})
    section = trainings(quick(Table.read(tmp_path / "t.parquet"), []))
    found = {line[0]: line[1:] for line in texts(section)}
    assert texts(section)[0] == ("steps", "1,000", "10,000,000")
    assert section.table.rows[0][2].values == (10_000_000,)
    assert found["env_settings.fire"] == ("true", "–")
    assert found["env_settings.num_envs"] == ("8", "8")
    assert found["ppo.clip"] == ("0.2", "0.1")
    assert found["ppo.gamma"] == ("0.97", "–")
    # One that the table was written without did as the default does.
    assert found["ppo.value_coef"] == ("0.25", "0.25")
    assert set(TABLE_4) <= set(found)


def test_table_4_of_a_table_without_settings(mine):
    assert texts(trainings(quick(mine, []))) == [("steps", "1,000", "10,000,000")]


def test_table_5_has_the_options_of_stored_searches(mine, tmp_path):
    limits = {"max_params": 9_000}
    searches = [
        perfect(strategy="enas", options={"learning_rate": 0.01, **limits}),
        perfect(strategy="enas", options={"hidden": 3}, steps=500),
        perfect(strategy="<their|own>", options={"b": {"c": True}, "a": 3}),
    ]
    found = quick(mine, searches, metrics=["total_reward"], out=tmp_path)
    rows = {line[:2]: line[2:] for line in texts(options(found))}
    few = "enas (500 steps, hidden=3, learning_rate=default, max_params=default)"
    many = "enas (800 steps, hidden=default, learning_rate=0.01, max_params=9000)"
    assert (rows[few, "steps"], rows[many, "steps"]) == (("500", "–"), ("800", "–"))
    assert (rows[few, "hidden"], rows[many, "hidden"]) == (("3", "–"), ("64", "–"))
    assert (rows[few, "learning_rate"], rows[many, "learning_rate"]) == (("0.001", "0.001"), ("0.01", "0.001"))
    assert rows[many, "max_params"] == ("9,000", "–")
    assert (few, "max_params") not in rows
    assert {name for label, name in rows if label == few} == {"steps", *ENASSettings.model_fields}
    # Of a strategy that is not known here, what is stored.
    theirs = [line for line in texts(options(found)) if line[0] == "<their|own>"]
    assert theirs == [
        ("<their|own>", name, value, "–") for name, value in (("steps", "800"), ("a", "3"), ("b.c", "true"))
    ]
    assert records(tmp_path, "options")[0]["value"] in ("500", "800")
    assert "| <their\\|own> | b.c | true | – |" in (tmp_path / "comparison.md").read_text()
    assert "<their|own>" in Page((tmp_path / "comparison.html").read_text()).text


def test_options_of_another_version_are_as_they_are(mine):
    found = quick(mine, [perfect(options={"eval_episodes": "plenty"})])
    assert texts(options(found)) == [("spos", "steps", "800", "–"), ("spos", "eval_episodes", "plenty", "–")]


def test_table_5_writes_out_the_defaults_of_a_strategy_that_is_run_on_the_table(mine, monkeypatch):
    class Options(BaseModel):
        wild: bool = False
        size: int = 4

    monkeypatch.setitem(STRATEGIES, "follows", (Follows, Options))
    monkeypatch.setitem(STRATEGIES, "plain", (Follows, NoOptions))
    found = quick(mine, [], strategies=["follows", "plain"], options={"follows": {"wild": True}}, repeats=2)
    label = "follows (wild=true)"
    assert texts(options(found)) == [
        (label, "size", "4", "–"),
        (label, "wild", "true", "–"),
        ("plain", "–", "–", "–"),
    ]


def test_without_strategies_there_is_no_table_5(mine):
    found = report(quick(mine, []))
    assert "options" not in stored(found)
    assert "Table 5" not in found.markdown()


@pytest.mark.parametrize(
    ("printed", "defaults"),
    [
        (
            TABLE_4,
            {"ppo": PPOSettings().model_dump(mode="json"), "env_settings": EnvSettings().model_dump(mode="json")},
        ),
        (TABLE_5, ENASSettings().model_dump(mode="json")),
    ],
)
def test_what_the_paper_printed_is_what_we_default_to(printed, defaults):
    ours = flatten(defaults)
    assert {name: ours[name] for name in printed if name != "steps"} == {
        name: value for name, value in printed.items() if name != "steps"
    }


def test_the_tables_are_in_the_papers_order(mine):
    text = report(quick(mine, [perfect()])).markdown()
    heads = [line for line in text.splitlines() if line.startswith("## Table")]
    assert [head[3:10].strip(":") for head in heads] == ["Table 1", "Table 2", "Table 4", "Table 5", "Tables "]
    assert f"### {NAMES[-1]}" in text
