import itertools
from collections import Counter

import numpy as np
import pytest

from rlnas.errors import UserError
from rlnas.spaces import Choice, LimitedSpace, Limits, Linear, Space, Subset, load_space

WHOLE = load_space("minatar-1")
HALF = Limits(max_params=44_000)
MIDDLE = Space("middle", (4,), [Linear(Choice(f"w{n}", range(1, 21))) for n in range(4)])  # 160,000 architectures


def products() -> dict[str, float]:
    """Made-up latencies: the kernel sizes multiplied, in milliseconds."""
    return {a.id: float(a["k1"] * a["k2"]) for a in WHOLE}


@pytest.mark.parametrize(
    ("limits", "cost"),
    [
        (HALF, lambda a: WHOLE.cost(a).parameters <= 44_000),
        (Limits(max_multiply_adds=90_000), lambda a: WHOLE.cost(a).multiply_adds <= 90_000),
        (
            Limits(44_000, 90_000),
            lambda a: WHOLE.cost(a).parameters <= 44_000 and WHOLE.cost(a).multiply_adds <= 90_000,
        ),
        (Limits(max_latency=6.0), lambda a: a["k1"] * a["k2"] <= 6),
        (
            Limits(max_params=44_000, max_latency=6.0),
            lambda a: WHOLE.cost(a).parameters <= 44_000 and a["k1"] * a["k2"] <= 6,
        ),
    ],
)
def test_it_holds_what_is_within_and_nothing_else(limits, cost):
    space = LimitedSpace(WHOLE, limits, products() if limits.max_latency else None)
    expected = [a for a in WHOLE if cost(a)]
    assert 2 < len(expected) < 25
    assert list(space) == expected
    assert space.size == len(space) == len(expected)
    assert [a for a in WHOLE if a in space] == expected
    assert [a for a in WHOLE if space.admits(WHOLE.indices(a))] == expected
    drawn = Counter(space.sample(np.random.default_rng(n)) for n in range(40 * len(expected)))
    assert set(drawn) == set(expected)
    # Chi-square: 99.9% of uniform samples of at most 24 cells stay below 52.
    assert sum((count - 40) ** 2 / 40 for count in drawn.values()) < 52


def test_costs_are_those_of_the_whole_space():
    for name in ("paper-1", "minatar-2", "mlp"):
        whole = load_space(name)
        space = LimitedSpace(whole, Limits(max_params=10**9))
        assert list(space) == list(whole)
        assert [space.cost(a) for a in space] == [whole.cost(a) for a in whole]


def test_what_is_beyond_is_refused_by_cost_and_limit():
    space = LimitedSpace(WHOLE, HALF)
    assert space.architecture("k1=2,k2=1") == WHOLE.architecture("k1=2,k2=1")
    with pytest.raises(UserError, match=r"'k1=5,k2=5'.*beyond the limits: 51,440 parameters.*at most 44,000 are"):
        space.architecture([4, 4])
    with pytest.raises(UserError, match="unknown option"):
        space.architecture("k1=9,k2=1")
    quick = LimitedSpace(WHOLE, Limits(max_latency=2.5), products())
    with pytest.raises(UserError, match=r"3 ms of latency, where at most 2.5 ms is allowed"):
        quick.architecture("k1=1,k2=3")
    assert not space.admits([4, 4])
    assert not space.admits([9, 0])
    assert not space.admits([0])


def test_limits_that_nothing_meets_name_the_least_there_is():
    with pytest.raises(UserError, match=r"least costs there are: 37,616 parameters \(k1=1,k2=1\).* 37,615 are allowed"):
        LimitedSpace(WHOLE, Limits(max_params=37_615))
    with pytest.raises(UserError, match=r"37,616 parameters .*, and 43,072 multiply-adds \(k1=1,k2=1\)"):
        LimitedSpace(WHOLE, Limits(max_params=10**6, max_multiply_adds=1))
    with pytest.raises(UserError, match=r"1 ms of latency \(k1=1,k2=1\), where at most 0.5 ms is allowed"):
        LimitedSpace(WHOLE, Limits(max_latency=0.5), products())
    with pytest.raises(UserError, match=r"none of 10,000 .*'middle'.* 11 parameters \(w0=1,w1=1,w2=1,w3=1\)"):
        LimitedSpace(MIDDLE, Limits(max_params=10))


