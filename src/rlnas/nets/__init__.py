"""Torch networks and supernets built from a space."""

from rlnas.nets.encoder import Encoder
from rlnas.nets.network import Heads, Network, Standardize, Supernet, fixed_weights

__all__ = ["Encoder", "Heads", "Network", "Standardize", "Supernet", "fixed_weights"]
