"""The one place that seeds come from: every random stream of a run has a name, derived from the user's seed.

Streams are derived, not spawned in order, so that a resumed run meets the same streams as an undisturbed one
without any generator state on disk, and two runs whose seeds are neighbours share nothing. What belongs to no run (an
interval by simulation, inputs to try a network on) has a fixed seed where it is drawn.
"""

import zlib

import numpy as np

Key = int | str


def sequence(seed: int, *keys: Key) -> np.random.SeedSequence:
    """The seed sequence of the stream with a name, e.g. `"rollout", 17`; strings enter by their CRC-32.

    >>> a = sequence(1, "env", 0).generate_state(1)
    >>> b = sequence(1, "env", 1).generate_state(1)
    >>> bool(a == b)
    False
    """
    words = [zlib.crc32(key.encode()) if isinstance(key, str) else key for key in keys]
    return np.random.SeedSequence([seed, *words])


def integer(seed: int, *keys: Key) -> int:
    """A 63-bit seed for the named stream, for `torch.Generator.manual_seed`."""
    return int(sequence(seed, *keys).generate_state(1, np.uint64)[0] >> 1)


def integers(seed: int, *keys: Key, count: int) -> np.ndarray:
    """31-bit seeds for `count` environments, shape `(count,)`, dtype int64."""
    return (sequence(seed, *keys).generate_state(count, np.uint32) >> 1).astype(np.int64)


def generator(seed: int, *keys: Key) -> np.random.Generator:
    """A NumPy generator for the named stream."""
    return np.random.Generator(np.random.PCG64(sequence(seed, *keys)))
