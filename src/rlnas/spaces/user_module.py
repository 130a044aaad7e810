"""A layer of the user's own: any `nn.Module` that a factory builds. Torch is loaded when the first one is declared."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from rlnas import user_imports
from rlnas.errors import UserError
from rlnas.spaces.choice import Choice, Option, resolve
from rlnas.spaces.layers import Layer, Reads, Shape, ShapeError, Values

_FACTORY = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)
Argument = Option | float


@dataclass(frozen=True)
class Module(Layer):
    """A module of the user's own, with weights of its own for each combination of options.

    The factory is called with the shape that reaches the layer, without the batch, and with the arguments. The module
    that it returns maps `(batch, *shape)`, float32, to a tensor whose first dimension is the batch. It is built and run
    once on zeros to find its output shape, its trainable parameters, and its multiply-adds: those of matrix products
    and convolutions, which torch's `FlopCounterMode` counts.

    To declare the layer in Python imports the factory's module. A layer that is read from a file or a run directory is
    refused unless the user named the module, so that opening a stranger's run runs no code.

    Args:
        factory: `"package.module:function"`.
        arguments: its keyword arguments: numbers, words, truth values, or choices of them.

    Raises:
        UserError: if there is no such factory, or an argument is of another type.
    """

    type: ClassVar[str] = "module"
    weights_read: ClassVar[Reads] = "shape"
    factory: str
    arguments: Mapping[str, Argument | Choice] | tuple[tuple[str, Argument | Choice], ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.factory, str) or not _FACTORY.fullmatch(self.factory):
            raise UserError(f'module: factory must read "package.module:function", not {self.factory!r}.')
        if self.module == "__main__":
            raise UserError("module: a factory cannot be in the script that runs: put it into a module of its own.")
        try:
            pairs = dict(self.arguments)
        except (TypeError, ValueError):
            raise UserError("module: arguments must be a dict of arguments by their names.") from None
        for name, value in pairs.items():
            if not isinstance(name, str) or not isinstance(value, (int, float, str, Choice)):
                allowed = "a number, text, true/false or a choice"
                raise UserError(f"module: argument {name!r} must be {allowed}, not {value!r}.")
        # By name, so that the order of choices, and with it the ids, does not depend on how they were written down.
        object.__setattr__(self, "arguments", tuple(sorted(pairs.items())))
        self.find()

    @property
    def module(self) -> str:
        """The name of the module that the factory is in."""
        return self.factory.partition(":")[0]

    @property
    def choices(self) -> tuple[Choice, ...]:
        return tuple(dict.fromkeys(value for _, value in tuple(self.arguments) if isinstance(value, Choice)))

    @property
    def shape_choices(self) -> tuple[Choice, ...]:
        return self.choices

    def find(self) -> Callable[..., Any]:
        """The factory; raises a `UserError` if there is none."""
        name = self.factory.partition(":")[2]
        found = getattr(user_imports.import_trusted(self.module), name, None)
        if not callable(found):
            raise UserError(f"module: the module {self.module!r} has no function {name!r}.")
        return found

    def build(self, shape: Shape, values: Values) -> Any:
        """Calls the factory; raises a `ShapeError` if that raises, or returns something that is no `nn.Module`."""
        from torch import nn

        arguments = {name: resolve(value, values) for name, value in dict(self.arguments).items()}
        try:
            built = self.find()(shape, **arguments)
        except UserError:
            raise
        except Exception as error:
            what = f"cannot be built for shape {shape}: {type(error).__name__}: {error}."
            raise ShapeError(f"module {self.factory!r} {what}") from error
        if not isinstance(built, nn.Module):
            raise ShapeError(f"module {self.factory!r} returns {type(built).__name__}, which is no nn.Module.")
        return built

    def output_shape(self, shape: Shape, values: Values) -> Shape:
        return self._measured(shape, values)[0]

    def positions(self, shape: Shape, before: int) -> int:
        return 0  # which of its features belong together is its own business

    def parameters(self, shape: Shape, values: Values) -> int:
        return self._measured(shape, values)[1]

    def multiply_adds(self, shape: Shape, values: Values) -> int:
        return self._measured(shape, values)[2]

    def _measured(self, shape: Shape, values: Values) -> tuple[Shape, int, int]:
        chosen = {choice.name: values[choice.name] for choice in self.choices}
        # 1, 1.0 and true are the same key, but not the same argument.
        return _measure(self, shape, tuple(chosen.items()), self.find(), repr((self.arguments, chosen)))


@lru_cache(maxsize=4096)
def _measure(
    layer: Module, shape: Shape, chosen: tuple[tuple[str, Option], ...], factory: object, spelled: str
) -> tuple[Shape, int, int]:
    """The output shape, parameters and multiply-adds of a module; `factory` and `spelled` tell apart what is equal."""
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    with torch.random.fork_rng(devices=[]):
        built = layer.build(shape, dict(chosen))
        try:
            with torch.no_grad(), FlopCounterMode(display=False) as counter:
                output = built.eval()(torch.zeros(1, *shape))
            with torch.no_grad():
                some = torch.rand(3, *shape, generator=torch.Generator().manual_seed(0))
                playing, learning = built(some), built.train()(some)
        except Exception as error:
            what = f"cannot compute shape {shape}: {type(error).__name__}: {error}."
            raise ShapeError(f"module {layer.factory!r} {what}") from error
    if not isinstance(output, torch.Tensor) or output.dtype != torch.float32 or output.shape[:1] != (1,):
        raise ShapeError(f"module {layer.factory!r} must return a float32 tensor (batch, ...).")
    if not torch.allclose(playing, learning, rtol=1e-3, atol=1e-5, equal_nan=True):
        use = "use a norm without batch statistics, such as LayerNorm or GroupNorm, and no dropout"
        raise ShapeError(f"module {layer.factory!r} computes something else in training than in evaluation: {use}.")
    parameters = sum(p.numel() for p in built.parameters() if p.requires_grad)
    return tuple(output.shape[1:]), parameters, counter.get_total_flops() // 2
