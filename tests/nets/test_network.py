import math

import pytest
import torch

from rlnas.nets import Heads, Network, Standardize, Supernet, fixed_weights
from rlnas.spaces import Activation, Choice, Conv, Flatten, Linear, Norm, Readout, Resize, Space, load_space

SPACE = Space("small", (2, 9, 9), [Conv(Choice("c", [4, 6]), kernel=3, stride=2), Flatten(), Linear(16)])
ARCHITECTURE = SPACE.architecture("c=6")


def test_logits_and_values_have_the_shapes_that_ppo_reads():
    logits, value = Network(SPACE, ARCHITECTURE, 3)(torch.rand(5, 2, 9, 9))
    assert logits.shape == (5, 3)
    assert value.shape == (5,)
    assert logits.dtype == value.dtype == torch.float32


def test_bytes_are_scaled_to_one_and_floats_are_taken_as_they_are():
    network = Network(SPACE, ARCHITECTURE, 3)
    pixels = torch.randint(0, 256, (5, 2, 9, 9), dtype=torch.uint8)
    for got, expected in zip(network(pixels), network(pixels.float() / 255), strict=True):
        torch.testing.assert_close(got, expected)
    assert not torch.allclose(network(pixels)[0], network(pixels.float())[0])


@pytest.mark.parametrize("kind", ["bytes", "floats"])
@pytest.mark.parametrize("own", [False, True])
def test_in_bf16_encoders_round_while_weights_heads_and_gradients_are_whole(kind, own):
    network = Network(SPACE, ARCHITECTURE, Heads(3, own_value_encoder=own))
    with torch.no_grad():
        network.policy.weight.mul_(100)
    x = torch.randint(0, 256, (64, 2, 9, 9), dtype=torch.uint8)
    x = x if kind == "bytes" else x / 255
    whole, read = network(x), []
    network.policy.register_forward_pre_hook(lambda _, args: read.append(args[0]))
    network.bf16 = True
    rounded = network(x)
    assert read[0].dtype == rounded[0].dtype == rounded[1].dtype == torch.float32
    assert read[0].equal(read[0].bfloat16().float())
    for one, other in zip(whole, rounded, strict=True):
        error = (one - other).abs().max() / one.abs().max()
        assert 1e-5 < error < 0.03
    sum(output.square().sum() for output in rounded).backward()
    assert all(p.dtype == p.grad.dtype == torch.float32 for p in network.parameters())


def test_weights_that_are_fixed_are_rounded_once_and_again_once_they_may_have_changed():
    network, x = Network(SPACE, ARCHITECTURE, 3), torch.rand(5, 2, 9, 9)
    network.bf16 = True
    plain = network(x)
    with fixed_weights():
        kept = network(x)
        with torch.no_grad():
            network.encoder.blocks[2].linear.weight.zero_()
        assert network(x)[1].equal(kept[1])  # what the promise is for
    assert kept[1].equal(plain[1])
    assert not network(x)[1].equal(plain[1])


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bool, torch.int32])
def test_an_observation_is_not_changed(dtype):
    x = torch.ones(2, 2, 9, 9, dtype=dtype)
    Network(SPACE, ARCHITECTURE, 3)(x)
    assert (x == 1).all()


def test_weights_start_orthogonal_with_the_gains_of_ppo():
    network = Network(SPACE, ARCHITECTURE, 3)
    gains = {"policy.weight": 0.01, "value.weight": 1.0}
    for name, parameter in network.named_parameters():
        if name.endswith("bias"):
            assert (parameter == 0).all()
            continue
        matrix = parameter.flatten(1).double()
        gram = matrix @ matrix.T if matrix.shape[0] <= matrix.shape[1] else matrix.T @ matrix
        expected = gains.get(name, math.sqrt(2)) ** 2 * torch.eye(len(gram), dtype=torch.float64)
        torch.testing.assert_close(gram, expected, rtol=0, atol=1e-5)


