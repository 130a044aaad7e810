"""A search space of one's own, in 10 lines, on CartPole: `python own_space.py`."""

import rlnas
from rlnas.spaces import Activation, Choice, Linear, Repeat, Space

hidden = [
    Linear(Choice("width", [16, 64]), activation="none", norm=Choice("norm", ["none", "layer"])),
    Activation(Choice("act", ["relu", "tanh"])),
]
space = Space("small-mlp", (4,), [Repeat(hidden, times=Choice("depth", [1, 2]))])

if __name__ == "__main__":
    found = rlnas.search("CartPole-v1", space, steps="50k", out="runs/own-space")
    print("Best network:", found.best, "of", space.size)
