"""Search spaces: choices, layers, architectures, and the catalogue. Nothing here knows torch."""

from rlnas.spaces.catalogue import CATALOGUE, LARGE_MAP, adapt, in_catalogue, load_space
from rlnas.spaces.choice import FIXED_ID, Architecture, Choice, Option
from rlnas.spaces.containers import Repeat, Residual, Switch
from rlnas.spaces.layers import (
    Activation,
    Conv,
    Flatten,
    Layer,
    Linear,
    MaxPool,
    Norm,
    Readout,
    Resize,
    Shape,
    ShapeError,
)
from rlnas.spaces.limits import LimitedSpace, Limits, Subset, limit
from rlnas.spaces.space import Cost, Space
from rlnas.spaces.user_module import Module

Fit = Resize  # its name in version 0.1

__all__ = [
    "CATALOGUE",
    "FIXED_ID",
    "LARGE_MAP",
    "Activation",
    "Architecture",
    "Choice",
    "Conv",
    "Cost",
    "Fit",
    "Flatten",
    "Layer",
    "LimitedSpace",
    "Limits",
    "Linear",
    "MaxPool",
    "Module",
    "Norm",
    "Option",
    "Readout",
    "Repeat",
    "Residual",
    "Resize",
    "Shape",
    "ShapeError",
    "Space",
    "Subset",
    "Switch",
    "adapt",
    "in_catalogue",
    "limit",
    "load_space",
]
