import pytest
from pydantic import ValidationError

from rlnas.algorithms.ppo import PPOSettings


def test_the_defaults_are_those_of_the_paper():
    settings = PPOSettings()
    assert settings.rollout_steps * 8 == 1024
    assert (settings.epochs, settings.minibatches, settings.learning_rate, settings.adam_eps) == (3, 4, 2.5e-4, 1e-5)
    assert (settings.gamma, settings.gae_lambda, settings.clip, settings.max_grad_norm) == (0.99, 0.95, 0.1, 0.5)
    assert (settings.value_coef, settings.entropy_coef, settings.normalize_advantages) == (0.25, 0.01, True)


@pytest.mark.parametrize(
    "change",
    [{"epochs": 0}, {"gamma": 1.1}, {"clip": 0}, {"learning_rate": -1}, {"reward_clip": "tanh"}, {"gama": 0.9}],
)
def test_a_setting_that_makes_no_sense_is_refused(change):
    with pytest.raises(ValidationError, match=next(iter(change))):
        PPOSettings(**change)
