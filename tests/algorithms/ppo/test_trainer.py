import math
from copy import deepcopy

import gymnasium
import numpy as np
import pytest
import torch

import rlnas.algorithms.ppo.trainer
from rlnas.algorithms.ppo import PPOSettings, PPOTrainer
from rlnas.envs.gym import GymEnv
from rlnas.errors import TrainingDiverged
from rlnas.nets import Heads, Network, Supernet
from rlnas.spaces import Linear, Space

SETTINGS = PPOSettings(rollout_steps=16, epochs=2, minibatches=3, learning_rate=2e-3)


@pytest.fixture
def make(guess_env, guess_space):
    """Makes a trainer of a small network, or of the supernet where `path` is `"all"`."""

    def make(seed=1, iterations=10, weights=0, path="k=1,c=8", settings=SETTINGS, num_envs=4) -> PPOTrainer:
        env = guess_env(num_envs)
        if path == "all":
            policy = Supernet(guess_space, env.actions.outputs, weights)
        else:
            policy = Network(guess_space, guess_space.architecture(path), env.actions.outputs, weights)
        return PPOTrainer(policy, env, settings, iterations, seed)

    return make


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def test_training_improves_the_score(make):
    trainer = make(iterations=30, num_envs=8)
    logs = [trainer.iterate() for _ in range(30)]
    early, late = (
        np.mean([episode.score / episode.length for log in part for _, episode in log.episodes])
        for part in (logs[:5], logs[-5:])
    )
    # Guessing brings 3 / 4 - 2 * 3 / 4 = -0.75 a step; forced steps keep the best below 3.
    assert early < 0
    assert late > 1


@pytest.mark.parametrize("memory_format", [torch.preserve_format, torch.contiguous_format])
@pytest.mark.parametrize("path", ["k=1,c=8", "k=2,c=4", "all"])
def test_a_restored_trainer_goes_on_bit_by_bit(make, path, memory_format):
    def go_on(trainer: PPOTrainer) -> tuple:
        trainer.restart(1)
        return [trainer.iterate() for _ in range(3)], trainer.state_dict()

    undisturbed = make(path=path)
    for _ in range(2):
        undisturbed.iterate()
    # Files keep tensors in row-major order, whatever the layout in memory.
    saved = {name: tensor.clone(memory_format=memory_format) for name, tensor in undisturbed.state_dict().items()}
    restored = make(path=path, weights=99)
    if path == "all":
        here, *_, elsewhere = restored.policy.space
        restored.policy.activate(elsewhere)
    restored.iterate()
    restored.load_state_dict(saved)
    assert same(restored.state_dict(), saved)
    if path == "all":  # which path is active is for those to say who drive the trainer
        restored.policy.activate(here)
    (logs, state), (expected_logs, expected) = go_on(restored), go_on(undisturbed)
    assert logs == expected_logs
    assert same(state, expected)


def test_restored_moments_matter(make):
    trainer = make()
    trainer.iterate()
    saved = deepcopy(trainer.state_dict())
    cold = make(weights=99)
    cold.load_state_dict({name: tensor for name, tensor in saved.items() if not name.startswith("adam.")})
    for each in (trainer, cold):
        each.restart(1)
        each.iterate()
    assert not same(trainer.policy.state_dict(), cold.policy.state_dict())


def test_the_state_of_another_policy_is_refused(make):
    with pytest.raises(RuntimeError, match=r"size mismatch for encoder\.blocks\.0"):
        make(path="k=1,c=8").load_state_dict(make(path="k=2,c=8").state_dict())


def test_a_run_depends_on_its_seed_alone(make):
    states = []
    for seed in (1, 1, 2):
        trainer = make(seed=seed)
        torch.rand(seed)  # torch's global generator plays no part
        logs = [trainer.iterate() for _ in range(2)]
        states.append((trainer.state_dict(), logs))
    assert same(states[0][0], states[1][0])
    assert states[0][1] == states[1][1]
    assert not torch.equal(states[0][0]["policy.policy.weight"], states[2][0]["policy.policy.weight"])


def test_the_learning_rate_falls_along_a_cosine_to_zero(make):
    trainer = make(iterations=20, settings=PPOSettings(rollout_steps=1, epochs=1, minibatches=1, learning_rate=0.5))
    rates = [trainer.iterate().learning_rate for _ in range(22)]
    assert rates[0] == 0.5
    assert rates[10] == pytest.approx(0.25)
    assert rates[:20] == pytest.approx([0.25 * (1 + math.cos(math.pi * n / 20)) for n in range(20)])
    assert rates[19] < 0.005
    assert rates[20] == rates[21] == 0


