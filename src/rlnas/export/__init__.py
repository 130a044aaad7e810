"""A trained agent in the user's own stack: a plain PyTorch file, ONNX, Stable-Baselines3.

Importing this package is cheap; `export` loads what a format needs.
"""

from rlnas.export.export import EXPORTERS, Exporter, export

__all__ = ["EXPORTERS", "Exporter", "export"]