def test_weights_depend_on_the_seed_alone():
    a, b, c = (Network(SPACE, ARCHITECTURE, 3, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not any(torch.equal(a[name], c[name]) for name in a if name.endswith("weight"))
    torch.rand(1)
    assert torch.equal(Network(SPACE, ARCHITECTURE, 3, seed=1).state_dict()["policy.weight"], a["policy.weight"])


def test_equal_layers_start_with_equal_weights_however_they_are_declared():
    pairs = [(load_space("mlp"), "depth=2,width=64,norm=none,act=tanh", load_space("mlp-64-64"))]
    plain = [Conv(8, kernel=3), Resize(5, 5), Readout(128, "mean", activation="none"), Norm(), Activation()]
    pairs.append(
        (
            load_space("minatar-2"),
            "width=8,kernel=3,stride=1,act=relu,readout=mean,norm=layer",
            Space("p", (4, 10, 10), plain),
        )
    )
    for space, architecture, alone in pairs:
        for own in (False, True):
            heads = Heads(3, own_value_encoder=own)
            searched = Network(space, space.architecture(architecture), heads, seed=5)
            declared = Network(alone, alone.architecture("fixed"), heads, seed=5)
            weights = [list(network.parameters()) for network in (searched, declared)]
            assert all(one.equal(other) for one, other in zip(*weights, strict=True))
            x = torch.rand(2, *space.input_shape)
            assert searched(x)[0].equal(declared(x)[0])
            assert space.cost(space.architecture(architecture)) == alone.cost(alone.architecture("fixed"))


def test_a_space_of_vectors_needs_no_maps():
    space = Space("mlp", (5,), [Linear(Choice("f", [8, 16])), Linear(4)])
    for architecture in space:
        logits, value = Network(space, architecture, 2)(torch.rand(3, 5))
        assert logits.shape == (3, 2)
        assert value.shape == (3,)


def test_a_gaussian_head_gives_means_and_one_deviation_for_all():
    network = Network(SPACE, ARCHITECTURE, Heads(2, log_std=-0.7))
    parameters, value = network(torch.rand(5, 2, 9, 9))
    assert parameters.shape == (5, 4)
    assert value.shape == (5,)
    assert parameters[:, 2:].eq(torch.tensor(-0.7)).all()
    assert network.log_std.requires_grad


def test_a_value_encoder_of_its_own_has_other_weights_and_no_part_in_the_policy():
    network = Network(SPACE, ARCHITECTURE, Heads(3, own_value_encoder=True), seed=1)
    shared = Network(SPACE, ARCHITECTURE, 3, seed=1)
    x = torch.rand(5, 2, 9, 9)
    parameters, value = network(x)
    assert parameters.equal(shared(x)[0])
    assert not value.equal(shared(x)[1])
    value.sum().backward()
    assert all(parameter.grad is None for parameter in network.encoder.parameters())
    assert all(parameter.grad is not None for parameter in network.value_encoder.parameters())


def test_a_supernet_activates_both_encoders():
    supernet = Supernet(SPACE, Heads(3, log_std=0.0, own_value_encoder=True), seed=1)
    x = torch.rand(5, 2, 9, 9)
    for path in SPACE:
        supernet.activate(path)
        for one, other in zip(supernet(x), supernet.extract(path)(x), strict=True):
            assert one.equal(other)


def test_observations_are_standardised_before_the_encoder():
    network, x = Network(SPACE, ARCHITECTURE, 3), 7 + torch.randn(5, 2, 9, 9)
    mean, deviation = torch.full((2, 9, 9), 7.0), torch.full((2, 9, 9), 0.5)
    by_hand = network(((x - mean) / deviation).clamp(-1.5, 1.5))
    network.standardize = Standardize(mean, deviation, clip=1.5)
    for one, other in zip(network(x), by_hand, strict=True):
        torch.testing.assert_close(one, other)


@pytest.mark.parametrize("size", [84, 85, 90])
def test_bytes_in_any_layout_and_size_are_folded(size):
    space = Space("maps", (4, size, size), [Conv(8, kernel=8, stride=4), Flatten(), Linear(16)])
    network = Network(space, next(iter(space)), 3)
    x = torch.randint(0, 256, (3, 4, size, size), dtype=torch.uint8)
    for layout in (torch.contiguous_format, torch.channels_last):
        found = network(x.contiguous(memory_format=layout)[1:])
        torch.testing.assert_close(found[0], network(x[1:] / 255)[0])


@pytest.mark.parametrize("bf16", [False, True], ids=["fp32", "bf16"])
def test_bytes_that_the_first_convolution_scales_are_those_that_are_scaled_before(bf16):
    network = Network(load_space("nature-cnn"), next(iter(load_space("nature-cnn"))), 3)
    network.bf16 = bf16
    assert network.encoder.takes_bytes()
    x = torch.randint(0, 256, (3, 4, 84, 84), dtype=torch.uint8)
    # Of floats the first convolution knows no scale; so are bytes with a standardisation of their own.
    for one, other in zip(network(x), network(x / 255), strict=True):
        torch.testing.assert_close(one, other, rtol=0.02 if bf16 else 1e-5, atol=1e-2 if bf16 else 1e-5)
    network.standardize = Standardize(torch.zeros(1), torch.full((1,), 255.0), math.inf)
    torch.testing.assert_close(network(x)[1], network(x.float())[1])