def test_the_learning_rate_is_the_one_that_adam_uses(make):
    trainer = make(iterations=2, settings=PPOSettings(rollout_steps=8, epochs=1, minibatches=1, learning_rate=0.01))
    changes = []
    for _ in range(3):
        before = trainer.policy.policy.bias.clone()
        trainer.iterate()
        changes.append((trainer.policy.policy.bias - before).abs().max().item())
    # Adam's first step moves a parameter by its rate; beyond the budget nothing moves.
    assert changes[0] == pytest.approx(0.01, rel=0.05)
    assert 0 < changes[1] < 0.008
    assert changes[2] == 0


def test_steps_and_iterations_are_counted(make):
    trainer = make(iterations=3)
    assert (trainer.steps_per_iteration, trainer.steps, trainer.done) == (64, 0, False)
    logs = [trainer.iterate() for _ in range(3)]
    assert [(log.iteration, log.steps) for log in logs] == [(1, 64), (2, 128), (3, 192)]
    assert trainer.done
    for log in logs:
        assert log.episodes
        # A step of the vector environment is a step of each of its four environments.
        assert all(log.steps - 64 < step <= log.steps and step % 4 == 0 for step, _ in log.episodes)
    steps = [step for log in logs for step, _ in log.episodes]
    assert steps == sorted(steps)


def test_every_restart_has_seeds_of_its_own(make):
    trainer = make()
    trainer.iterate()
    trainer.restart(1)
    trainer.iterate()
    trainer.restart(2)
    other = make(seed=2)
    other.iterate()
    seeds = [seed for seeds in trainer.env.resets + other.env.resets for seed in seeds]
    assert len(seeds) == len(set(seeds)) == 16


def test_every_iteration_and_every_run_draws_and_shuffles_anew(make, monkeypatch):
    seeds = []

    def noting(function):
        def call(*arguments, **options):
            seeds.extend(given.initial_seed() for given in arguments if isinstance(given, torch.Generator))
            return function(*arguments, **options)

        return call

    for name in ("collect", "update"):
        monkeypatch.setattr(f"rlnas.algorithms.ppo.trainer.{name}", noting(getattr(rlnas.algorithms.ppo.trainer, name)))
    for seed in (1, 2):
        trainer = make(seed=seed)
        for _ in range(3):
            trainer.iterate()
    assert len(seeds) == len(set(seeds)) == 2 * 2 * 3


def test_adam_is_set_up_as_the_settings_say(make):
    assert make(settings=PPOSettings(adam_eps=3e-4)).optimizer.eps == 3e-4


def test_a_restart_cuts_the_games_in_progress(make):
    trainer = make(settings=PPOSettings(rollout_steps=3, epochs=1, minibatches=1))
    trainer.iterate()  # games last four steps or more
    trainer.restart(1)
    assert trainer.iterate().episodes == []


@pytest.mark.parametrize("path", ["k=2,c=4", "k=3,c=8"])
def test_what_is_not_on_the_path_of_a_supernet_is_not_trained(make, guess_space, path):
    trainer = make(path="all")
    trainer.policy.activate(guess_space.architecture("k=1,c=4"))
    trainer.iterate()
    once_active = {name for name, parameter in trainer.policy.named_parameters() if parameter.grad is not None}
    before = {name: tensor.clone() for name, tensor in trainer.state_dict().items()}
    trainer.policy.activate(guess_space.architecture(path))
    trainer.iterate()
    after = trainer.state_dict()

    active = {name for name, parameter in trainer.policy.named_parameters() if parameter.grad is not None}
    for name, _ in trainer.policy.named_parameters():
        kept = torch.equal(before[f"policy.{name}"], after[f"policy.{name}"])
        assert kept == (name not in active)
        assert (name in trainer.optimizer.state) == (name in active | once_active)
        if name in once_active - active:
            for key in ("step", "exp_avg", "exp_avg_sq"):
                assert torch.equal(before[f"adam.{key}.{name}"], after[f"adam.{key}.{name}"])
    assert once_active - active


