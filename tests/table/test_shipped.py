"""The tables and searches that come with the package."""

import pytest

from rlnas.algorithms.ppo import PPOSettings
from rlnas.analysis import compare
from rlnas.cli.main import main
from rlnas.defaults import defaults_by_name
from rlnas.envs import EnvSettings
from rlnas.errors import UserError
from rlnas.spaces import adapt, load_space
from rlnas.table import StoredSearch, load, merge, read_searches, searches_with, shipped, shipped_searches
from rlnas.table.files import write_table

SEEDS = {"ale-breakout": 1}
PADDED = ("minatar-2-breakout",)
"""Built when narrow networks were padded to the widest."""
SEARCHES = {"ale-breakout": {"spos": 1}}
"""Of the table of Atari there is less: a training takes about an hour."""


@pytest.mark.parametrize("name", shipped())
def test_a_shipped_table_is_whole_and_of_a_space_of_the_catalogue(name):
    table = load(name)
    assert table.complete
    assert table.space == adapt(load_space(table.space.name), table.space.input_shape)
    assert len(table.seeds) >= SEEDS.get(name, 2)
    cost = table.space.cost(table.space.architecture(table.architectures[0]))
    record = table.query(table.architectures[0], seed=table.seeds[0], budget=table.steps)
    same = (record.parameters, record.multiply_adds) == (cost.parameters, cost.multiply_adds)
    assert same == (name not in PADDED)
    assert bool(table.remarks) == (name in PADDED)


def test_a_table_of_padded_networks_is_marked_and_merged_with_no_other(tmp_path, capsys):
    (name,) = PADDED
    table = load(name)
    now = tmp_path / "now.parquet"
    write_table(now, table.frame.to_dicts(), {**table.settings, "versions": {"rlnas": "0.2.0"}})
    assert load(str(now)).remarks == ()
    with pytest.raises(UserError, match="of different networks cannot be merged"):
        merge([load(str(now)), table], tmp_path / "both.parquet")
    found = compare(table, [], metrics=["total_reward"], repeats=20)
    assert table.remarks[0] in found.remarks
    main(["table", "show", name])
    assert "padded with zeros" in capsys.readouterr().out


def test_the_tables_that_the_docs_name_are_there():
    assert {"ale-breakout", "minatar-breakout"} <= {*shipped()}


@pytest.mark.parametrize("name", shipped())
def test_shipped_searches_fit_their_table_and_are_compared(name):
    path = shipped_searches(name)
    assert path is not None
    table, searches = load(name), read_searches(path)
    for strategy, least in SEARCHES.get(name, {"spos": 4, "enas": 4}).items():
        assert len({search.seed for search in searches if search.strategy == strategy}) >= least
    found = compare(table, searches, metrics=["total_reward"], repeats=20)
    assert found.shown


@pytest.mark.parametrize("name", shipped())
def test_a_copy_of_a_shipped_table_has_its_searches(name, tmp_path):
    table = load(name)
    slower = [row | {"measured_inference_ms": 9.0} for row in table.frame.to_dicts()]
    write_table(tmp_path / "copy.parquet", slower, table.settings)
    assert searches_with(table) == searches_with(load(str(tmp_path / "copy.parquet"))) == shipped_searches(name)
    assert searches_with(table.part(seeds=table.seeds, without=table.architectures[:1])) is None


@pytest.mark.parametrize("name", shipped())
def test_a_search_of_today_fits_a_shipped_table(name):
    table = load(name)
    usual = defaults_by_name(table.env)
    assert usual is not None
    settings = {"env_settings": EnvSettings(**usual.env), "ppo": PPOSettings(**usual.ppo)}
    StoredSearch(
        strategy="spos",
        seed=1,
        env=table.env,
        space=table.space.name,
        steps=10_000,
        cost_steps=1,
        settings={group: chosen.model_dump(mode="json") for group, chosen in settings.items()},
        ranking=[(table.architectures[0], 1.0)],
    ).check(table)
