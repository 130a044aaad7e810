import itertools

import numpy as np
import pytest

from rlnas import seeding


def test_a_stream_depends_on_the_seed_and_on_every_part_of_its_name():
    keys = [(0, "env", 1), (1, "env", 1), (0, "actions", 1), (0, "env", 2), (0, 1, "env"), (0, "env", 1, 1)]
    found = [seeding.integer(*key) for key in keys]
    assert len(set(found)) == len(keys)
    assert found == [seeding.integer(*key) for key in keys]


def test_streams_do_not_change_between_versions():
    # Runs on disk are resumed by name and seed: another number here would be another run.
    assert seeding.integer(1, "weights", "policy.weight") == 5412221671955755723
    assert seeding.integers(1, "environments", 0, count=2).tolist() == [483228068, 179075305]


def test_integers_suit_torch_and_ale():
    assert all(0 <= seeding.integer(seed, "x") < 2**63 for seed in range(200))
    seeds = seeding.integers(3, "environments", count=1000)
    assert seeds.dtype == np.int64
    assert seeds.shape == (1000,)
    assert seeds.min() >= 0
    assert seeds.max() < 2**31


def test_environments_of_neighbouring_runs_share_no_seed():
    runs = [set(seeding.integers(seed, "environments", 0, count=8).tolist()) for seed in range(20)]
    assert all(len(run) == 8 for run in runs)
    assert all(not a & b for a, b in itertools.combinations(runs, 2))


def test_generators_of_one_name_draw_the_same():
    draws = [seeding.generator(seed, "architectures").random(4) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert not np.array_equal(draws[0], draws[2])


def test_a_negative_seed_is_refused():
    with pytest.raises(ValueError, match="non-negative"):
        seeding.integer(-1, "x")
