"""A table that is built with interruptions equals one that was left alone."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

import rlnas
from rlnas.cli.main import main
from rlnas.errors import UserError
from rlnas.study import TableSettings, build_table
from rlnas.table import MissingRun, Table
from rlnas.table.files import write_table
from rlnas.trials.inline import InlineBackend
from rlnas.trials.trial import read_result

pytestmark = pytest.mark.usefixtures("inline")

COMMAND = [
    *("table", "build", "--env", "MinAtar/Breakout-v1", "--space", "minatar-1", "--steps", "1500", "--seeds", "2"),
    *("--architectures", "k1=1,k2=2", "--workers", "2", "--checkpoint-steps", "512", "--device", "cpu"),
    *("--env-options", "num_envs=8", "--ppo-options", "rollout_steps=32", "epochs=1", "--out", "run"),
]
NETWORKS = ["k1=1,k2=2", "minatar-cnn"]


@pytest.fixture(scope="module")
def undisturbed(inline: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("undisturbed")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        main(COMMAND)
    return folder / "run"


@pytest.fixture
def settings(undisturbed: Path) -> TableSettings:
    import json

    return TableSettings(**json.loads((undisturbed / "table.json").read_text()))


def test_a_table_holds_what_its_trials_came_to(undisturbed: Path) -> None:
    table = Table.read(undisturbed / "table.parquet")
    assert (table.architectures, table.baselines, table.seeds) == (NETWORKS[:1], NETWORKS[1:], [1, 2])
    assert table.budgets == [75 * n for n in range(1, 21)]
    assert table.missing() == []
    for name in NETWORKS:
        for seed in (1, 2):
            result = read_result(undisturbed / "trials" / name / f"seed-{seed}")
            assert result is not None
            record = table.query(name, seed=seed, budget=1500)
            assert (record.total_reward, record.reward_mean) == (result.total_reward, result.reward_mean)
            assert (record.parameters, record.multiply_adds) == (result.parameters, result.multiply_adds)
        measured = table.measured(name)  # latencies were not asked for
        assert measured.pop("measured_wall_seconds") > 0
        assert [*measured.values()] == [None, None]
    assert table.query(NETWORKS[0], seed=1, budget=1500) != table.query(NETWORKS[0], seed=2, budget=1500)


class Stop(BaseException):
    """Ends a build wherever it is."""


def test_a_build_that_is_stopped_and_resumed_is_the_same_table(
    undisturbed: Path, settings: TableSettings, tmp_path: Path
) -> None:
    for seen in (1, 7, 2):  # within the first training, a later one, and that one once more
        told: list[object] = []

        def watch(progress: object, told: list[object] = told, seen: int = seen) -> None:
            told.append(progress)
            if len(told) == seen:
                raise Stop

        with pytest.raises(Stop):
            build_table(tmp_path / "run", settings, InlineBackend(watch))
        assert not (tmp_path / "run/table.parquet").exists()
    built = rlnas.resume(tmp_path / "run")
    assert built.results_digest == Table.read(undisturbed / "table.parquet").results_digest


def test_an_unfinished_build_is_collected_as_far_as_it_is(undisturbed: Path, tmp_path: Path) -> None:
    (undisturbed / "trials" / NETWORKS[1] / "seed-2" / "result.json").rename(tmp_path / "kept.json")
    try:
        main(["table", "collect", str(undisturbed), "--out", str(tmp_path / "part.parquet")])
    finally:
        (tmp_path / "kept.json").rename(undisturbed / "trials" / NETWORKS[1] / "seed-2" / "result.json")
    table = Table.read(tmp_path / "part.parquet")
    assert table.missing() == [(NETWORKS[1], 2)]
    whole = Table.read(undisturbed / "table.parquet")
    assert table.query(NETWORKS[1], seed=1, budget=1500) == whole.query(NETWORKS[1], seed=1, budget=1500)
    with pytest.raises(MissingRun):
        table.query(NETWORKS[1], seed=2, budget=1500)
    (tmp_path / "nothing").mkdir()
    (tmp_path / "nothing/table.json").write_text((undisturbed / "table.json").read_text())
    with pytest.raises(UserError, match="no training of the table"):
        rlnas.collect_table(tmp_path / "nothing", tmp_path / "none.parquet")
    with pytest.raises(UserError, match="the directory of a build, which writes its own table"):
        rlnas.collect_table(undisturbed, tmp_path / "nothing/part.parquet")
    with pytest.raises(UserError, match="exists already"):
        rlnas.collect_table(undisturbed, tmp_path / "part.parquet")
    assert not (tmp_path / "none.parquet").exists()


def test_latencies_are_measured_anew_and_nothing_else(
    undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    built = Table.read(undisturbed / "table.parquet")
    # Two latencies of one network, as two machines may have left them.
    rows = [row | {"measured_inference_ms": 1e6 + row["seed"], "measured_training_ms": None} for row in rows_of(built)]
    write_table(tmp_path / "merged.parquet", rows, built.settings)
    main(["table", "measure", str(tmp_path / "merged.parquet"), "--out", str(tmp_path / "measured.parquet")])
    said = capsys.readouterr().out
    assert all(
        part in said for part in ("latency: 6/6 measurements", "latency of a minibatch: 6/6", "measured.parquet")
    )
    measured = Table.read(tmp_path / "measured.parquet")
    assert (measured.results_digest, measured.settings) == (built.results_digest, built.settings)
    for row, before in zip(rows_of(measured), rows_of(built), strict=True):
        assert row["measured_wall_seconds"] == before["measured_wall_seconds"]
        assert 0 < row["measured_inference_ms"] < row["measured_training_ms"] < 1e6
    write_table(tmp_path / "bare.parquet", rows, {"env": built.env, "space": built.settings["space"], "steps": 1500})
    for file, missing in (("bare", "setting 'seeds' is missing"), ("measured", "exists already")):
        with pytest.raises(UserError, match=missing):
            rlnas.measure_table(tmp_path / f"{file}.parquet", tmp_path / "measured.parquet")
    for name in NETWORKS:  # one measurement for each network, whatever its seeds
        assert measured.frame.filter(architecture=name)["measured_inference_ms"].n_unique() == 1


def test_latencies_are_measured_where_they_are_asked_for(
    undisturbed: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(undisturbed, tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    main([*COMMAND, "--latency"])
    said = capsys.readouterr().out
    assert [part for part in ("latency: 6/6 measurements", " ms", "Table: run") if part not in said] == []
    built, table = Table.read(undisturbed / "table.parquet"), Table.read(tmp_path / "run/table.parquet")
    assert (table.results_digest, table.settings) == (built.results_digest, built.settings)
    assert all(value is not None and value > 0 for value in table.measured(NETWORKS[0]).values())
    for command in (["resume", "run"], COMMAND, [*COMMAND, "--latency"]):  # once measured, they stay
        main(command)
        assert "measurements" not in capsys.readouterr().out
        assert Table.read(tmp_path / "run/table.parquet").checksum == table.checksum


def rows_of(table: Table) -> list[dict[str, Any]]:
    return table.frame.to_dicts()


def test_a_failed_training_is_a_row_with_its_reason(settings: TableSettings, tmp_path: Path) -> None:
    fragile = settings.model_copy(update={"baselines": (), "seeds": (1,)})
    fragile = fragile.model_copy(
        update={"algorithm_options": fragile.algorithm_options.model_copy(update={"learning_rate": 1e30})}
    )
    table = build_table(tmp_path / "run", fragile, InlineBackend())
    assert table.missing() == [(NETWORKS[0], 1)]
    with pytest.raises(SystemExit) as stop:
        main(["resume", str(tmp_path / "run")])
    assert stop.value.code == 1
    with pytest.raises(MissingRun, match=r"that run failed .training diverged"):
        table.query(NETWORKS[0], seed=1, budget=1500)
