import numpy as np
import pytest

from rlnas.errors import UserError
from rlnas.spaces import Subset, load_space

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
