import pytest

from rlnas.algorithms.ppo import PPOSettings
from rlnas.errors import UserError
from rlnas.table import merge
from rlnas.table.table import NoScore

from .helpers import NAMES, SPACE, make_table, row, total


def part(path, seeds, names=NAMES, **changes):
    return make_table(path, [row(name, seed) for name in names for seed in seeds], seeds=list(seeds), **changes)


def test_a_table_grows_by_seeds_and_by_architectures(tmp_path):
    whole = part(tmp_path / "whole.parquet", (1, 2, 3))
    parts = [part(tmp_path / "a.parquet", (1, 2)), part(tmp_path / "b.parquet", (3,), NAMES[:10])]
    parts.append(part(tmp_path / "c.parquet", (3,), NAMES[8:], architectures=NAMES[8:]))
    merged = merge(parts, tmp_path / "merged.parquet")
    assert merged.complete
    assert merged.seeds == [1, 2, 3]
    assert merged.results_digest == whole.results_digest


def test_tables_of_other_settings_are_refused(tmp_path):
    one, other = part(tmp_path / "a.parquet", (1,)), part(tmp_path / "b.parquet", (2,), steps=200)
    with pytest.raises(UserError, match="the table 'b' cannot be merged into 'a': steps is 100 there, not 200"):
        merge([one, other], tmp_path / "merged.parquet")
    assert not (tmp_path / "merged.parquet").exists()


def test_tables_of_versions_with_more_and_fewer_settings_are_one(tmp_path):
    plain = PPOSettings().model_dump(mode="json")
    older = {name: value for name, value in plain.items() if name != "log_std"}
    one, other = part(tmp_path / "a.parquet", (1,), ppo=older), part(tmp_path / "b.parquet", (2,), ppo=plain)
    merged = merge([one, other], tmp_path / "merged.parquet")
    assert merged.seeds == [1, 2]
    assert merged.settings["ppo"] == plain
    assert merge([one], tmp_path / "rewritten.parquet").settings["ppo"] == plain
    other = part(tmp_path / "c.parquet", (2,), ppo=plain | {"log_std": -1.0})
    with pytest.raises(UserError, match=r"ppo\.log_std is 0\.0 there, not -1\.0"):
        merge([one, other], tmp_path / "refused.parquet")
    bare = part(tmp_path / "d.parquet", (2,))
    with pytest.raises(UserError, match=r"ppo is \{.*\} there, not None"):
        merge([one, bare], tmp_path / "refused.parquet")


def test_a_table_of_named_architectures_stays_one(tmp_path):
    few = [part(tmp_path / f"{seed}.parquet", (seed,), NAMES[:3], architectures=NAMES[:3]) for seed in (1, 2)]
    assert few[0].missing() == []
    assert merge(few, tmp_path / "few.parquet").missing() == []
    more = part(tmp_path / "more.parquet", (1,), NAMES[3:5], architectures=NAMES[3:5])
    merged = merge([*few, more], tmp_path / "merged.parquet")
    assert merged.missing() == [(name, 2) for name in NAMES[3:5]]
    rest = part(tmp_path / "rest.parquet", (1, 2), NAMES[5:])
    assert len(merge([*few, more, rest], tmp_path / "all.parquet").missing()) == 2


def test_tables_that_disagree_are_refused(tmp_path):
    one = part(tmp_path / "a.parquet", (1,))
    other = make_table(tmp_path / "b.parquet", [row(NAMES[3], 1, episodes=6)])
    with pytest.raises(UserError, match=f"disagree on architecture '{NAMES[3]}' with seed 1: the second is 'b'"):
        merge([one, other], tmp_path / "merged.parquet")
    slower = make_table(tmp_path / "c.parquet", [row(NAMES[3], 1, measured_wall_seconds=7.0)], seeds=[1])
    assert merge([one, slower], tmp_path / "merged.parquet").results_digest == one.results_digest


def test_a_run_that_failed_in_one_and_succeeded_in_another_has_succeeded(tmp_path):
    one = make_table(tmp_path / "a.parquet", [row(NAMES[3], 1, status="failed", reason="killed"), row(NAMES[4], 1)])
    other = make_table(tmp_path / "b.parquet", [row(NAMES[3], 1)])
    for number, parts in enumerate(([one, other], [other, one])):
        merged = merge(parts, tmp_path / f"merged-{number}.parquet")
        assert merged.query(NAMES[3], seed=1, budget=100).total_reward == total(3, 1)


def test_two_failures_agree_in_whatever_words(tmp_path):
    reasons = ("its process was killed (SIGKILL)", "raised in step: OSError: port 40123")
    tables = [
        make_table(tmp_path / f"{n}.parquet", [row(NAMES[3], 1, status="failed", reason=reason), row(NAMES[4 + n], 1)])
        for n, reason in enumerate(reasons)
    ]
    merged = merge(tables, tmp_path / "merged.parquet")
    with pytest.raises(NoScore, match="SIGKILL"):  # as the first says
        merged.query(NAMES[3], seed=1, budget=100)


def test_halves_with_and_without_the_hand_made_network_are_one_table(tmp_path):
    one = make_table(tmp_path / "a.parquet", [row(NAMES[3], 1), row("minatar-cnn", 1)], baselines=["minatar-cnn"])
    other = make_table(tmp_path / "b.parquet", [row(NAMES[4], 1)], baselines=[], architectures=[NAMES[4]])
    merged = merge([one, other], tmp_path / "merged.parquet")
    assert (merged.architectures, merged.baselines) == ([NAMES[3], NAMES[4]], ["minatar-cnn"])


def test_spaces_written_by_an_older_version_are_the_same(tmp_path):
    verbose = SPACE.to_dict()
    verbose["layers"] = [{**layer, "activation": "relu"} if layer["type"] == "conv" else layer
                         for layer in verbose["layers"]]  # fmt: skip
    assert verbose != SPACE.to_dict()
    one, other = part(tmp_path / "a.parquet", (1,), space=verbose), part(tmp_path / "b.parquet", (2,))
    assert (
        merge([one, other], tmp_path / "m.parquet").results_digest
        == part(tmp_path / "w.parquet", (1, 2)).results_digest
    )


def test_a_merged_table_has_a_file_of_its_own(tmp_path):
    one = part(tmp_path / "a.parquet", (1,))
    for name, wrong in (("a.csv", "ends in .parquet, not 'a.csv'"), ("a.parquet", "exists already")):
        with pytest.raises(UserError, match=wrong):
            merge([one], tmp_path / name)


def test_nothing_to_merge_is_refused(tmp_path):
    with pytest.raises(UserError, match="at least one table"):
        merge([], tmp_path / "all.parquet")
