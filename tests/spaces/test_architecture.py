from rlnas.spaces import Architecture


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
