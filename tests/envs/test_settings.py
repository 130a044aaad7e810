import pytest
from pydantic import ValidationError

from rlnas.envs import EnvSettings


def test_the_defaults_are_the_standard_preprocessing():
    settings = EnvSettings()
    assert (settings.num_envs, settings.sticky_actions, settings.noop_max) == (8, 0.25, 30)
    assert (settings.frame_skip, settings.frame_stack, settings.screen_size) == (4, 4, 84)
    assert settings.life_loss_ends_trajectory
    assert settings.fire
    assert settings.max_frames == 108_000


def test_options_that_came_later_are_told_only_where_they_are_used():
    plain = EnvSettings().model_dump(mode="json")
    assert not {"channels", "scale_actions"} & set(plain)
    for name, value in (("channels", "last"), ("scale_actions", True), ("scale_actions", False)):
        settings = EnvSettings(**{name: value})
        assert settings.model_dump(mode="json") == plain | {name: value}
        assert EnvSettings(**settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize("change", [{"num_envs": 0}, {"sticky_actions": 1.0}, {"frame_skip": 0}, {"frameskip": 4}])
def test_a_setting_that_makes_no_sense_is_refused(change):
    with pytest.raises(ValidationError, match=next(iter(change))):
        EnvSettings(**change)
