"""Torch networks and supernets built from a space."""

from rlnas.nets.encoder import Encoder
from rlnas.nets.network import Network, Supernet

__all__ = ["Encoder", "Network", "Supernet"]
