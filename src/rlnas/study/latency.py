"""How long a network takes on this machine: measured once, kept, and used again."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from timeit import Timer
from typing import Annotated

import numpy as np
import torch
from pydantic import Field

from rlnas import seeding
from rlnas.algorithms.torch_modes import torch_threads
from rlnas.errors import UserError
from rlnas.files import write_json
from rlnas.nets import Heads, Network
from rlnas.spaces import Architecture, Limits, Space, limit
from rlnas.table import Table
from rlnas.trials.progress import Progress, RateMeter, Watcher, nobody
from rlnas.trials.records import Record, read_record

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

    The fastest of 40 passes after one that warms up, in fp32 on the CPU, whatever a study trains in and on: other
    processes slow a pass down, and nothing speeds it up. With `own_value_encoder` the values have an encoder of their
    own.
    """
    return _fastest_ms(_infer, PASSES, space, architecture, 1, own_value_encoder)


def measure_training(
    space: Space, architecture: Architecture, minibatch: int, own_value_encoder: bool = False
) -> float:
    """Milliseconds of one minibatch, forward and backward, on one thread: the fastest of 4."""
    return _fastest_ms(_learn, UPDATES, space, architecture, minibatch, own_value_encoder)


@torch.no_grad()
def _infer(network: Network, observation: torch.Tensor) -> None:
    network(observation)


def _learn(network: Network, observations: torch.Tensor) -> None:
    network.zero_grad()
    logits, value = network(observations)
    (logits.mean() + value.mean()).backward()


def _fastest_ms(
    call: Callable[[Network, torch.Tensor], None],
    repeats: int,
    space: Space,
    architecture: Architecture,
    count: int,
    own_value_encoder: bool,
) -> float:
    network = Network(space, architecture, Heads(ACTIONS, own_value_encoder=own_value_encoder), 0)
    observations = seeding.generator(0, "latency").random((count, *space.input_shape), dtype=np.float32)
    timer = Timer(partial(call, network, torch.as_tensor(observations)))
    with torch_threads(1):
        timer.timeit(1)
        return round(1000 * min(timer.repeat(repeats, 1)), 4)


def measure_all(
    networks: Sequence[tuple[Space, Architecture]],
    measure: Callable[[Space, Architecture], float],
    watch: Watcher = nobody,
    task: str = "latency",
) -> list[float]:
    """Measures several networks: the least of three rounds over all, lest a busy moment falls on one alone.

    `measure` gives the milliseconds of one of them; `watch` is told of every measurement, under the name `task`.
    """
    found, meter = [math.inf] * len(networks), RateMeter()
    total = ROUNDS * len(networks)
    for done in range(total):
        place = done % len(networks)
        found[place] = min(found[place], measure(*networks[place]))
        rate = meter.update(done + 1)
        watch(Progress(task, done + 1, total, "measurements", rate, finished=done + 1 == total))
    return found


def check_measurable(space: Space) -> None:
    """Raises a `UserError` unless a space is small enough to measure all of it."""
    if space.size > MOST_MEASURED:
        raise UserError(
            f"space {space.name!r} has {space.size:,} architectures, and latencies are measured of at most "
            f"{MOST_MEASURED:,}: leave --latency out, or in a search use --max-params or --max-multiply-adds."
        )


def find_latencies(
    space: Space, limits: Limits, table: Table | None, watch: Watcher = nobody, *, own_value_encoder: bool = False
) -> dict[str, float]:
    """Milliseconds of every architecture that the other limits leave: the table's, or without one measured now.

    Raises:
        UserError: if the table lacks the latency of one of them, or the space is too large to measure.
    """
    if table is None:
        check_measurable(space)
    left = list(limit(space, replace(limits, max_latency=None)))
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


class Latencies(Record):
    """Latencies and where they are from, kept so that a search that is resumed meets the same."""

    unit: str = "milliseconds of one forward pass of the network on one observation, on one thread"
    source: str = "this machine"
    architectures: dict[str, Annotated[float, Field(ge=0)]] = Field(min_length=1)


def write_latencies(file: Path, latencies: Mapping[str, float], table: str | None) -> None:
    """Keeps latencies, and the table that they are from; `None` for this machine."""
    source = {} if table is None else {"source": f"table {table}"}
    write_json(file, Latencies(architectures=dict(latencies), **source).model_dump())


def read_latencies(file: Path) -> dict[str, float]:
    """What `write_latencies` kept; raises a `UserError` if the file is damaged."""
    return read_record(Latencies, file).architectures
