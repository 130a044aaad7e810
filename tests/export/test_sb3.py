"""Agents that `PPO.load` opens in a fresh process, against the networks that were exported."""

import re
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete, MultiDiscrete
from stable_baselines3 import PPO
from stable_baselines3.common.policies import ActorCriticPolicy

from rlnas.envs import MultiDiscreteActions
from rlnas.errors import UserError
from rlnas.export import export
from rlnas.export.sb3 import RlnasExtractor, policy_kwargs
from rlnas.export.sb3_file import check_actions
from rlnas.nets import Network
from rlnas.spaces import Flatten, Linear, Space, load_space

from .helpers import NESTED, OWN, PENDULUM, make_trial, run_without, slim
from .test_onnx import VECTORS

MINATAR = "width=8,kernel=3,stride=1,act=silu,readout=max,norm=layer"
CASES = {
    "pixels": (slim("paper-1"), "k2=4,k3=1", "ALE/Breakout-v5", np.uint8),
    "bools": (load_space("minatar-2"), MINATAR, "MinAtar/Breakout-v1", np.bool_),
    "nested": (NESTED, "c=6,k=3,blocks=2,op=skip,f=7", "MinAtar/Breakout-v1", np.bool_),
    "vectors": (VECTORS, "f=6", "CartPole-v1", np.float32),
}
ACTIONS = {"pixels": 5, "bools": 5, "nested": 5, "vectors": 2}

ANSWER = """
import pathlib
import numpy
import torch
from stable_baselines3 import PPO

torch.set_num_threads(1)
root = pathlib.Path(sys.argv[1])
for inputs in root.glob("*.npy"):
    model = PPO.load(root / f"{inputs.stem}.zip", device="cpu")
    observation = numpy.load(inputs)
    batch = torch.from_numpy(observation)
    with torch.no_grad():
        logits = model.policy.get_distribution(batch).distribution.logits
        value = model.policy.predict_values(batch)
    actions, _ = model.predict(observation, deterministic=True)
    numpy.savez(root / f"{inputs.stem}.npz", logits=logits, value=value, actions=actions)
"""


