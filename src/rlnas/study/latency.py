"""How long a network takes on this machine: measured once, kept, and used again."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from rlnas import seeding
from rlnas.algorithms.torch_modes import torch_threads
from rlnas.errors import UserError
from rlnas.files import read_object, write_json
from rlnas.nets import Heads, Network
from rlnas.spaces import Architecture, Limits, Space, limit
from rlnas.table import Table
from rlnas.trials.progress import Progress, RateMeter, Watcher, nobody

MOST_MEASURED = 1_000
"""Architectures of a space whose latencies are still measured one by one."""

ACTIONS = 6
"""Outputs of the policy head in a measurement: what follows the encoder is small, and hardly depends on them."""

ROUNDS = 3
PASSES = 40
"""Inferences of a network in a round."""
UPDATES = 4
"""Minibatches of a network in a round."""


def measure_inference(space: Space, architecture: Architecture, own_value_encoder: bool = False) -> float:
    """Milliseconds of one forward pass of the whole network, heads included, on one observation and one thread.

    The fastest of 40 passes after one that warms up, on the CPU, whatever device a study trains on: other processes
    slow a pass down, and nothing speeds it up.

    Args:
        space: the search space.
        architecture: the network.
        own_value_encoder: whether the values have an encoder of their own, as with the PPO option
            `value_encoder=own`; it is a part of the network then.
    """
    network = _network(space, architecture, own_value_encoder)
    one = _observations(space, 1)

    def infer() -> None:
        with torch.no_grad():
            network(one)

    with torch_threads(1):
        return _fastest_ms(infer, PASSES)


def measure_training(
    space: Space, architecture: Architecture, minibatch: int, own_value_encoder: bool = False
) -> float:
    """Milliseconds of one minibatch, forward and backward, on one thread: the fastest of 4."""
    network = _network(space, architecture, own_value_encoder)
    many = _observations(space, minibatch)

    def learn() -> None:
        network.zero_grad()
        logits, value = network(many)
        (logits.mean() + value.mean()).backward()

    with torch_threads(1):
        return _fastest_ms(learn, UPDATES)


def measure_all(
    networks: Sequence[tuple[Space, Architecture]],
    measure: Callable[[Space, Architecture], float],
    watch: Watcher = nobody,
    task: str = "latency",
) -> list[float]:
    """Measures several networks: the least of three rounds over all, lest a busy moment falls on one alone.

    Args:
        networks: what to measure.
        measure: gives the milliseconds of one of them.
        watch: told of every measurement.
        task: what to call the task when telling.
    """
    found, meter = [math.inf] * len(networks), RateMeter()
    total = ROUNDS * len(networks)
    for done in range(total):
        place = done % len(networks)
        found[place] = min(found[place], measure(*networks[place]))
        rate = meter.update(done + 1)
        watch(Progress(task, done + 1, total, "measurements", rate, finished=done + 1 == total))
    return found


def _network(space: Space, architecture: Architecture, own_value_encoder: bool) -> Network:
    return Network(space, architecture, Heads(ACTIONS, own_value_encoder=own_value_encoder), 0)


def _observations(space: Space, count: int) -> torch.Tensor:
    stream = seeding.generator(0, "latency")
    return torch.as_tensor(stream.random((count, *space.input_shape), dtype=np.float32))


def _fastest_ms(call: Callable[[], None], repeats: int) -> float:
    call()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        call()
        times.append(1000 * (time.perf_counter() - start))
    return round(min(times), 4)


def check_measurable(space: Space) -> None:
    """Makes sure that a space is small enough to measure all of it.

    Raises:
        UserError: if it is not.
    """
    if space.size > MOST_MEASURED:
        raise UserError(
            f"space {space.name!r} has {space.size:,} architectures, and latencies are measured of at most "
            f"{MOST_MEASURED:,}: leave --latency out, or in a search use --max-params or --max-multiply-adds."
        )


def find_latencies(
    space: Space, limits: Limits, table: Table | None, watch: Watcher = nobody, *, own_value_encoder: bool = False
) -> dict[str, float]:
    """Milliseconds of every architecture that the other limits leave: the table's, or measured here and now.

    Args:
        space: the search space.
        limits: those beside that of latency decide what is measured.
        table: where to look up; `None` to measure.
        watch: told of every measurement.
        own_value_encoder: see `measure_inference`.

    Raises:
        UserError: if the table knows the latency of one of them not, or the space is too large to measure.
    """
    others = Limits(limits.max_params, limits.max_multiply_adds)
    if table is None:
        check_measurable(space)
    left = list(limit(space, others, None))
    if table is not None:
        return {architecture.id: _of_table(table, architecture.id) for architecture in left}
    networks = [(space, architecture) for architecture in left]
    found = measure_all(networks, partial(measure_inference, own_value_encoder=own_value_encoder), watch)
    return {architecture.id: milliseconds for architecture, milliseconds in zip(left, found, strict=True)}


def _of_table(table: Table, name: str) -> float:
    found = table.measured(name)["measured_inference_ms"]
    if found is None:
        raise UserError(f"the table {table.name!r} holds no latency of architecture {name!r}: leave --max-latency out.")
    return found


def write_latencies(file: Path, latencies: Mapping[str, float], table: str | None) -> None:
    """Keeps latencies, and the table that they are from, so that a search that is resumed meets the same."""
    data: dict[str, Any] = {
        "unit": "milliseconds of one forward pass of the network on one observation, on one thread",
        "source": "this machine" if table is None else f"table {table}",
        "architectures": dict(latencies),
    }
    write_json(file, data)


def read_latencies(file: Path) -> dict[str, float]:
    """What `write_latencies` kept.

    Raises:
        UserError: if the file is damaged.
    """
    found = read_object(file).get("architectures")
    if not isinstance(found, dict) or not found:
        raise UserError(f"the file {str(file)!r} holds no latencies.")
    for name, value in found.items():
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < math.inf:
            raise UserError(f"the file {str(file)!r} holds no latency of {name!r}, but {value!r}.")
    return found
