import gymnasium
import pytest
from gymnasium.envs.registration import EnvSpec

from rlnas.envs import AtariEnv, EnvSettings, GymEnv, import_modules, known_ids, make_env, registered_here
from rlnas.errors import UserError

SETTINGS = EnvSettings(num_envs=2)


def test_an_id_leads_to_its_kind_of_environment():
    atari, gym = make_env("ALE/Breakout-v5", SETTINGS), make_env("CartPole-v1", SETTINGS, num_envs=3)
    assert isinstance(atari, AtariEnv)
    assert isinstance(gym, GymEnv)
    assert (atari.num_envs, gym.num_envs) == (2, 3)
    atari.close()
    gym.close()


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("ALE/Breakot-v5", "ALE/Breakout-v5"), ("CartPole-v9", "CartPole-v1"), ("cartpole-v1", "CartPole-v1")],
)
def test_an_unknown_id_is_refused_with_the_nearest_match(wrong, right):
    with pytest.raises(UserError, match=f"unknown environment '{wrong}'. Did you mean '{right}'"):
        make_env(wrong, SETTINGS)


@pytest.mark.parametrize(("wrong", "others"), [("Poole-v1", "ALE/"), ("ALE/Poole-v1", "Acrobot")])
def test_only_environments_of_the_same_kind_are_suggested(wrong, others):
    with pytest.raises(UserError) as caught:
        make_env(wrong, SETTINGS)
    assert others not in str(caught.value).partition("Allowed")[2]


def test_atari_games_without_the_extra_name_it(monkeypatch):
    ids = [name for name in known_ids() if not name.startswith("ALE/")]
    monkeypatch.setattr("rlnas.envs.registry.known_ids", lambda: ids)
    with pytest.raises(UserError, match=r"'ALE/Pong-v5' needs the extra 'atari': pip install 'rlnas\[atari\]'"):
        make_env("ALE/Pong-v5", SETTINGS)


@pytest.mark.parametrize(("name", "kwargs"), [("ALE/Odd-v5", {}), ("ALE/Pong-ram-v5", {"game": "pong"})])
def test_a_game_without_pixels_is_refused(monkeypatch, name, kwargs):
    monkeypatch.setitem(gymnasium.registry, name, EnvSpec(name, entry_point="none:None", kwargs=kwargs))
    with pytest.raises(UserError, match="is not a game with pixel observations"):
        make_env(name, SETTINGS)


def test_a_users_module_brings_its_environments(tmp_path, monkeypatch):
    (tmp_path / "my_rlnas_envs.py").write_text(
        "import gymnasium\ngymnasium.register('Mine/Pole-v0', 'gymnasium.envs.classic_control:CartPoleEnv')\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    import_modules(("my_rlnas_envs",))
    assert "Mine/Pole-v0" in known_ids()
    make_env("Mine/Pole-v0", SETTINGS).close()
    monkeypatch.delitem(gymnasium.registry, "Mine/Pole-v0")


def test_a_module_that_cannot_be_imported_is_named(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="module 'no_such_module_of_mine' cannot be imported: ModuleNotFoundError"):
        import_modules(("no_such_module_of_mine",))
    (tmp_path / "my_broken_envs.py").write_text("1 / 0")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(UserError, match="'my_broken_envs' cannot be imported: ZeroDivisionError"):
        import_modules(("my_broken_envs",))


def test_an_atari_id_without_its_prefix_is_completed():
    with pytest.raises(UserError, match="Did you mean 'ALE/Breakout-v5'"):
        make_env("Breakout-v5", EnvSettings())


def test_environments_of_ones_own_are_known_here_only():
    import gymnasium

    gymnasium.register("RlnasTest/Mine-v0", lambda: None)
    gymnasium.register("RlnasTest/Text-v0", "some_module.envs:Mine")
    try:
        assert registered_here("RlnasTest/Mine-v0") == __name__
        assert registered_here("RlnasTest/Text-v0") == "some_module.envs"
    finally:
        del gymnasium.registry["RlnasTest/Mine-v0"], gymnasium.registry["RlnasTest/Text-v0"]
    for known in ("CartPole-v1", "ALE/Breakout-v5", "MinAtar/Breakout-v1", "HalfCheetah-v5"):
        assert registered_here(known) is None