def test_a_loss_that_is_no_longer_finite_fails_the_trial(make):
    trainer = make(settings=PPOSettings(rollout_steps=4, reward_clip="none"))
    step = trainer.env.step

    def broken(actions):
        played = step(actions)
        played.reward[:] = np.inf
        return played

    trainer.env.step = broken
    with pytest.raises(TrainingDiverged, match="diverged at step 0"):
        trainer.iterate()


def test_an_environment_of_vectors_is_trained_all_the_same():
    space = Space("mlp", (4,), [Linear(16), Linear(16)])
    env = GymEnv("CartPole-v1", 4)
    policy = Network(space, space.architecture("fixed"), env.actions.outputs)
    trainer = PPOTrainer(policy, env, PPOSettings(rollout_steps=32, reward_clip="none"), 3, seed=1)
    logs = [trainer.iterate() for _ in range(3)]
    scores = [episode.score for log in logs for _, episode in log.episodes]
    assert scores
    assert all(episode.score == episode.length for log in logs for _, episode in log.episodes)


def test_the_learning_rate_falls_as_the_schedule_says(make):
    expected = {"cosine": [1, 0.75, 0.25], "linear": [1, 2 / 3, 1 / 3], "constant": [1, 1, 1]}
    for schedule, shares in expected.items():
        trainer = make(settings=PPOSettings(learning_rate=0.01, learning_rate_schedule=schedule), iterations=3)
        rates = [trainer.iterate().learning_rate for _ in range(3)]
        np.testing.assert_allclose(rates, 0.01 * np.array(shares))


class Reach(gymnasium.Env):
    """Two numbers have to be copied; the closer, the better. Episodes last 8 steps."""

    observation_space = gymnasium.spaces.Box(-np.inf, np.inf, (2,), np.float64)
    action_space = gymnasium.spaces.Box(-1, 1, (2,))

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.age = 0
        self.target = self.np_random.uniform(-0.9, 0.9, 2)
        return 50 + 10 * self.target, {}

    def step(self, action):
        reward, self.age = -np.abs(action - self.target).sum(), self.age + 1
        self.target = self.np_random.uniform(-0.9, 0.9, 2)
        return 50 + 10 * self.target, reward, False, self.age == 8, {}


@pytest.fixture
def make_continuous():
    gymnasium.register("RlnasTest/Reach-v0", Reach, disable_env_checker=True)

    def make(iterations: int, rollout_steps: int = 32) -> PPOTrainer:
        space = Space("mlp", (2,), [Linear(16, activation="tanh")])
        heads = Heads(2, log_std=-0.5, own_value_encoder=True)
        settings = PPOSettings(
            rollout_steps=rollout_steps, epochs=4, learning_rate=3e-3, clip=0.2, value_clip=None, reward_clip="none",
            entropy_coef=0, normalize_observations=True, normalize_rewards=True, value_encoder="own",
        )  # fmt: skip
        env = GymEnv("RlnasTest/Reach-v0", 8)
        return PPOTrainer(Network(space, space.architecture("fixed"), heads), env, settings, iterations, seed=1)

    yield make
    del gymnasium.registry["RlnasTest/Reach-v0"]


def test_real_numbers_are_learned_from_observations_far_from_0(make_continuous):
    trainer = make_continuous(30)
    scores = [[episode.score for _, episode in trainer.iterate().episodes] for _ in range(30)]
    # Means of 0 cost about 0.9 a step, and the noise of the actions its own part.
    assert np.mean(scores[0]) < -8
    assert np.mean(scores[-1]) > -5
    assert trainer.policy.log_std.max() < -0.5


def test_a_restored_trainer_of_real_numbers_goes_on_bit_by_bit(make_continuous):
    undisturbed, resumed = make_continuous(4, 8), make_continuous(4, 8)
    for _ in range(2):
        undisturbed.iterate()
    resumed.load_state_dict({name: tensor.clone() for name, tensor in undisturbed.state_dict().items()})
    states = []
    for trainer in (undisturbed, resumed):
        trainer.restart(1)
        logs = [trainer.iterate() for _ in range(2)]
        states.append((logs, trainer.state_dict()))
    assert states[0][0] == states[1][0]
    assert same(states[0][1], states[1][1])
    assert "normalizer.observations.mean" in states[0][1]


def test_a_policy_that_gives_no_numbers_fails_the_trial(make):
    trainer = make(settings=PPOSettings(rollout_steps=4))
    torch.nn.init.constant_(next(trainer.policy.parameters()), torch.nan)
    with pytest.raises(TrainingDiverged, match="outputs are no longer finite"):
        trainer.iterate()
