import pytest

from rlnas.algorithms.ppo import PPOSettings
from rlnas.table.same_settings import setting_differences

WHOLE = PPOSettings(clip=0.2).model_dump(mode="json")
OLDER = {name: value for name, value in WHOLE.items() if name not in ("log_std", "value_encoder")}


def test_what_an_older_version_did_not_know_it_did_as_the_defaults_do():
    assert setting_differences("ppo", OLDER, WHOLE) == []
    assert setting_differences("ppo", WHOLE, OLDER) == []
    assert setting_differences("env_settings", {"num_envs": 4}, {"num_envs": 4, "noop_max": 30}) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"clip": 0.3}, "ppo.clip is 0.2 there, not 0.3"),
        ({"value_encoder": "own"}, "ppo.value_encoder is 'shared' there, not 'own'"),
        # a setting of a version to come, about which nothing is known
        ({"momentum": 0.9}, "ppo.momentum is None there, not 0.9"),
    ],
)
def test_what_differs_is_said(change, said):
    found = setting_differences("ppo", OLDER, WHOLE | change)
    assert said in found
    assert setting_differences("ppo", WHOLE | change, WHOLE | change) == []
