import numpy as np
import pytest
import torch
from stable_baselines3.common.distributions import DiagGaussianDistribution, MultiCategoricalDistribution

from rlnas.algorithms.distributions import Categorical, DiagonalGaussian, MultiCategorical, distribution_for
from rlnas.envs import ContinuousActions, DiscreteActions, MultiDiscreteActions


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_every_action_space_has_its_distribution():
    bounds = (0.0, 0.0), (1.0, 1.0)
    assert isinstance(distribution_for(DiscreteActions(2)), Categorical)
    assert isinstance(distribution_for(MultiDiscreteActions((2, 3))), MultiCategorical)
    assert isinstance(distribution_for(ContinuousActions(*bounds)), DiagonalGaussian)


def test_several_decisions_are_those_of_stable_baselines():
    parameters = torch.randn(50, 9, generator=generator())
    ours, theirs = MultiCategorical((2, 4, 3)), MultiCategoricalDistribution([2, 4, 3]).proba_distribution(parameters)
    action, log_probability = ours.sample(parameters, generator(1))
    assert action.shape == (50, 3)
    assert action.amax(0).tolist() == [1, 3, 2]
    again, entropy = ours.evaluate(parameters, action)
    torch.testing.assert_close(log_probability, theirs.log_prob(action))
    torch.testing.assert_close(again, log_probability, rtol=0, atol=0)
    torch.testing.assert_close(entropy, theirs.entropy())
    assert ours.mode(parameters).equal(theirs.mode())


def test_a_gaussian_is_that_of_stable_baselines():
    mean, log_std = torch.randn(50, 3, generator=generator()), torch.tensor([-1.0, 0.0, 0.7])
    parameters = torch.cat([mean, log_std.expand_as(mean)], -1)
    ours, theirs = DiagonalGaussian(), DiagGaussianDistribution(3).proba_distribution(mean, log_std)
    action, log_probability = ours.sample(parameters, generator(1))
    again, entropy = ours.evaluate(parameters, action)
    torch.testing.assert_close(log_probability, theirs.log_prob(action))
    torch.testing.assert_close(again, log_probability, rtol=0, atol=0)
    torch.testing.assert_close(entropy, theirs.entropy())
    assert ours.mode(parameters).equal(mean)


def test_samples_follow_the_distribution():
    parameters = torch.tensor([[2.0, -1.0, -1.0, 0.5]]).expand(20_000, -1)
    drawn, _ = DiagonalGaussian().sample(parameters, generator())
    np.testing.assert_allclose(drawn.mean(0), [2, -1], atol=0.05)
    np.testing.assert_allclose(drawn.std(0), np.exp([-1, 0.5]), rtol=0.03)
    chosen, _ = MultiCategorical((2, 2)).sample(parameters, generator())
    np.testing.assert_allclose(chosen.float().mean(0), torch.sigmoid(torch.tensor([-3.0, 1.5])), atol=0.01)


@pytest.mark.parametrize("distribution", [Categorical(), MultiCategorical((2, 2)), DiagonalGaussian()])
def test_the_generator_decides(distribution):
    parameters = torch.zeros(64, 4)
    a, b, c = (distribution.sample(parameters, generator(seed))[0] for seed in (1, 1, 2))
    assert a.equal(b)
    assert not a.equal(c)
