import pytest

from rlnas.errors import UserError
from rlnas.spaces import Architecture, Choice


def test_options_keep_their_order():
    assert Choice("k2", range(5, 0, -2)).options == (5, 3, 1)
    assert len(Choice("act", ["relu", "silu"])) == 2


@pytest.mark.parametrize("name", ["", "K2", "2k", "k-2", "k2=3", "k,2", 7, None])
def test_a_name_that_cannot_stand_in_an_id_is_refused(name):
    with pytest.raises(UserError, match="cannot be called"):
        Choice(name, [1, 2])


@pytest.mark.parametrize(
    ("options", "fault"),
    [
        ([], "no options"),
        ([1, 2, 1], "twice"),
        ([1, "1"], "twice"),
        ([1.5], "not allowed"),
        (["a,b"], "not allowed"),
        (["a=b"], "not allowed"),
        ([None], "not allowed"),
    ],
)
def test_options_that_an_id_cannot_tell_apart_are_refused(options, fault):
    with pytest.raises(UserError, match=f"'k2'.*{fault}|{fault}.*'k2'"):
        Choice("k2", options)


def test_an_architecture_is_a_mapping_from_choices_to_options():
    architecture = Architecture((("k2", 4), ("act", "relu")))
    assert dict(architecture) == {"k2": 4, "act": "relu"}
    assert architecture["k2"] == 4
    assert len(architecture) == 2


def test_ids_are_short_and_stable():
    assert Architecture((("k2", 4), ("k3", 5))).id == "k2=4,k3=5"
    assert str(Architecture((("bias", True), ("act", "silu")))) == "bias=true,act=silu"
    assert Architecture(()).id == "fixed"


def test_equal_architectures_are_one_key():
    a, b = Architecture((("k2", 4),)), Architecture((("k2", 4),))
    assert a == b
    assert len({a, b, Architecture((("k2", 5),))}) == 2
