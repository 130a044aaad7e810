"""Search spaces: choices, layers, architectures, and the catalogue. Nothing here knows torch."""

from rlnas.spaces.architecture import FIXED_ID, Architecture
from rlnas.spaces.catalogue import CATALOGUE, load_space
from rlnas.spaces.choice import Choice, Option
from rlnas.spaces.layers import Conv, Fit, Flatten, Layer, Linear, MaxPool, Shape, ShapeError
from rlnas.spaces.space import Cost, Space

__all__ = [
    "CATALOGUE",
    "FIXED_ID",
    "Architecture",
    "Choice",
    "Conv",
    "Cost",
    "Fit",
    "Flatten",
    "Layer",
    "Linear",
    "MaxPool",
    "Option",
    "Shape",
    "ShapeError",
    "Space",
    "load_space",
]
