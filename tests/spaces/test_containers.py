import pytest

from rlnas.errors import UserError
from rlnas.spaces import (
    Activation,
    Choice,
    Conv,
    Flatten,
    Linear,
    MaxPool,
    Norm,
    Readout,
    Repeat,
    Residual,
    Resize,
    ShapeError,
    Space,
    Switch,
    load_space,
)

STRIDE = Choice("s", [1, 2])


def test_residual_costs_what_its_layers_cost():
    layer = Residual([Conv(4, kernel=Choice("k", [1, 3])), Norm()])
    assert [choice.name for choice in layer.choices] == ["k"]
    assert layer.output_shape((4, 5, 6), {"k": 3}) == (4, 5, 6)
    assert layer.parameters((4, 5, 6), {"k": 3}) == 4 * (4 * 9 + 1) + 8
    assert layer.multiply_adds((4, 5, 6), {"k": 3}) == 5 * 6 * 4 * 4 * 9


def test_a_residual_that_changes_the_shape_is_refused_with_its_architecture():
    layers = [Conv(4, kernel=3), Residual([Conv(4, kernel=3, stride=STRIDE)]), Resize(4, 4), Flatten()]
    with pytest.raises(ShapeError, match=r"s=2 is impossible: layer 2: residual must keep the shape, but makes \(4, 4"):
        Space("bad", (2, 8, 8), layers)


def test_a_switch_costs_what_its_alternative_costs():
    layer = Switch("op", {"conv": Conv(4, kernel=Choice("k", [1, 3])), "two": [Norm(), Activation()], "skip": []})
    assert [(choice.name, choice.options) for choice in layer.choices] == [
        ("op", ("conv", "two", "skip")),
        ("k", (1, 3)),
    ]
    shape = (4, 5, 6)
    assert layer.parameters(shape, {"op": "conv", "k": 3}) == 4 * (4 * 9 + 1)
    assert layer.multiply_adds(shape, {"op": "conv", "k": 1}) == 5 * 6 * 4 * 4
    assert layer.parameters(shape, {"op": "two", "k": 3}) == 8
    assert layer.parameters(shape, {"op": "skip", "k": 3}) == layer.multiply_adds(shape, {"op": "skip", "k": 3}) == 0
    assert layer.output_shape(shape, {"op": "skip", "k": 3}) == shape


def test_a_space_lists_the_layers_that_an_architecture_computes():
    block = Residual([Norm(), Switch("op", {"conv": Conv(4, kernel=3), "skip": []})])
    space = Space("s", (4, 3, 3), [Repeat([block], times=Choice("d", [1, 2])), Flatten()])
    kinds = {path.id: [layer.type for layer, _ in space.layers_of(path)] for path in space}
    assert kinds == {
        "d=1,op=conv": ["norm", "conv", "flatten"],
        "d=1,op=skip": ["norm", "flatten"],
        "d=2,op=conv": ["norm", "conv", "norm", "conv", "flatten"],
        "d=2,op=skip": ["norm", "norm", "flatten"],
    }


def test_alternatives_may_differ_in_shape_as_far_as_no_weights_depend_on_it():
    small_or_large = Switch("op", {"small": Conv(2, kernel=3, stride=2), "large": Conv(4, kernel=3)})
    Space("good", (2, 8, 8), [small_or_large, MaxPool(2), Resize(4, 4, channels=4), Flatten(), Linear(3)])
    Space("good", (2, 8, 8), [Switch("op", {"conv": [Conv(2, kernel=3), Readout(5)], "flat": [Flatten(), Linear(5)]})])
    # Of channels and features, a narrow path uses the first inputs of what reads them.
    Space("good", (2, 8, 8), [small_or_large, Norm(), Conv(3, kernel=3), Resize(4, 4), Flatten()])
    Space("good", (2, 8, 8), [Switch("op", {"a": Readout(5), "b": Readout(6)})])
    shapes = r"\(op=small: \(32,\), op=large: \(256,\)\)"
    with pytest.raises(ShapeError, match=rf"different shapes reach layer 3 \(linear\) {shapes}.*resize layer before"):
        Space("bad", (2, 8, 8), [small_or_large, Flatten(), Linear(3)])
    with pytest.raises(ShapeError, match=r"different shapes reach layer 2 \(readout\)"):
        Space("bad", (2, 8, 8), [small_or_large, Readout(3)])
    with pytest.raises(ShapeError, match=r"different shapes reach the heads"):
        # Of a flattened map, 16 neighbours belong to one channel.
        Space("bad", (2, 4, 4), [Switch("op", {"flat": Flatten(), "linear": [Flatten(), Linear(5)]})])


