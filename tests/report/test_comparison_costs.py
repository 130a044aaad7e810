"""What the networks of a table cost beside their scores."""

import re
from pathlib import Path

import pytest

from rlnas.table import Table
from rlnas.table.files import write_table

from ..analysis.tables import ENV, NAMES, SPACE, perfect, quick, records, row

# Total rewards are the numbers of the architectures, so a front by cost is read off by hand.
PARAMETERS = [5, 4, 3, 7, 7, 9, 8, 6, 12, 10]
MULTIPLY_ADDS = [10, 20, 30, 40, 50, 60, 70, 80, 90, 100]
LATENCIES = [1.0, 0.5, 0.25, 2.0, 2.0, 2.0, 2.0, 2.0, 2.0, 3.0]
MADE = {"parameters": 2, "multiply_adds": 5, "measured_inference_ms": 4.0}


def sized_table(path: Path, latencies: list[float | None]) -> Table:
    rows = [row("my-cnn", seed, 4.0 + seed, 1.0) | MADE for seed in (1, 2)]
    for number, name in enumerate(NAMES):
        costs = {"parameters": PARAMETERS[number], "multiply_adds": MULTIPLY_ADDS[number]}
        costs["measured_inference_ms"] = latencies[number]
        rows += [row(name, seed, number + spread, 1.0) | costs for seed, spread in ((1, -0.25), (2, 0.25))]
    write_table(path / "sized.parquet", rows, {"env": ENV, "space": SPACE.to_dict()})
    return Table.read(path / "sized.parquet")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sized")
    quick(sized_table(path, LATENCIES), [perfect()], path / "out", top_k=1)
    return path / "out"


def names_on(front: str, out: Path) -> set[str]:
    return {entry["network"] for entry in records(out, "pareto-total-reward") if entry[front] == "yes"}


def test_a_front_holds_what_nothing_cheaper_equals(out: Path) -> None:
    # The hand-made network scores 5.5 with 2 parameters and 5 multiply-adds: all below it are beaten.
    assert names_on("parameters_front", out) == {"my-cnn", NAMES[7], NAMES[9]}
    assert names_on("multiply_adds_front", out) == {"my-cnn", *NAMES[6:]}
    # It is the slowest, so it is beaten itself. Of 3 to 8, which are equally fast, the last is best.
    assert names_on("latency_front", out) == {NAMES[2], NAMES[8], NAMES[9]}


def test_all_networks_are_there_best_first_with_their_costs(out: Path) -> None:
    found = records(out, "pareto-total-reward")
    order = [*NAMES[:5:-1], "my-cnn", *NAMES[5::-1]]
    assert [entry["network"] for entry in found] == order
    assert [entry["hand-made"] for entry in found] == ["yes" if name == "my-cnn" else "" for name in order]
    last = found[-1]
    assert (last["score"], last["parameters"], last["multiply_adds"], last["latency_ms"]) == ("0.0", "5", "10", "1.0")


def test_the_figure_marks_what_was_returned_and_says_its_budget(out: Path) -> None:
    svg = (out / "pareto-total-reward.svg").read_text()
    for label in ("Pareto front", "architectures", "returned by a search", "my-cnn", "latency, milliseconds"):
        assert f">{label}<" in svg
    assert "total reward, 1k steps a training" in svg
    # Three axes, with nine architectures that no search returned in each; the legend has one mark of each sort.
    assert len(re.findall(r"<use ", svg)) >= 3 * (len(NAMES) + 1)


def test_without_all_latencies_there_is_no_front_of_them(tmp_path: Path) -> None:
    quick(sized_table(tmp_path, [None, *LATENCIES[1:]]), [perfect()], tmp_path / "out")
    assert names_on("latency_front", tmp_path / "out") == set()
    found = {entry["network"]: entry["latency_ms"] for entry in records(tmp_path / "out", "pareto-total-reward")}
    assert (found[NAMES[0]], found[NAMES[1]]) == ("", "0.5")
    assert "latency" not in (tmp_path / "out" / "pareto-total-reward.svg").read_text()
