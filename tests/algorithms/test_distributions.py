import numpy as np
import pytest
import torch
from stable_baselines3.common.distributions import DiagGaussianDistribution, MultiCategoricalDistribution

from rlnas.algorithms.distributions import Categorical, DiagonalGaussian, MultiCategorical, distribution_for
from rlnas.envs import ContinuousActions, DiscreteActions, MultiDiscreteActions


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def draw(distribution, parameters, seed=0):
    return distribution.sample(parameters, distribution.noise(parameters.shape, generator(seed)))


def test_every_action_space_has_its_distribution():
    bounds = (0.0, 0.0), (1.0, 1.0)
    assert isinstance(distribution_for(DiscreteActions(2)), Categorical)
    assert isinstance(distribution_for(MultiDiscreteActions((2, 3))), MultiCategorical)
    assert isinstance(distribution_for(ContinuousActions(*bounds)), DiagonalGaussian)


def test_several_decisions_are_those_of_stable_baselines():
    parameters = torch.randn(50, 9, generator=generator())
    ours, theirs = MultiCategorical((2, 4, 3)), MultiCategoricalDistribution([2, 4, 3]).proba_distribution(parameters)
    action = draw(ours, parameters)
    assert action.shape == (50, 3)
    assert action.amax(0).tolist() == [1, 3, 2]
    log_probability, entropy, _ = ours.evaluate(parameters, action)
    torch.testing.assert_close(log_probability, theirs.log_prob(action))
    torch.testing.assert_close(entropy, theirs.entropy())
    assert ours.mode(parameters).equal(theirs.mode())


def test_a_gaussian_is_that_of_stable_baselines():
    mean, log_std = torch.randn(50, 3, generator=generator()), torch.tensor([-1.0, 0.0, 0.7])
    parameters = torch.cat([mean, log_std.expand_as(mean)], -1)
    ours, theirs = DiagonalGaussian(), DiagGaussianDistribution(3).proba_distribution(mean, log_std)
    action = draw(ours, parameters)
    log_probability, entropy, _ = ours.evaluate(parameters, action)
    torch.testing.assert_close(log_probability, theirs.log_prob(action))
    torch.testing.assert_close(entropy, theirs.entropy())
    assert ours.mode(parameters).equal(mean)


def test_samples_follow_the_distribution():
    parameters = torch.tensor([[2.0, -1.0, -1.0, 0.5]]).expand(20_000, -1)
    drawn = draw(DiagonalGaussian(), parameters)
    np.testing.assert_allclose(drawn.mean(0), [2, -1], atol=0.05)
    np.testing.assert_allclose(drawn.std(0), np.exp([-1, 0.5]), rtol=0.03)
    chosen = draw(MultiCategorical((2, 2)), parameters)
    np.testing.assert_allclose(chosen.float().mean(0), torch.sigmoid(torch.tensor([-3.0, 1.5])), atol=0.01)


ALL = pytest.mark.parametrize("distribution", [Categorical(), MultiCategorical((2, 2)), DiagonalGaussian()])


@ALL
def test_the_generator_decides(distribution):
    parameters = torch.zeros(64, 4)
    a, b, c = (draw(distribution, parameters, seed) for seed in (1, 1, 2))
    assert a.equal(b)
    assert not a.equal(c)


@ALL
def test_gradients_in_closed_form_are_those_of_autograd(distribution):
    parameters = torch.randn(30, 4, generator=generator(), dtype=torch.float64, requires_grad=True)
    action = draw(distribution, parameters.detach(), 1)
    grad = torch.randn(30, generator=generator(2), dtype=torch.float64)
    log_probability, entropy, backward = distribution.evaluate(parameters, action)
    (grad @ log_probability + 0.3 * entropy.sum()).backward()
    torch.testing.assert_close(backward(grad, 0.3), parameters.grad)