def test_ppo_load_gives_the_same_policy_and_values_in_a_fresh_process(tmp_path: Path) -> None:
    networks: dict[str, Network] = {}
    rng = np.random.default_rng(0)
    for name, (space, architecture, env, dtype) in CASES.items():
        networks[name] = make_trial(tmp_path / "runs" / name, space, architecture, env, ACTIONS[name])
        assert export(tmp_path / "runs" / name, "sb3", tmp_path / f"{name}.zip") == tmp_path / f"{name}.zip"
        noise = rng.random((16, *space.input_shape))
        batch = noise - 0.5 if dtype == np.float32 else noise * 256 if dtype == np.uint8 else noise < 0.3
        np.save(tmp_path / f"{name}.npy", batch.astype(dtype))
    run_without((), ANSWER, tmp_path)
    for name, network in networks.items():
        found = np.load(tmp_path / f"{name}.npz")
        with torch.inference_mode():
            logits, value = network(torch.from_numpy(np.load(tmp_path / f"{name}.npy")))
        # Stable-Baselines3 gives log-probabilities, divides bytes by 255 where rlnas multiplies them by 1/255.
        np.testing.assert_allclose(found["logits"], logits.log_softmax(-1).numpy(), rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(found["value"][:, 0], value.numpy(), rtol=1e-5, atol=1e-5)
        np.testing.assert_array_equal(found["actions"], logits.argmax(-1).numpy())


def test_a_loaded_agent_knows_its_origin_and_its_hyperparameters(tmp_path: Path) -> None:
    ppo = {"rollout_steps": 16, "minibatches": 2, "learning_rate": 1e-3, "value_clip": None, "clip": 0.2, "epochs": 4}
    settings = {"ppo": ppo, "env_settings": {"num_envs": 4}}
    make_trial(tmp_path / "run", VECTORS, "f=9", "CartPole-v1", actions=2, **settings)
    model = PPO.load(export(tmp_path / "run", "sb3"), device="cpu")
    assert model.rlnas["env"] == "CartPole-v1"  # type: ignore[attr-defined]
    assert model.rlnas["architecture"] == "f=9"  # type: ignore[attr-defined]
    assert (model.n_steps, model.batch_size, model.n_epochs, model.n_envs) == (16, 32, 4, 4)
    assert (model.learning_rate, model.clip_range(1), model.clip_range_vf) == (1e-3, 0.2, None)
    assert (model.vf_coef, model.ent_coef, model.max_grad_norm) == (0.25, 0.01, 0.5)
    assert model.num_timesteps == 1024
    assert model.policy.optimizer.defaults["eps"] == 1e-5


def test_a_loaded_agent_learns_on_in_its_environment(tmp_path: Path) -> None:
    ppo = {"rollout_steps": 16, "minibatches": 2, "epochs": 1}
    make_trial(tmp_path / "run", VECTORS, "f=9", "CartPole-v1", actions=2, ppo=ppo)
    model = PPO.load(export(tmp_path / "run", "sb3"), env=gymnasium.make("CartPole-v1"), device="cpu")
    before = [p.detach().clone() for p in model.policy.features_extractor.parameters()]
    model.learn(16)
    assert model.num_timesteps >= 16
    after = list(model.policy.features_extractor.parameters())
    assert not any(torch.equal(a, b) for a, b in zip(before, after, strict=True))


def build(observation: Box, kwargs: dict[str, object]) -> ActorCriticPolicy:
    return ActorCriticPolicy(observation, Discrete(3), lambda _: 1e-3, **kwargs)  # type: ignore[arg-type]


def test_a_fresh_policy_has_the_network_of_the_architecture_and_nothing_more() -> None:
    space = slim("paper-1")
    policy = build(Box(0, 255, (4, 84, 84), np.uint8), policy_kwargs(space, {"k2": 4, "k3": 1}))
    network = Network(space, space.architecture("k2=4,k3=1"), 3)
    assert sum(p.numel() for p in policy.parameters()) == sum(p.numel() for p in network.parameters())


def test_a_space_of_the_catalogue_takes_the_channels_of_the_game() -> None:
    extractor = RlnasExtractor(Box(0, 1, (7, 10, 10), np.bool_), space="minatar-1", architecture="k1=3,k2=2")
    assert extractor(torch.zeros(2, 7, 10, 10)).shape == (2, extractor.features_dim) == (2, 128)


@pytest.mark.parametrize(
    ("observation", "divisor"),
    [
        (Box(0, 255, (3, 8, 8), np.uint8), 255),  # by Stable-Baselines3
        (Box(0, 255, (6,), np.uint8), 255),  # by the extractor: not an image
        (Box(0, 4, (3, 8, 8), np.uint8), 4),  # by the extractor: other bounds than an image's
        (Box(0, 1, (3, 8, 8), np.uint8), 1),
        (Box(0, 20, (6,), np.int64), 20),
        (Box(0, 255, (6,), np.float32), 1),
    ],
)
def test_whole_numbers_are_scaled_once_whoever_does_it(observation: Box, divisor: int) -> None:
    layers = [Flatten(), Linear(5)] if len(observation.shape) == 3 else [Linear(5)]
    space = Space("bytes", observation.shape, layers)
    policy = build(observation, policy_kwargs(space, "fixed"))
    high = min(5, int(observation.high.flat[0]) + 1)
    x = torch.randint(0, high, (2, *observation.shape), generator=torch.Generator().manual_seed(0))
    x = x.to(torch.from_numpy(np.zeros(1, observation.dtype)).dtype)
    expected = policy.features_extractor.encoder(x.float() / divisor)
    torch.testing.assert_close(policy.extract_features(x), expected)


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(UserError, match=r"\(4, 10, 10\).*\(10, 10, 4\).*channels come first"):
        RlnasExtractor(Box(0, 1, (10, 10, 4), np.bool_), space="minatar-1", architecture="k1=3,k2=2")
    with pytest.raises(UserError, match="Did you mean 'minatar-1'"):
        RlnasExtractor(Box(0, 1, (4, 10, 10), np.bool_), space="minatar1", architecture="k1=3,k2=2")
    with pytest.raises(UserError, match="'9'"):
        RlnasExtractor(Box(0, 1, (4, 10, 10), np.bool_), space="minatar-1", architecture="k1=9,k2=2")


def test_an_agent_with_moments_and_real_actions_is_the_same_in_stable_baselines(tmp_path: Path) -> None:
    space = Space("mine", (3,), [Linear(16, activation="tanh")])
    network = make_trial(tmp_path / "run", space, "fixed", "Pendulum-v1", PENDULUM, ppo=OWN)
    model = PPO.load(export(tmp_path / "run", "sb3"), env=gymnasium.make("Pendulum-v1"), device="cpu")
    observation = np.random.default_rng(0).normal(5, 3, (32, 3)).astype(np.float32)
    with torch.inference_mode():
        mean, log_std = network(torch.from_numpy(observation))[0].chunk(2, -1)
        value = network(torch.from_numpy(observation))[1]
        theirs = model.policy.get_distribution(torch.from_numpy(observation)).distribution
        values = model.policy.predict_values(torch.from_numpy(observation)).squeeze(-1)
    assert value.std() > 0.1
    torch.testing.assert_close(theirs.mean, mean, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(theirs.stddev, log_std.exp(), rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(values, value, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(model.predict(observation, deterministic=True)[0], mean.clamp(-2, 2), atol=1e-5)
    model.learn(model.n_steps)


def test_several_decisions_at_once_are_the_same_in_stable_baselines(tmp_path: Path) -> None:
    class Levers(gymnasium.Env):
        observation_space, action_space = Box(-1, 1, (4,)), MultiDiscrete([2, 3])

    gymnasium.register("RlnasTest/Levers-v0", Levers)
    try:
        run = tmp_path / "run"
        network = make_trial(run, VECTORS, "f=6", "RlnasTest/Levers-v0", MultiDiscreteActions((2, 3)))
        model = PPO.load(export(run, "sb3"), device="cpu")
    finally:
        del gymnasium.registry["RlnasTest/Levers-v0"]
    observation = np.random.default_rng(0).normal(size=(32, 4)).astype(np.float32)
    with torch.inference_mode():
        first, second = network(torch.from_numpy(observation))[0].split([2, 3], -1)
    chosen = np.stack([first.argmax(-1), second.argmax(-1)], -1)
    np.testing.assert_array_equal(model.predict(observation, deterministic=True)[0], chosen)
    assert len(np.unique(chosen, axis=0)) > 1


@pytest.mark.parametrize(
    ("actions", "message"),
    [
        (Discrete(3, start=5), "counts actions from 0"),
        (MultiDiscrete([2, 3], start=[1, 0]), "counts actions from 0"),
        (MultiDiscrete([[2, 3], [4, 2]]), "in one row only"),
        (Box(-np.inf, 1, (2,)), "with finite bounds only"),
    ],
)
def test_actions_that_stable_baselines_would_choose_otherwise_are_refused(actions, message) -> None:
    with pytest.raises(UserError, match=f"{message}.*{re.escape(str(actions))}"):
        check_actions(actions)


def test_actions_that_stable_baselines_chooses_alike_pass() -> None:
    for actions in (Discrete(3), MultiDiscrete([2, 3]), Box(-1, 1, (2, 2))):
        check_actions(actions)
