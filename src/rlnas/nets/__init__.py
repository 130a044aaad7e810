"""Torch networks and supernets built from a space."""

from rlnas.nets.encoder import Encoder
from rlnas.nets.heads import Heads, Standardize
from rlnas.nets.network import Network, Supernet

__all__ = ["Encoder", "Heads", "Network", "Standardize", "Supernet"]
