"""Adam against torch's own, bit by bit."""

import subprocess
import sys

import pytest
import torch
from torch import nn

from rlnas.algorithms.ppo.adam import Adam

RATES = (0.01, 0.02, 0.005, 0.01, 0.0)


def layers() -> nn.Module:
    torch.manual_seed(0)
    made = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(36, 7), nn.Linear(7, 2))
    return made.to(memory_format=torch.channels_last)


def ours(module: nn.Module, eps: float = 1e-5) -> Adam:
    return Adam(module.named_parameters(), RATES[0], eps)


def backward(module: nn.Module, step: int) -> None:
    """Gradients of a step; on every other one the last layer has none."""
    x = torch.rand(5, 3, 5, 5, generator=torch.Generator().manual_seed(step))
    (module(x) if step % 2 else module[:3](x)).square().sum().backward()


def test_a_step_is_that_of_torch_and_leaves_what_has_no_gradient():
    one, other = layers(), layers()
    adam, theirs = ours(one), torch.optim.Adam(other.parameters(), eps=1e-5, fused=True)
    for step, rate in enumerate(RATES):
        adam.learning_rate = theirs.param_groups[0]["lr"] = rate
        adam.zero_grad()
        theirs.zero_grad()
        backward(one, step)
        backward(other, step)
        adam.step()
        theirs.step()
    for (name, parameter), twin in zip(one.named_parameters(), other.parameters(), strict=True):
        assert torch.equal(parameter, twin)
        assert adam.state[name].keys() == theirs.state[twin].keys()
        for key, tensor in adam.state[name].items():
            assert torch.equal(tensor, theirs.state[twin][key])
            assert tensor.dtype == theirs.state[twin][key].dtype
    assert adam.state["3.weight"]["step"] == 2
    assert adam.state["2.weight"]["step"] == 5


def test_a_restored_adam_goes_on_as_if_nothing_had_been():
    whole, halves = layers(), layers()
    adam, saving = ours(whole), ours(halves)
    for step in range(4):
        if step == 2:
            # As a file gives them: tensors of their own, laid out plainly.
            saved = {
                name: tensor.clone(memory_format=torch.contiguous_format)
                for name, tensor in saving.state_dict().items()
            }
            saving = ours(halves)
            saving.load_state_dict(saved)
        for module, optimizer in ((whole, adam), (halves, saving)):
            optimizer.zero_grad()
            backward(module, step)
            optimizer.step()
    assert all(torch.equal(*pair) for pair in zip(whole.parameters(), halves.parameters(), strict=True))


@pytest.mark.parametrize("spare", [False, True])
def test_weights_of_inputs_that_were_silent_are_spared_if_asked_for(spare: bool):
    module = layers()
    adam = ours(module)
    adam.spare_idle_inputs = spare
    backward(module, 1)
    adam.step()
    known = {name: tensor.clone() for name, tensor in {**adam.state_dict(), **module.state_dict()}.items()}
    # An input channel of the convolution; features of the linear layer; shifts of what a narrow path lacks.
    idle = {"0.weight": (slice(None), 2), "2.weight": (slice(None), slice(3, 9)), "2.bias": (slice(1, 2),)}
    for _ in range(3):
        adam.zero_grad()
        backward(module, 3)
        for name, inputs in idle.items():
            module.get_parameter(name).grad[inputs] = 0
        adam.step()
    for name, tensor in {**adam.state_dict(), **module.state_dict()}.items():
        weight = name.removeprefix("exp_avg.").removeprefix("exp_avg_sq.")
        same = tensor == known[name]
        if weight in idle:
            assert same[idle[weight]].all() == spare
            same[idle[weight]] = False
        assert not same.any(), name  # the others moved


def test_a_parameter_without_gradients_has_no_state_and_one_without_moments_is_refused():
    module = layers()
    adam = ours(module)
    adam.step()
    assert adam.state_dict() == {}
    backward(module, 1)
    adam.step()
    saved = adam.state_dict()
    del saved["exp_avg.0.weight"]
    with pytest.raises(KeyError, match=r"exp_avg\.0\.weight"):
        ours(module).load_state_dict(saved)


def test_a_step_does_not_load_the_compiler():
    code = (
        "import sys, torch; from rlnas.algorithms.ppo.adam import Adam; p = torch.nn.Parameter(torch.ones(2));"
        "p.sum().backward();"
        "Adam([('p', p)], 0.1, 1e-5).step(); sys.exit('torch._dynamo' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
