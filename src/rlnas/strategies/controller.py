"""The LSTM controller of ENAS: a distribution over architectures, and how it learns (paper, 4.2)."""

import base64
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from rlnas import seeding

Indices = tuple[int, ...]
"""An architecture as the index of an option for every choice."""

Child = tuple[Indices, float]
"""An architecture that was sampled, and the reward that it earned."""

INITIAL_RANGE = 0.1
MOMENTS = ("exp_avg", "exp_avg_sq")


class Support(NamedTuple):
    """What children are drawn among, where that is not all that the choices span."""

    architectures: Sequence[Indices]
    complete: bool
    """Whether these are all; otherwise they are draws from the controller."""


class ChoiceLSTM(nn.Module):
    """Emits one choice after another; each has an output layer of its own, with exactly as many logits as options.

    The first input is a learned start token, and each later one the embedding of the option just chosen. Weights start
    uniformly within 0.1 of 0 (the code of Pham et al., 2018), but the output layers at 0: the first distribution is
    uniform, so what later sets one architecture apart from another was learned. Arguments: see `Controller`.
    """

    def __init__(self, options: Sequence[int], hidden: int, embedding: int, feed_last: bool, seed: int):
        super().__init__()
        # The layers' own initial weights, replaced below, must not draw from the global stream.
        with torch.random.fork_rng(devices=[]):
            self.start = nn.Parameter(torch.empty(embedding))
            self.cell = nn.LSTMCell(embedding, hidden)
            self.heads = nn.ModuleList(nn.Linear(hidden, count) for count in options)
            embedded = options if feed_last else options[:-1]
            self.embeddings = nn.ModuleList(nn.Embedding(count, embedding) for count in embedded)
            self.last = nn.Linear(embedding + 1, embedding) if feed_last else None
        with torch.no_grad():
            for name, parameter in self.named_parameters():
                if name.startswith("heads."):
                    parameter.zero_()
                else:
                    stream = torch.Generator().manual_seed(seeding.integer(seed, "enas-weights", name))
                    parameter.uniform_(-INITIAL_RANGE, INITIAL_RANGE, generator=stream)

    def forward(
        self, rows: int, before: Sequence[Child | None], pick: Callable[[int, Tensor], Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Walks through the choices, for so many architectures side by side.

        `before` is the child before, if there was one: for each row, or one for all. `pick` takes the number of a
        choice and the log-probabilities of its options, `(rows, options)`, and returns the option of each row.

        Returns the options, `(rows, choices)`, and for each row the log-probability of its architecture and the sum of
        the entropies of the distributions that it met.
        """
        value = self._first_input(before).expand(rows, -1)
        hidden = cell = value.new_zeros(rows, self.cell.hidden_size)
        log_probability, entropy = value.new_zeros(rows), value.new_zeros(rows)
        picked: list[Tensor] = []
        for number, head in enumerate(self.heads):
            hidden, cell = self.cell(value, (hidden, cell))
            scores = F.log_softmax(head(hidden), -1)
            picked.append(pick(number, scores))
            log_probability = log_probability + scores.gather(1, picked[-1][:, None])[:, 0]
            entropy = entropy - (scores.exp() * scores).sum(-1)
            if number + 1 < len(self.heads):
                value = self.embeddings[number](picked[-1])
        return torch.stack(picked, 1), log_probability, entropy

    def score(self, architectures: Sequence[Indices], before: Sequence[Child | None]) -> tuple[Tensor, Tensor]:
        """Log-probabilities and entropies, as `forward` gives them, of given architectures."""
        given = torch.tensor(architectures)
        return self(len(given), before, lambda number, _: given[:, number])[1:]

    def _first_input(self, before: Sequence[Child | None]) -> Tensor:
        """The start token; with `feed_last`, plus a linear function of the child before.

        Its architecture enters as the mean of its options' embeddings, its reward r as sign(r) log(1 + |r|): returns
        in the hundreds would drive the gates into saturation.
        """
        if self.last is None:
            return self.start[None]
        rows: list[Tensor] = []
        for child in before:
            if child is None:
                rows.append(self.start)
                continue
            indices, reward = child
            options: list[Tensor] = [table(torch.tensor(i)) for table, i in zip(self.embeddings, indices, strict=True)]
            squashed = math.copysign(math.log1p(abs(reward)), reward)
            known = torch.cat([torch.stack(options).mean(0), torch.tensor([squashed])])
            rows.append(self.start + self.last(known))
        return torch.stack(rows)


class Controller:
    """The LSTM and Adam, behind plain numbers.

    Args:
        options: the number of options of each choice; there may be none at all.
        hidden: width of the LSTM.
        embedding: width of its inputs.
        feed_last: whether the first input also tells of the child before.
        seed: seed of the initial weights; every tensor has a stream of its own, named after it.
    """

    def __init__(self, options: Sequence[int], hidden: int, embedding: int, feed_last: bool, seed: int):
        self.options = tuple(options)
        self.model = ChoiceLSTM(self.options, hidden, embedding, feed_last, seed)
        self.parameters = dict(self.model.named_parameters())
        self.optimizer = torch.optim.Adam(self.parameters.values())
        for parameter in self.parameters.values():
            moments = {key: torch.zeros_like(parameter) for key in MOMENTS}
            self.optimizer.state[parameter] = {"step": torch.tensor(0.0), **moments}

    @torch.no_grad()
    def sample(self, uniforms: np.ndarray, before: Child | None) -> list[Indices]:
        """Draws architectures after a child, one for each row of `uniforms`, `(architectures, choices)` in [0, 1)."""
        if not self.options:
            return [()] * len(uniforms)
        drawn = torch.from_numpy(uniforms)

        def pick(number: int, scores: Tensor) -> Tensor:
            edges = scores.double().exp().cumsum(-1)
            # Scaled by the last edge, since rounding may leave it just below the largest number drawn.
            return (drawn[:, number, None] * edges[:, -1:] >= edges[:, :-1]).sum(-1)

        picked, _, _ = self.model(len(uniforms), [before], pick)
        return [tuple(row) for row in picked.tolist()]

    @torch.no_grad()
    def log_probabilities(self, architectures: Sequence[Indices], before: Child | None) -> list[float]:
        """The exact log-probability of each architecture."""
        if not self.options:
            return [0.0] * len(architectures)
        return self.model.score(architectures, [before])[0].tolist()

    def reinforce(
        self,
        architectures: Sequence[Indices],
        before: Sequence[Child | None],
        advantages: Sequence[float],
        entropy_coef: float,
        learning_rate: float,
        supports: Sequence[Support] | None = None,
    ) -> None:
        """One step of REINFORCE (paper, section 3) with Adam.

        It descends minus the mean over children of advantage times log-probability, minus `entropy_coef` times the mean
        of the summed entropies that they met. `before` has the child before each.

        With supports, one for each child or one for all, the log-probability is that given what the child was drawn
        among, log p(child) - log p(support). Of an incomplete one the gradient of log p(support) is estimated as the
        mean gradient of log p over it: without bias, if it was drawn.
        """
        if not self.options:
            return
        log_probability, entropy = self.model.score(architectures, before)
        if supports is not None:
            masses = [self._log_mass(support, child) for support, child in zip(supports, before, strict=False)]
            log_probability = log_probability - torch.stack(masses)
        gain = torch.tensor(advantages, dtype=torch.float32) * log_probability
        loss = -gain.mean() - entropy_coef * entropy.mean()
        parameters = list(self.parameters.values())
        gradients = torch.autograd.grad(loss, parameters, materialize_grads=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.grad = gradient
        self.optimizer.param_groups[0]["lr"] = learning_rate
        self.optimizer.step()

    def _log_mass(self, support: Support, before: Child | None) -> Tensor:
        """The log-probability of a support; of an incomplete one, what has its gradient on average."""
        found, _ = self.model.score(support.architectures, [before])
        return found.logsumexp(0) if support.complete else found.mean()

    def state_dict(self) -> dict[str, Any]:
        """Weights and Adam's moments, as text that JSON can hold, exact to the bit."""
        moments = {name: self.optimizer.state[parameter] for name, parameter in self.parameters.items()}
        return {
            "weights": {name: _pack(parameter) for name, parameter in self.parameters.items()},
            "moments": {name: {key: _pack(found[key]) for key in MOMENTS} for name, found in moments.items()},
            "steps": int(moments["start"]["step"]),
        }

    @torch.no_grad()
    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        for name, parameter in self.parameters.items():
            parameter.copy_(_unpack(state["weights"][name]))
            found = self.optimizer.state[parameter]
            found["step"].fill_(state["steps"])
            for key, packed in state["moments"][name].items():
                found[key].copy_(_unpack(packed))


def _pack(tensor: Tensor) -> dict[str, Any]:
    """A float32 tensor as its shape and its little-endian bytes in base64."""
    data = tensor.detach().numpy().astype("<f4").tobytes()
    return {"shape": list(tensor.shape), "float32": base64.b64encode(data).decode("ascii")}


def _unpack(packed: Mapping[str, Any]) -> Tensor:
    flat = np.frombuffer(base64.b64decode(packed["float32"]), "<f4")
    return torch.from_numpy(flat.reshape(packed["shape"]).astype(np.float32))
