import json
from pathlib import Path

import pytest

from rlnas.errors import UserError
from rlnas.spaces import Choice, Conv, Flatten, Linear, Space
from rlnas.table import Table
from rlnas.table.files import MEASURED, write_table
from rlnas.table.searches import StoredSearch, read_searches, write_searches

SPACE = Space("tiny", (4, 10, 10), [Conv(4, kernel=Choice("k", [1, 2, 3]), stride=2), Flatten(), Linear(8)])


def stored(**changes) -> StoredSearch:
    fields = {
        "strategy": "spos",
        "seed": 1,
        "options": {"eval_episodes": 2},
        "env": "My-v0",
        "space": "tiny",
        "steps": 1000,
        "cost_steps": 1200,
        "ranking": [("k=3", 2.5), ("k=1", 0.1 + 0.2)],
        "remarks": ["Odd."],
    }
    return StoredSearch(**{**fields, **changes})


def table(path: Path, **settings) -> Table:
    rows = [
        {
            "architecture": architecture.id,
            "seed": 1,
            "status": "done",
            "reason": "",
            "steps": 1000,
            "episodes": 9,
            "budgets": [1000],
            "total_reward": [1.0],
            "reward_mean": [1.0],
            "parameters": 1,
            "multiply_adds": 1,
            **dict.fromkeys(MEASURED),
        }
        for architecture in SPACE
    ]
    write_table(path / "mine.parquet", rows, {"env": "My-v0", "space": SPACE.to_dict(), **settings})
    return Table.read(path / "mine.parquet")


def test_searches_survive_a_file(tmp_path):
    file = tmp_path / "deep" / "searches.json"
    several = [stored(seed=3), stored(), stored(strategy="enas", remarks=())]
    write_searches(file, several)
    assert read_searches(file) == [several[2], several[1], several[0]]
    first = file.read_bytes()
    write_searches(file, reversed(several))
    assert file.read_bytes() == first
    assert [path.name for path in file.parent.iterdir()] == ["searches.json"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "should hold a JSON object"),
        ('{"schema": 2, "searches": []}', "have schema 2; this rlnas reads 1"),
        ('{"schema": 1}', "holds no list of searches"),
        ('{"schema": 1, "searches": [3]}', "search 1 of .* is wrong: Input should be a valid dictionary"),
    ],
)
def test_a_file_that_is_no_list_of_searches(tmp_path, text, message):
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(UserError, match=message):
        read_searches(tmp_path / "bad.json")
    with pytest.raises(UserError, match="cannot be read"):
        read_searches(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"ranking": []}, "search 1 of .*ranking: "),
        ({"ranking": [["k=1", 1.0], ["k=1", 0.5]]}, "'k=1' is ranked twice"),
        ({"ranking": [["k=1", 0.5], ["k=2", 1.0]]}, "the best proxy must come first"),
        ({"ranking": [["k=1", "much"]]}, r"ranking\.0\.1"),
        ({"seed": -1}, "seed: "),
        ({"cost_steps": None}, "cost_steps: "),
        ({"mood": "good"}, "mood: Extra inputs"),
        ({"settings": {"ppo": 3}}, "settings.ppo: "),
    ],
)
def test_a_search_that_is_wrong(tmp_path, change, message):
    entry = {**stored().model_dump(mode="json"), **change}
    (tmp_path / "bad.json").write_text(json.dumps({"schema": 1, "searches": [entry]}))
    with pytest.raises(UserError, match=message):
        read_searches(tmp_path / "bad.json")


def test_a_proxy_must_be_a_number(tmp_path):
    entry = json.dumps(stored().model_dump(mode="json")).replace("2.5", "NaN")
    (tmp_path / "bad.json").write_text(f'{{"schema": 1, "searches": [{entry}]}}')
    with pytest.raises(UserError, match=r"bad\.json' cannot be read: NaN is no number of JSON"):
        read_searches(tmp_path / "bad.json")


def test_a_search_must_fit_its_table(tmp_path):
    mine = table(tmp_path)
    stored().check(mine)
    with pytest.raises(UserError, match="its environment is 'Other-v0', the table's is 'My-v0'"):
        stored(env="Other-v0").check(mine)
    with pytest.raises(UserError, match="its space is 'small', the table's is 'tiny'"):
        stored(space="small").check(mine)
    with pytest.raises(UserError, match=r"spos with seed 1 does not fit the table 'mine': unknown option .*'9'"):
        stored(ranking=[("k=9", 1.0)]).check(mine)
    with pytest.raises(UserError, match="ranks ' k=1', which the space spells 'k=1'"):
        stored(ranking=[(" k=1", 1.0)]).check(mine)


def test_a_search_must_have_trained_as_its_table_did(tmp_path):
    mine = table(tmp_path, ppo={"clip": 0.3})
    stored(settings={"env_settings": {"num_envs": 4}, "ppo": {"clip": 0.3, "log_std": 0.0}}).check(mine)
    with pytest.raises(UserError, match=r"does not fit the table 'mine': ppo\.clip is 0\.3 there, not 0\.1"):
        stored(settings={"ppo": {"clip": 0.1}}).check(mine)
