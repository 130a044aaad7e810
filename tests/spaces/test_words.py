from rlnas.spaces import Activation, Choice, Linear, MaxPool, Norm, Readout, Resize, Space, load_space
from rlnas.spaces.words import Line, layers_in_words


def test_layers_inside_others_stand_below_them():
    assert layers_in_words(load_space("impala-modern"))[:7] == [
        Line("switch", "width in {x1, x2}", "256", 0),
        Line("x1:", "", depth=1),
        Line("conv", "channels 16, kernel 3, activation none", depth=2),
        Line("max-pool", "kernel 3, stride 2", depth=2),
        Line("repeat", "times blocks in {1, 2}", depth=2),
        Line("residual", "", depth=3),
        Line("norm", "kind norm in {none, layer}", depth=4),
    ]


def test_a_kind_is_said_though_it_is_the_default_and_a_choice_is_named_once():
    stride = Choice("stride", [1, 2])
    layers = [MaxPool(2, stride=stride), Resize(4, 4), Norm(), Activation(), Readout(8), Linear(Choice("n", [1, 2]))]
    space = Space("s", (2, 8, 8), layers)
    assert [(line.layer, line.settings) for line in layers_in_words(space)] == [
        ("max-pool", "kernel 2, stride in {1, 2}"),
        ("resize", "height 4, width 4"),
        ("norm", "kind layer"),
        ("activation", "kind relu"),
        ("readout", "kind flatten, features 8"),
        ("linear", "features n in {1, 2}"),
    ]