@pytest.mark.parametrize(
    "container", [Residual, lambda layers: Repeat(layers, times=1), lambda x: Switch("op", {"a": x})]
)
def test_paths_must_agree_inside_a_container_too(container):
    inside = [Conv(2, kernel=3, stride=STRIDE), Flatten(), Linear(128)]
    with pytest.raises(ShapeError, match=r"different shapes reach layer 1 \(linear in \w+\)"):
        Space("bad", (2, 8, 8), [container(inside)])


def test_an_impossible_alternative_is_named():
    layers = [
        Conv(4, kernel=3, stride=Choice("s", [1, 4])),
        Switch("op", {"skip": [], "valid": Conv(4, 3, padding="valid")}),
    ]
    with pytest.raises(ShapeError, match=r"architecture s=4,op=valid is impossible: layer 2: conv with kernel 3"):
        Space("bad", (2, 8, 8), [*layers, Resize(2, 2), Flatten()])


def test_a_choice_that_a_switch_shares_has_one_option_everywhere():
    # Of the four pairs only two exist, and only they must fit together.
    first = Switch("op", {"down": Conv(4, kernel=1, stride=4), "keep": []})
    second = Switch("op", {"down": Conv(4, kernel=1), "keep": Conv(4, kernel=3, padding="valid")})
    space = Space("shared", (4, 8, 8), [first, second, Resize(2, 2), Flatten()])
    assert [path.id for path in space] == ["op=down", "op=keep"]
    inner = Switch("op", {"down": Activation("relu"), "keep": Activation("tanh")})
    nested = Space("nested", (4, 8, 8), [Switch("op", {"down": inner, "keep": []}), Flatten()])
    assert (0, "down", 0, "down") in nested.reached
    assert (0, "down", 0, "keep") not in nested.reached


def test_containers_hold_one_another_without_a_product_of_their_choices():
    kernels = [Choice(f"k{n}", range(1, 6)) for n in range(40)]
    blocks = [Residual([Conv(4, kernel=kernel)]) for kernel in kernels]
    space = Space("huge", (4, 8, 8), [*blocks, Residual([Switch("op", {"a": blocks[:2], "skip": []})]), Flatten()])
    assert space.size == 5**40 * 2
    assert Space("huge", (4, 8, 8), [Residual(blocks), Flatten()]).size == 5**40
    assert Space("huge", (4, 8, 8), [Repeat(blocks, times=Choice("d", [1, 2])), Flatten()]).size == 5**40 * 2
    reflecting = [Residual([Conv(4, kernel=kernel, pad_mode="reflect")]) for kernel in kernels]
    assert Space("huge", (4, 8, 8), [Residual(reflecting), Flatten()]).size == 5**40
    assert Space("huge", (4, 8, 8), [Repeat(reflecting, times=2), Flatten()]).size == 5**40
    switches = [Switch(f"s{n}", {"conv": Conv(4, kernel=3), "skip": []}) for n in range(14)]
    with pytest.raises(UserError, match=r"layer 1 can meet more than 10,000 shapes, or combinations of options"):
        Space("huge", (4, 8, 8), [Repeat(switches, times=2), Flatten()])


def test_a_choice_inside_a_repeat_holds_for_all_times():
    # Half the map each time is not kept, unless it is a single place by then.
    layers = [Repeat([Conv(4, kernel=3, stride=STRIDE)], times=2), Resize(2, 2), Flatten()]
    space = Space("good", (2, 2, 2), layers)
    assert [space.shapes(path)[0] for path in space] == [(4, 2, 2), (4, 1, 1)]
    with pytest.raises(
        ShapeError, match=r"s=2 is impossible: layer 1: repeat must keep the shape after the first time"
    ):
        Space("bad", (2, 3, 3), layers)


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: Residual([]), "residual: layers must be a list of at least one layer"),
        (lambda: Residual(["conv"]), "residual: layers"),
        (lambda: Residual(3), "residual: layers"),
        (lambda: Switch("op", {}), "choice 'op' has no options"),
        (lambda: Switch("Op", {"a": []}), "a choice cannot be called 'Op'"),
        (lambda: Switch("op", {"a b": []}), "option 'a b' of choice 'op'"),
        (lambda: Switch("op", {3: []}), "the name of an alternative must be text, not 3"),
        (lambda: Switch("op", {"a": [3]}), "switch: option 'a': layers must be a list of layers"),
        (lambda: Switch("op", (("a", []), ("a", []))), "lists an option twice"),
        (lambda: Conv(4, kernel=3, share="slice"), 'conv: share = "slice" needs a choice of channels'),
        (lambda: Linear(4, share="slice"), 'linear: share = "slice" needs a choice of features'),
        (lambda: Linear(Choice("f", [1, 2]), share="all"), "linear: share must be one of none, slice, not 'all'"),
        (lambda: Conv(STRIDE, kernel=STRIDE, share="slice"), "decides nothing else in the layer"),
    ],
)
def test_a_parameter_that_is_not_allowed_is_named(make, fault):
    with pytest.raises(UserError, match=fault):
        make()


