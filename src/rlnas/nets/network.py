"""Networks: an encoder with a policy head and a value head. The supernet is the network that holds every path."""

import contextlib
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from rlnas import seeding
from rlnas.nets.blocks import ModuleBlock
from rlnas.nets.convolution import pixels
from rlnas.nets.encoder import Encoder
from rlnas.nets.shared import SharedLinear
from rlnas.spaces import Architecture, Space


@dataclass(frozen=True)
class Heads:
    """The heads of a network.

    Attributes:
        outputs: numbers that the policy head gives: logits, or the means of continuous actions.
        log_std: where the logarithm of the standard deviation of continuous actions starts; it is learned, and the same
            for every observation. `None` for discrete actions.
        own_value_encoder: whether the value head has an encoder of its own, of the same architecture.
    """

    outputs: int
    log_std: float | None = None
    own_value_encoder: bool = False


class Standardize(nn.Module):
    """Observations less their mean, divided by their standard deviation, clipped to `-clip..clip`.

    `mean` and `deviation` are float32 and have the observation's shape, or one that broadcasts.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, mean: Tensor, deviation: Tensor, clip: float):
        super().__init__()
        # No weights: a checkpoint keeps what they come from.
        self.register_buffer("mean", mean, persistent=False)
        self.register_buffer("deviation", deviation, persistent=False)
        self.clip = clip

    @classmethod
    def between(cls, low: np.ndarray, high: np.ndarray) -> Self:
        """What scales observations from their bounds to [0, 1]."""
        least, most = (torch.as_tensor(side, dtype=torch.float32) for side in (low, high))
        return cls(least, most - least, math.inf)  # numbers without bounds beside others may be anything

    def forward(self, observation: Tensor) -> Tensor:
        """Standardises `(batch, *shape)`."""
        return torch.clamp((observation - self.mean) / self.deviation, -self.clip, self.clip)


@contextlib.contextmanager
def fixed_weights() -> Iterator[None]:
    """Inside, no weight may change: a network in bf16 rounds each once, and not on every forward pass."""
    torch.autocast_increment_nesting()
    try:
        yield
    finally:
        if torch.autocast_decrement_nesting() == 0:
            torch.clear_autocast_cache()


class Network(nn.Module):
    """The actor-critic network of one architecture.

    Attributes:
        standardize: what unscaled observations go through before the encoder; `None` while a trainer normalises them,
            and in networks that learned from observations as they are.
        bf16: whether encoders compute in bfloat16, as torch's autocast has it; weights, heads and what comes out stay
            float32.

    Args:
        space: the search space.
        architecture: the architecture to build: its layers and no others.
        heads: what it ends in; a number stands for so many discrete actions.
        seed: of the initial weights: orthogonal, gain sqrt(2) in the encoder, 0.01 in the policy head, 1 in the value
            head, biases 0. Every weight has a stream of its own, numbered in the order of computation, so networks of
            equal layers start with equal weights, however their spaces declare them.
    """

    def __init__(self, space: Space, architecture: Architecture | None, heads: Heads | int, seed: int = 0):
        super().__init__()
        self.space = space
        self.heads = Heads(heads) if isinstance(heads, int) else heads
        self.standardize: Standardize | None = None
        self.bf16 = False
        self.encoder = Encoder(space, architecture)
        self.value_encoder = Encoder(space, architecture) if self.heads.own_value_encoder else None
        self.policy: nn.Linear | SharedLinear
        self.value: nn.Linear | SharedLinear
        if architecture is None:
            self.policy = SharedLinear(space.features, self.heads.outputs)
            self.value = SharedLinear(space.features, 1)
        else:
            features = space.shapes(architecture)[-1][0]
            self.policy, self.value = nn.Linear(features, self.heads.outputs), nn.Linear(features, 1)
        if self.heads.log_std is not None:
            self.log_std = nn.Parameter(torch.full((self.heads.outputs,), self.heads.log_std))
        self._initialise(seed)
        # Convolutions run about a third faster in this layout.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @torch.no_grad()
    def _initialise(self, seed: int) -> None:
        gains = {"policy": 0.01, "value": 1.0}
        own = {name: module for name, module in self.named_modules() if isinstance(module, ModuleBlock)}
        for number, block in enumerate(own.values()):
            block.initialise(seeding.integer(seed, "weights", "modules", number))
        numbers: Counter[str] = Counter()
        for name, parameter in self.named_parameters():
            if name == "log_std" or name.startswith(tuple(f"{module}." for module in own)):
                continue  # its start is set already; the user's own modules start as they like
            if name.endswith("bias"):
                parameter.zero_()
            elif parameter.dim() == 1:
                parameter.fill_(1.0)  # the scale of a norm
            else:
                part = name.partition(".")[0]
                numbers[part] += 1
                stream = torch.Generator().manual_seed(seeding.integer(seed, "weights", part, numbers[part]))
                nn.init.orthogonal_(parameter, gains.get(part, math.sqrt(2)), generator=stream)

    def forward(self, observation: Tensor) -> tuple[Tensor, Tensor]:
        """Policy and values of observations `(batch, *input_shape)`; uint8 ones are scaled unless `standardize` is set.

        Returns:
            The parameters of the distribution of actions: logits `(batch, outputs)`; for continuous actions the means,
            then the logarithms of the standard deviations, `(batch, 2 * outputs)`. And values `(batch,)`. All float32.
        """
        features = self._encode(self.encoder, observation)
        parameters = self.policy(features)
        if self.heads.log_std is not None:
            parameters = torch.cat([parameters, self.log_std.expand_as(parameters)], -1)
        read = features if self.value_encoder is None else self._encode(self.value_encoder, observation)
        return parameters, self.value(read).squeeze(-1)

    def _encode(self, encoder: Encoder, observation: Tensor) -> Tensor:
        if not self.bf16:
            return encoder(self._prepare(encoder, observation))
        with torch.autocast(observation.device.type, torch.bfloat16):
            return encoder(self._prepare(encoder, observation)).float()

    def _prepare(self, encoder: Encoder, x: Tensor) -> Tensor:
        """Observations as an encoder takes them."""
        if self.standardize is not None:
            return self.standardize(x.float())
        if x.dtype == torch.uint8:
            return x if encoder.takes_bytes() else pixels(x)
        if x.dtype != torch.bool:
            return x.float()
        if not torch.compiler.is_compiling():
            x = x.view(torch.uint8)  # torch converts many bytes at a time
        return x.to(torch.bfloat16 if self.bf16 else torch.float32)


class Supernet(Network):
    """All architectures of a space in one network with shared weights; one path is active at a time.

    Inactive options are not computed and get no gradient (`None`, not zero), so an optimiser leaves them, and their
    moments, untouched. Arguments are those of `Network`.

    Attributes:
        spare_idle_inputs: whether its optimiser should leave alone the weights of inputs without any gradient, too: a
            path may lack inputs that others have. Only then, for looking for them takes time.
    """

    def __init__(self, space: Space, heads: Heads | int, seed: int = 0):
        super().__init__(space, None, heads, seed)
        self.spare_idle_inputs = space.narrows

    def activate(self, path: Architecture) -> None:
        """Makes `path` the active path."""
        self.encoder.activate(dict(path))
        if self.value_encoder is not None:
            self.value_encoder.activate(dict(path))

    def extract(self, path: Architecture) -> Network:
        """The network of one architecture with a copy of the weights that its path uses; `path` is active then."""
        self.activate(path)
        network = Network(self.space, path, self.heads)
        for own, other in ((self.encoder, network.encoder), (self.value_encoder, network.value_encoder)):
            if own is not None and other is not None:
                for block, copy in zip(own.leaves(), other.leaves(), strict=True):
                    block.fill(copy)
        for head, own_head in ((self.policy, network.policy), (self.value, network.value)):
            assert isinstance(head, SharedLinear)
            head.fill(own_head)
        if self.heads.log_std is not None:
            network.log_std.data.copy_(self.log_std)
        network.standardize, network.bf16 = self.standardize, self.bf16
        return network
