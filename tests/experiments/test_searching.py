"""Options that nobody gave, and such as do not go together."""

from functools import partial

import pytest

import rlnas
from rlnas.errors import UserError
from rlnas.experiments.resolving import default_threads, processors
from rlnas.quantity import plural
from rlnas.spaces import LimitedSpace, Limits, load_space

pytestmark = pytest.mark.usefixtures("inline")


def test_only_pictures_are_worth_several_threads():
    assert default_threads((4, 84, 84)) == processors()
    assert default_threads((4, 10, 10)) == default_threads((17,)) == 1


def test_a_run_keeps_the_threads_that_it_began_with(tmp_path):
    arguments = ("MinAtar/Breakout-v1", "minatar-1", "random", 1)
    again = partial(rlnas.search, *arguments, table="minatar-breakout", out=tmp_path)
    first = again(threads=2)  # 1 is usual for small maps
    assert again().data == first.data
    with pytest.raises(UserError, match="threads is 2 there, not 1"):
        again(threads=1)


def test_trainings_that_are_looked_up_have_the_tables_seeds(tmp_path):
    arguments = ("MinAtar/Breakout-v1", "minatar-1", "random", 1)
    for other in (1, 9):
        with pytest.raises(UserError, match="have the table's 5 seeds: leave --train-seeds out"):
            rlnas.search(*arguments, table="minatar-breakout", train_seeds=other, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert rlnas.search(*arguments, table="minatar-breakout", train_seeds=5, out=tmp_path / "run").best


def drawn(tmp_path, count: int, **changes) -> list[str]:
    found = rlnas.search(
        "MinAtar/Breakout-v1",
        "minatar-1",
        "random",
        1,
        table="minatar-breakout",
        random_networks=count,
        out=tmp_path / str(len(list(tmp_path.iterdir()))),
        **changes,
    )
    text = (found.path / "report.html").read_text()
    words = f"{plural(count, 'random architecture')} score"
    assert (words in text) == (count > 0)
    assert (f"--random-networks {count}" in text) == (count > 0)
    return [network.name for network in found.networks if network.random]


def test_random_networks_are_drawn_by_the_seed_and_within_the_limits(tmp_path):
    first = drawn(tmp_path, 4)
    assert len(set(first)) == 4
    assert drawn(tmp_path, 4) == first
    assert set(drawn(tmp_path, 4, seed=1)) != set(first)
    assert drawn(tmp_path, 0) == []
    small = load_space("minatar-1")
    cheap = LimitedSpace(small, Limits(max_params=42_000))
    within = drawn(tmp_path, cheap.size, max_params=42_000)
    assert sorted(within) == sorted(architecture.id for architecture in cheap)
    for wrong in (26, 2.5, True):
        with pytest.raises(UserError, match=f"random-networks must be .* not {wrong}"):
            drawn(tmp_path, wrong)
    with pytest.raises(UserError, match="no baseline for a warm start"):
        rlnas.search("CartPole-v1", "mlp", "spos", 1, random_networks=1, warm_start=True, out=tmp_path / "warm")
    with pytest.raises(UserError, match="chosen before latencies are measured: leave --max-latency out"):
        rlnas.search(
            "CartPole-v1", "mlp", "spos", 1, random_networks=1, max_latency=100.0, out=tmp_path / "late", device="cpu"
        )