def test_a_space_too_large_to_be_listed_is_sampled_by_rejection():
    assert not MIDDLE.enumerable
    space = LimitedSpace(MIDDLE, Limits(max_params=650))
    costs = [MIDDLE.cost(MIDDLE.sample(np.random.default_rng(n))).parameters for n in range(2_000)]
    share = sum(cost <= 650 for cost in costs) / 2_000
    assert space.size == pytest.approx(share * MIDDLE.size, rel=0.1)
    drawn = [space.sample(np.random.default_rng(n)) for n in range(200)]
    assert max(MIDDLE.cost(a).parameters for a in drawn) <= 650
    assert len(set(drawn)) > 190
    assert all(a in space for a in itertools.islice(space, 20))
    assert LimitedSpace(MIDDLE, Limits(max_params=650)).size == space.size


def test_too_few_of_a_large_space_are_refused():
    with pytest.raises(UserError, match=r"only about [\d,]+ of the 160,000 .* too few to be sampled"):
        LimitedSpace(MIDDLE, Limits(max_params=150))
    with pytest.raises(UserError, match=r"160,000 architectures: latency can be limited only where it is known"):
        LimitedSpace(MIDDLE, Limits(max_latency=1.0), {})


@pytest.mark.parametrize("limits", [{"max_params": 0}, {"max_multiply_adds": -1}, {"max_latency": float("nan")}])
def test_a_limit_is_a_positive_number(limits):
    with pytest.raises(UserError, match=r"must be a number above 0"):
        Limits(**limits)


def test_a_limited_space_is_another_than_the_whole():
    space = LimitedSpace(WHOLE, HALF)
    assert space == LimitedSpace(load_space("minatar-1"), HALF)
    assert space not in (WHOLE, LimitedSpace(WHOLE, Limits(max_params=43_000)))
    assert space != WHOLE
    assert (WHOLE.limited, space.limited) == (False, True)
    assert space.with_input((7, 10, 10)) == LimitedSpace(WHOLE.with_input((7, 10, 10)), HALF)
    with pytest.raises(UserError, match="limited already"):
        LimitedSpace(space, HALF)
    with pytest.raises(UserError, match="latencies"):
        LimitedSpace(WHOLE, Limits(max_latency=9.0), products()).with_input((7, 10, 10))
    with pytest.raises(UserError, match="no latency of architecture 'k1=1,k2=1'"):
        LimitedSpace(WHOLE, Limits(max_latency=9.0), {})


def test_limits_in_words():
    assert Limits(500_000, 20_000_000, 0.5).words() == (
        "at most 500,000 parameters and 20,000,000 multiply-adds and 0.5 ms of latency"
    )


WHOLE = load_space("minatar-1")
NAMES = ["k1=5,k2=5", "k1=1,k2=2", "k1=3,k2=3"]
PART = Subset(WHOLE, NAMES)


def test_it_holds_what_it_names_and_nothing_else():
    assert [architecture.id for architecture in PART] == NAMES
    assert PART.size == len(PART) == 3
    inside = {architecture.id for architecture in WHOLE if architecture in PART}
    assert inside == set(NAMES)
    assert [PART.admits(WHOLE.indices(architecture)) for architecture in PART] == [True] * 3
    assert sum(PART.admits((one, two)) for one in range(5) for two in range(5)) == 3
    assert not PART.admits((7, 0))


def test_all_are_drawn_and_no_others():
    rng = np.random.default_rng(0)
    assert {PART.sample(rng).id for _ in range(100)} == set(NAMES)


def test_what_is_left_out_is_refused():
    assert PART.architecture(" k2=5,k1=5").id == "k1=5,k2=5"
    with pytest.raises(UserError, match=r"unknown architecture of this part of space 'minatar-1': 'k1=2,k2=2'"):
        PART.architecture("k1=2,k2=2")
    with pytest.raises(UserError, match="unknown option for choice 'k1'"):
        Subset(WHOLE, ["k1=9,k2=1"])


def test_it_is_neither_the_whole_nor_another_part():
    assert PART != WHOLE
    assert WHOLE != PART
    assert Subset(WHOLE, NAMES) == PART
    assert hash(Subset(WHOLE, NAMES)) == hash(PART)
    assert Subset(WHOLE, NAMES[:2]) != PART
    assert PART.limited
