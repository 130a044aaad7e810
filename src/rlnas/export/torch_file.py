"""An agent as plain PyTorch: a folder with the network as one readable Python file, its weights, its description."""

import io
import json
import math
import re
import textwrap
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from rlnas.errors import UserError
from rlnas.export.agent import Agent, Export
from rlnas.nets import Network, Standardize, blocks
from rlnas.nets.encoder import ResidualBlock, SequenceBlock

ACTIVATIONS = {"none": "{}", "tanh": "torch.tanh({})"} | {n: f"F.{n}({{}})" for n in ("relu", "silu", "gelu", "elu")}

REDUCTIONS = {"flatten": "torch.flatten(x, 1)", "mean": "x.mean((2, 3))", "max": "x.amax((2, 3))"}


class Listing:
    """The lines of a network's source, collected while one observation is followed through the network."""

    def __init__(self) -> None:
        self.modules: list[str] = []  # of the constructor
        self.steps: list[str] = []  # of the forward pass
        self.weights: dict[str, Tensor] = {}  # under the names of the source, in order
        self._counts: Counter[str] = Counter()

    def number(self, kind: str) -> str:
        """The next name of a kind: `conv1`, `conv2`, ..."""
        self._counts[kind] += 1
        return f"{kind}{self._counts[kind]}"

    def module(self, name: str, module: nn.Module, built: str) -> str:
        """Adds a module with weights, built by the expression `built`; returns the expression that applies it."""
        self.modules.append(f"self.{name} = {built}")
        self.weights |= {f"{name}.{key}": tensor.contiguous() for key, tensor in module.state_dict().items()}
        return f"self.{name}"

    def linear(self, module: Any, name: str = "") -> str:
        """Adds a linear layer; returns the expression that applies it to `x`."""
        built = f"nn.Linear({module.in_features}, {module.out_features})"
        return f"{self.module(name or self.number('linear'), module, built)}(x)"

    def step(self, expression: str, why: str = "", activation: str = "none") -> None:
        """Adds a step that makes `x` an activation of the value of an expression."""
        self.steps += [f"# {why}"] * bool(why) + [f"x = {ACTIVATIONS[activation].format(expression)}"]

    def pad(self, widths: Sequence[int], how: str = "", why: str = "") -> None:
        """Adds a step that pads `x`, where there is something to pad; `widths` are those of `F.pad`."""
        if any(widths):
            self.step(f"F.pad(x, {tuple(widths)}{how})", why)

    def follow(self, block: nn.Module, x: Tensor) -> Tensor:
        """Lists a block of the encoder, with the shape that leaves it; returns what it makes of `x`."""
        if isinstance(block, SequenceBlock):
            for part in block.blocks:
                x = self.follow(part, x)
            return x
        before = self.steps[-1]
        if isinstance(block, ResidualBlock):
            name = self.number("residual")
            self.steps.append(f"{name} = x")
            x = x + self.follow(block.inner, x)
            self.step(f"{name} + x")
        elif type(block) in WRITERS:
            WRITERS[type(block)](self, block, x)
            x = block(x)
        else:
            raise UserError(f"a layer of type {type(block).__name__} cannot be written as plain PyTorch yet.")
        if self.steps[-1] != before:
            self.steps[-1] += f"  # {' x '.join(map(str, x.shape[1:]))}"
        return x


def _conv(listing: Listing, block: blocks.ConvBlock, x: Tensor) -> None:
    conv: Any = block.conv
    if block.skip > 1:
        why = "what the stride of the 1x1 convolution reads; a stride of its own crashes in oneDNN's training"
        listing.step(f"x[:, :, :: {block.skip}, :: {block.skip}]", why)
    listing.pad(block.outside * 2, "" if block.pad_mode == "constant" else f', mode="{block.pad_mode}"')
    options = f"kernel_size={conv.kernel_size[0]}, stride={conv.stride[0]}"
    options += f", padding={conv.padding[0]}" if conv.padding[0] else ""
    built = f"nn.Conv2d({conv.in_channels}, {conv.out_channels}, {options})"
    listing.step(f"{listing.module(listing.number('conv'), conv, built)}(x)", activation=block.activation)


def _max_pool(listing: Listing, block: blocks.MaxPoolBlock, x: Tensor) -> None:
    listing.pad(block.outside * 2, ', value=float("-inf")')
    listing.step(f"F.max_pool2d(x, kernel_size={block.kernel}, stride={block.stride})")


