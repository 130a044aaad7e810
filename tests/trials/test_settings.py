"""How settings stand in files."""

import pytest
from pydantic import ValidationError

from rlnas.algorithms.ppo import PPOSettings
from rlnas.errors import fault
from rlnas.spaces import load_space
from rlnas.trials.settings import TrialSettings

SPACE = load_space("minatar-1").to_dict()


def settings(**changes: object) -> TrialSettings:
    return TrialSettings(env="MinAtar/Breakout-v1", space=SPACE, architecture="k1=1,k2=1", steps=64, **changes)


def test_files_have_the_options_under_the_name_of_their_algorithm():
    own = settings(algorithm_options=PPOSettings(epochs=7))
    plain = own.model_dump(mode="json")
    assert plain["ppo"]["epochs"] == 7
    assert list(plain)[:6] == ["env", "imports", "env_settings", "space", "ppo", "seed"]
    assert not {"algorithm", "algorithm_options"} & plain.keys()
    assert TrialSettings(**plain) == own == settings(ppo={"epochs": 7}) == settings(algorithm_options={"epochs": 7})
    assert isinstance(settings().algorithm_options, PPOSettings)


def test_a_bad_option_is_named_as_files_name_it():
    with pytest.raises(ValidationError) as found:
        settings(ppo={"clip": -1})
    assert fault(found.value) == "ppo.clip: Input should be greater than 0"


def test_another_algorithm_is_refused():
    with pytest.raises(ValidationError, match="unknown algorithm 'pqo'"):
        settings(algorithm="pqo")


def test_files_name_the_precision_where_it_is_not_the_usual_one():
    assert "precision" not in settings().model_dump(mode="json")
    half = settings(precision="bf16")
    assert half.model_dump(mode="json")["precision"] == "bf16"
    assert half.fingerprint != settings().fingerprint
    assert half.training(half.load_space(), "k1=1,k2=1", 1, 64).precision == "bf16"