@pytest.mark.parametrize(
    ("layer", "fault"),
    [
        ({"type": "residual", "layers": 3}, "residual: layers must be a list of at least one layer, not 3"),
        ({"type": "residual", "layers": [{"type": "cnov"}]}, "unknown layer type 'cnov'"),
        ({"type": "switch", "choice": "op", "options": {"a": []}}, "an option reads"),
        ({"type": "switch", "choice": "op", "options": [{"name": "a", "layer": []}]}, "an option reads"),
        (
            {"type": "switch", "choice": {"choice": "op", "options": [1]}, "options": [{"name": "a"}]},
            "cannot be called",
        ),
        ({"type": "switch", "options": [{"name": "a"}]}, "a switch layer lacks a parameter"),
    ],
)
def test_data_that_is_no_container_is_refused(layer, fault):
    with pytest.raises(UserError, match=fault):
        Space.from_dict({"name": "bad", "input": [3], "layers": [layer]})


def test_containers_survive_a_file(tmp_path):
    (tmp_path / "space.toml").write_text("""
name = "mine"
input = [2, 8, 8]

[[layers]]
type = "conv"
channels = {choice = "c", options = [4, 8]}
kernel = 3
share = "slice"

[[layers]]
type = "resize"
channels = 8

[[layers]]
type = "switch"
choice = "op"
options = [
    {name = "block", layers = [{type = "residual", layers = [{type = "conv", channels = 8, kernel = 3}]}]},
    {name = "skip"},
]

[[layers]]
type = "readout"
features = 5
""")
    block = Residual([Conv(8, kernel=3)])
    layers = [
        Conv(Choice("c", [4, 8]), kernel=3, share="slice"),
        Resize(channels=8),
        Switch("op", {"block": block, "skip": []}),
        Readout(5),
    ]
    assert load_space(tmp_path / "space.toml") == Space("mine", (2, 8, 8), layers)


def test_the_order_of_alternatives_and_old_spaces_stay_as_they_are():
    # Ids, fingerprints of checkpoints, and files on disk depend on them.
    layer = Switch("op", {"b": [], "a": Norm()})
    plain = Space("s", (3,), [layer]).to_dict()
    assert plain["layers"] == [
        {"type": "switch", "choice": "op", "options": [{"name": "b"}, {"name": "a", "layers": [{"type": "norm"}]}]}
    ]
    assert [path.id for path in Space.from_dict(plain)] == ["op=b", "op=a"]
    conv = Space("s", (2, 8, 8), [Conv(Choice("c", [4, 8]), kernel=3), Flatten()]).to_dict()["layers"][0]
    assert conv == {"type": "conv", "channels": {"choice": "c", "options": [4, 8]}, "kernel": 3}


def test_layers_of_layers_come_to_an_end():
    pair = [Linear(4), Activation("relu")]
    assert Repeat(pair, 500).length == 1_000
    for make in (
        lambda: Repeat(pair, 10**9),
        lambda: Repeat(pair, Choice("n", [1, 501])),
        lambda: Repeat([Repeat(pair, 100), Residual([Repeat(pair, 100)])], 3),
        lambda: Residual([Repeat(pair, 400), Repeat(pair, 400)]),
        lambda: Switch("op", {"a": [Repeat(pair, 400)], "b": Repeat(pair, 400)}),
    ):
        with pytest.raises(UserError, match=r"it has [\d,]+ layers, and at most 1,000 are allowed"):
            make()


def test_layers_of_layers_are_not_too_deep():
    layer = Linear(4)
    for _ in range(20):
        layer = Residual([layer])
    assert layer.depth == 20
    for make in (lambda: Residual([layer]), lambda: Repeat(layer, 1), lambda: Switch("op", {"a": layer})):
        with pytest.raises(UserError, match="at most 20 layers of layers may lie in one another"):
            make()