def _resize(listing: Listing, block: blocks.ResizeBlock, x: Tensor) -> None:
    if block.size is not None:
        height, width = x.shape[2:]
        if block.pool and (height > block.size[0] or width > block.size[1]):
            height, width = min(height, block.size[0]), min(width, block.size[1])
            listing.step(f"F.adaptive_max_pool2d(x, ({height}, {width}))")
        rows, columns = block.size[0] - height, block.size[1] - width
        if rows < 0 or columns < 0:
            listing.step(f"x[:, :, {_centre(height, rows)}, {_centre(width, columns)}]")
        rows, columns = max(rows, 0), max(columns, 0)
        listing.pad((columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
    missing = (block.channels or x.shape[1]) - x.shape[1]
    what = "channels" if x.dim() == 4 else "features"
    listing.pad((0, 0) * (x.dim() - 2) + (0, missing), why=f"zeros for the {what} that are missing")


def _centre(size: int, missing: int) -> str:
    """The slice that a crop keeps of a side, where `missing` is negative: a share of it is cut before and after."""
    return f"{-(missing // 2)}:{size + missing - missing // 2}" if missing < 0 else ":"


def _linear_block(listing: Listing, block: blocks.LinearBlock, x: Tensor) -> None:
    inner = listing.linear(block.linear)
    if isinstance(block.norm, nn.LayerNorm):
        built = f"nn.LayerNorm({block.norm.normalized_shape[0]})"
        inner = f"{listing.module(listing.number('norm'), block.norm, built)}({inner})"
    listing.step(inner, activation=block.activation)


def _readout(listing: Listing, block: blocks.ReadoutBlock, x: Tensor) -> None:
    listing.step(REDUCTIONS[block.kind])
    listing.step(listing.linear(block.linear), activation=block.activation)


def _norm(listing: Listing, block: blocks.NormBlock, x: Tensor) -> None:
    if not isinstance(block.norm, nn.Identity):
        built = f"nn.GroupNorm(1, {x.shape[1]})" if x.dim() == 4 else f"nn.LayerNorm({x.shape[1]})"
        listing.step(f"{listing.module(listing.number('norm'), block.norm, built)}(x)")


def _activation(listing: Listing, block: blocks.ActivationBlock, x: Tensor) -> None:
    if block.kind != "none":
        layer = re.fullmatch(r"x = (self\.\w+\(x\))  # .*", listing.steps[-1])
        if layer:
            listing.steps.pop()  # in one line with the layer before it, as where that has the activation itself
        listing.step(layer[1] if layer else "x", activation=block.kind)


def _module(listing: Listing, block: blocks.ModuleBlock, x: Tensor) -> None:
    what = f"the layer {block.factory!r} is code of the user's own, which cannot be written as plain PyTorch"
    raise UserError(f"{what}: export to onnx or sb3.")


WRITERS: dict[type[nn.Module], Callable[[Listing, Any, Tensor], None]] = {
    blocks.ConvBlock: _conv,
    blocks.MaxPoolBlock: _max_pool,
    blocks.ResizeBlock: _resize,
    blocks.LinearBlock: _linear_block,
    blocks.ReadoutBlock: _readout,
    blocks.NormBlock: _norm,
    blocks.ActivationBlock: _activation,
    blocks.FlattenBlock: lambda listing, block, x: listing.step(REDUCTIONS["flatten"]),
    blocks.ModuleBlock: _module,
}

TEMPLATE = '''\
"""{about}"""

from pathlib import Path

import torch
from torch import Tensor, nn{functional}


class Network(nn.Module):
    """Maps observations to {policy} and to the value.

    Observations are `(batch, {shape})`, {dtype} in the environment, and go in as they come from there.
    {outputs} `(batch, {actions})`, values `(batch,)`.
    """

    def __init__(self) -> None:
        super().__init__()
{modules}

    def forward(self, observation: Tensor) -> tuple[Tensor, ...]:
{steps}


def load(folder: str | Path = Path(__file__).parent) -> Network:
    """The network with its trained weights, read from `state_dict.pt` in a folder; on the CPU."""
    network = Network()
    network.load_state_dict(torch.load(Path(folder) / "state_dict.pt", map_location="cpu", weights_only=True))
    return network{layout}
'''


@torch.no_grad()
def write_source(network: Network, dtype: str, about: Mapping[str, str]) -> tuple[str, dict[str, Tensor]]:
    """Python source with a class `Network` and a function `load`, and the tensors of its state dict.

    `dtype` is the type of the environment's observations; `about` says what the reader should know, each thing with its
    name. Raises a `UserError` if a layer cannot be written as plain PyTorch.
    """
    shape = network.space.input_shape
    listing, gaussian, values = Listing(), network.heads.log_std is not None, network.value_encoder
    _observe(listing, network.standardize)
    if values is not None:
        listing.steps.append("seen = x")
    listing.follow(network.encoder, torch.zeros(1, *shape))
    listing.steps.append(f"{'mean' if gaussian else 'logits'} = {listing.linear(network.policy, 'policy')}")
    if gaussian:
        listing.modules.append(f"self.log_std = nn.Parameter(torch.zeros({network.heads.outputs}))")
        listing.weights["log_std"] = network.log_std.detach()
        listing.steps.append("log_std = self.log_std.expand_as(mean)")
    if values is not None:
        listing.step("seen", "the value has an encoder of its own")
        listing.follow(values, torch.zeros(1, *shape))
    value = listing.linear(network.value, "value")
    listing.steps.append(f"return {'mean, log_std' if gaussian else 'logits'}, {value}.squeeze(-1)")
    indent = " " * 8
    source = TEMPLATE.format(
        about=_about(about),
        functional="\nfrom torch.nn import functional as F" * any("F." in step for step in listing.steps),
        shape=", ".join(map(str, shape)),
        dtype=dtype,
        policy="the mean and log standard deviation of the actions" if gaussian else "the logits of the actions",
        outputs="Means and log standard deviations are" if gaussian else "Logits are",
        actions=network.heads.outputs,
        modules="\n".join(indent + line for line in listing.modules),
        steps="\n".join(indent + line for line in listing.steps),
        # In this layout convolutions run about a third faster on the CPU.
        layout=".to(memory_format=torch.channels_last)" if len(shape) == 3 else "",
    )
    return source, listing.weights


def _observe(listing: Listing, standardize: Standardize | None) -> None:
    """What happens to an observation before the first layer."""
    listing.steps.append("x = observation.float()")
    if standardize is None:
        listing.steps += ["if observation.dtype == torch.uint8:", "    x = x * (1 / 255)"]
        return
    for name, tensor in standardize.named_buffers():
        built = f"torch.zeros({', '.join(map(str, tensor.shape))})"
        listing.modules.append(f'self.register_buffer("{name}", {built})')
        listing.weights[name] = tensor
    scaled = "(x - self.mean) / self.deviation"
    if math.isfinite(standardize.clip):
        scaled = f"({scaled}).clamp(-{standardize.clip}, {standardize.clip})"
    listing.step(scaled, "observations were brought to this scale in training")


def _about(about: Mapping[str, str]) -> str:
    """The head of the file. A run may be a stranger's: nothing in its names may end the text and become code."""
    known = [f"{name}: {re.sub(r'[^A-Za-z0-9 _.,:;=+/()-]', '?', value)}" for name, value in about.items()]
    lines = [line for text in known for line in textwrap.wrap(text, 110, subsequent_indent="    ")]
    head = "An actor-critic network that rlnas found and trained.\n\nIt needs PyTorch and nothing else."
    return "\n".join([f"{head} `load()` reads the weights that lie beside this file.\n", *lines, ""])


def convert(agent: Agent) -> Export:
    """Makes `network.py`, `state_dict.pt`, which takes nothing but torch to read, and `architecture.json`.

    Raises:
        UserError: if a layer cannot be written as plain PyTorch.
    """
    settings, result = agent.settings, agent.result
    score = "no full game yet" if result is None or result.total_reward is None else f"{result.total_reward:.2f}"
    about = {
        "Architecture": f"{settings.architecture} of the space {settings.load_space().name}",
        "Environment": settings.env,
        "Training": f"seed {settings.seed}, {result.steps if result else 'part of ' + str(settings.steps)} steps",
        "Mean return of its last 100 full games": score,
        "More": "architecture.json",
    }
    source, weights = write_source(agent.network, agent.dtype.name, about)
    buffer = io.BytesIO()
    torch.save(weights, buffer)
    description = (json.dumps(agent.description, indent=2, allow_nan=False) + "\n").encode()
    files = {"state_dict.pt": buffer.getvalue(), "architecture.json": description, "network.py": source.encode()}
    return Export(files, run_source(source, weights))


def run_source(source: str, weights: dict[str, Tensor]) -> Callable[[np.ndarray], Sequence[np.ndarray]]:
    """What the class `Network` in a source makes of observations with these weights."""
    scope: dict[str, Any] = {"__name__": "network", "__file__": "network.py"}
    exec(compile(source, "network.py", "exec"), scope)
    network = scope["Network"]()
    network.load_state_dict(weights)
    return lambda observation: [output.numpy() for output in network(torch.from_numpy(observation))]
