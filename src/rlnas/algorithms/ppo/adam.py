"""Adam, in one fused step over all parameters that have a gradient."""

import math
from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

BETAS = (0.9, 0.999)
MOMENTS = ("exp_avg", "exp_avg_sq")


class Adam:
    """Adam (Kingma and Ba, 2015) without weight decay, by the fused kernel behind `torch.optim.Adam`.

    That class does the same arithmetic, but loads torch's compiler when it is made, two seconds that each process of a
    search would pay, and takes four times as long for a step of small parameters.

    Args:
        parameters: what it may change, by name; those without a gradient are left alone, and so are their moments.
        learning_rate: of the next step; it can be set between steps.
        eps: added to the square root of the second moment.
        spare_idle_inputs: whether to leave alone, moments and all, also the weights of inputs that were 0 in every
            sample of the minibatch, such as the channels that a narrow path of a supernet lacks, or silent units; and
            of scales, shifts and biases, each number without a gradient. Plain Adam would go on moving them by what is
            left of their moments. The count of steps stays that of the whole parameter.

    Attributes:
        state: of every parameter that has been stepped, by name: `step` (a float32 scalar), `exp_avg`, `exp_avg_sq`.
    """

    def __init__(
        self,
        parameters: Iterable[tuple[str, nn.Parameter]],
        learning_rate: float,
        eps: float,
        *,
        spare_idle_inputs: bool = False,
    ):
        self._named = dict(parameters)
        self.parameters = list(self._named.values())
        # Of all parameters in one tensor, of which the states hold views: counting on is one operation.
        self._steps = torch.zeros(len(self.parameters), device=self.parameters[0].device)
        self._step_of = dict(zip(self._named, self._steps.unbind(), strict=True))
        self.learning_rate = learning_rate
        self.eps = eps
        self.spare_idle_inputs = spare_idle_inputs
        self.state: dict[str, dict[str, Tensor]] = {}

    def zero_grad(self) -> None:
        """Drops all gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self, max_norm: float = math.inf) -> Tensor:
        """Changes the parameters that have a gradient.

        Args:
            max_norm: longer gradients, of all parameters together, are shortened to it.

        Returns:
            The norm of the gradients as they came, a scalar; 0 without any.
        """
        active = [(p, p.grad, self._state_of(name, p)) for name, p in self._named.items() if p.grad is not None]
        if not active:
            return self._steps.new_zeros(())
        idle = [part for entry in active for part in _idle_inputs(*entry)] if self.spare_idle_inputs else []
        parameters, gradients, states = (list(column) for column in zip(*active, strict=True))
        norm = torch.linalg.vector_norm(torch.stack(torch._foreach_norm(gradients)))
        self._steps += torch.tensor([float(p.grad is not None) for p in self.parameters], device=self._steps.device)
        torch._fused_adam_(
            parameters,
            gradients,
            [state["exp_avg"] for state in states],
            [state["exp_avg_sq"] for state in states],
            [],
            [state["step"] for state in states],
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self.learning_rate,
            weight_decay=0.0,
            eps=self.eps,
            maximize=False,
            grad_scale=((norm + 1e-6) / max_norm).clamp_(min=1),  # it divides
        )
        for tensor, inputs, before in idle:
            torch.where(inputs, before, tensor, out=tensor)
        return norm

    def _state_of(self, name: str, parameter: nn.Parameter) -> dict[str, Tensor]:
        if name not in self.state:
            # The moments lie in memory as the parameter does, or the fused step would pair the wrong elements.
            moments = {key: torch.zeros_like(parameter, memory_format=torch.preserve_format) for key in MOMENTS}
            self.state[name] = {"step": self._step_of[name].zero_(), **moments}
        return self.state[name]

    def state_dict(self) -> dict[str, Tensor]:
        """The state as tensors called `<key>.<name of the parameter>`."""
        return {f"{key}.{name}": tensor for name, state in self.state.items() for key, tensor in state.items()}

    def load_state_dict(self, tensors: Mapping[str, Tensor]) -> None:
        """Restores what `state_dict` gave; a `KeyError` or `RuntimeError` says that it is of other parameters."""
        self.state.clear()
        for name, parameter in self._named.items():
            if f"step.{name}" in tensors:
                for key, tensor in self._state_of(name, parameter).items():
                    tensor.copy_(tensors[f"{key}.{name}"])


def _idle_inputs(parameter: Tensor, gradient: Tensor, state: Mapping[str, Tensor]) -> list[tuple[Tensor, ...]]:
    """Of a weight `(outputs, inputs, ...)` with idle inputs: it and its moments, which inputs are idle, and a copy."""
    others = [n for n in range(parameter.dim()) if n != 1]
    inputs = ~gradient.any(dim=others, keepdim=True) if parameter.dim() > 1 else gradient == 0
    if not inputs.any():
        return []
    return [(tensor, inputs, tensor.clone()) for tensor in (parameter, *(state[key] for key in MOMENTS))]
