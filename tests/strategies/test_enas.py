import base64
import json
import math
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from rlnas.spaces import Architecture, Choice, Conv, Flatten, Space, load_space
from rlnas.strategies import ENAS, ENASSettings, Fit, Outcome, make_strategy
from rlnas.strategies.conformance import example_spaces

UNEVEN = example_spaces()[0]  # 3 x 2 x 4 options
LARGE = example_spaces()[2]  # 20^9 architectures


def reward(path: Architecture) -> float:
    """One point for each kernel that is right: k2=4, k3=5 is best."""
    return float((path["k2"] == 4) + (path["k3"] == 5))


def drive(strategy: ENAS, value=reward, stop: int | None = None) -> list[Fit]:
    """Rewards children until the search is over, or so many are told; returns them."""
    fits: list[Fit] = []
    while (stop is None or len(fits) < stop) and (proposal := strategy.ask()) is not None:
        assert isinstance(proposal, Fit)
        fits.append(proposal)
        strategy.tell(Outcome(((value(proposal.path),),)))
    return fits


def places(space: Space, path: Architecture) -> tuple[int, ...]:
    return tuple(choice.options.index(path[choice.name]) for choice in space.choices)


def spread_out(strategy: ENAS, size: float = 0.6, seed: int = 0) -> None:
    """Gives the controller random weights, output layers included, so that it is far from uniform."""
    state = strategy.state_dict()
    rng = np.random.default_rng(seed)
    for packed in state["controller"]["weights"].values():
        values = rng.uniform(-size, size, packed["shape"]).astype("<f4")
        packed["float32"] = base64.b64encode(values.tobytes()).decode()
    strategy.load_state_dict(state)


def weights(strategy: ENAS) -> dict[str, np.ndarray]:
    found = json.loads(json.dumps(strategy.state_dict()))["controller"]["weights"]
    return {
        name: np.frombuffer(base64.b64decode(packed["float32"]), "<f4").reshape(packed["shape"])
        for name, packed in found.items()
    }


def probability(strategy: ENAS, name: str) -> float:
    return next(entry.proxy for entry in strategy.rank() if entry.architecture.id == name)


class Reference:
    """ENAS's controller written out in double precision: gates, softmax, loss and Adam, without torch's layers."""

    def __init__(self, strategy: ENAS):
        self.settings = strategy.settings
        self.updates = math.ceil(strategy.fits / self.settings.children_per_update)
        self.options = [len(choice) for choice in strategy.space.choices]
        self.w = {n: torch.tensor(v, dtype=torch.float64, requires_grad=True) for n, v in weights(strategy).items()}
        self.m = {name: torch.zeros_like(w) for name, w in self.w.items()}
        self.v = {name: torch.zeros_like(w) for name, w in self.w.items()}
        self.step = 0
        self.baseline: float | None = None
        self.variance = 0.0

    def walk(self, path, before) -> tuple[torch.Tensor, torch.Tensor]:
        w, width = self.w, self.settings.hidden
        x = w["start"]
        if self.settings.feed_last and before is not None:
            options, value = before
            mean = sum(w[f"embeddings.{i}.weight"][o] for i, o in enumerate(options)) / len(options)
            told = torch.tensor([np.sign(value) * np.log(1 + abs(value))], dtype=torch.float64)
            x = x + w["last.weight"] @ torch.cat([mean, told]) + w["last.bias"]
        h = c = torch.zeros(width, dtype=torch.float64)
        log_p, entropy = torch.tensor(0.0), torch.tensor(0.0)
        for i, option in enumerate(path):
            gates = w["cell.weight_ih"] @ x + w["cell.bias_ih"] + w["cell.weight_hh"] @ h + w["cell.bias_hh"]
            into, keep, new, out = gates.reshape(4, width)
            c = c / (1 + torch.exp(-keep)) + torch.tanh(new) / (1 + torch.exp(-into))
            h = torch.tanh(c) / (1 + torch.exp(-out))
            logits = w[f"heads.{i}.weight"] @ h + w[f"heads.{i}.bias"]
            assert len(logits) == self.options[i]
            p = torch.exp(logits) / torch.exp(logits).sum()
            log_p = log_p + torch.log(p[option])
            entropy = entropy - (p * torch.log(p)).sum()
            if i + 1 < len(path):
                x = w[f"embeddings.{i}.weight"][option]
        return log_p, entropy

    def update(self, children, before) -> None:
        """One step; `children` are pairs of option indices and reward, `before` the child before the first of them."""
        s, count = self.settings, len(children)
        mean = sum(r for _, r in children) / count
        base = mean if self.baseline is None else self.baseline
        share = 1.0 if self.baseline is None else s.baseline_momentum
        square = sum((r - base) ** 2 for _, r in children) / count
        self.variance = (1 - share) * self.variance + share * square
        scale = math.sqrt(self.variance) if s.reward_scale == "std" else 1.0
        loss = torch.tensor(0.0)
        for (path, r), previous in zip(children, [before, *children[:-1]], strict=True):
            log_p, entropy = self.walk(path, previous)
            loss = loss - (r - base) / scale * log_p / count - s.entropy_coef * entropy / count
        self.baseline = (1 - share) * base + share * mean
        rate = s.learning_rate * (1 + math.cos(math.pi * self.step / self.updates)) / 2
        self.step += 1
        gradients = torch.autograd.grad(loss, list(self.w.values()), allow_unused=True)
        for name, g in zip(self.w, gradients, strict=True):
            g = torch.zeros_like(self.w[name]) if g is None else g
            self.m[name] = 0.9 * self.m[name] + 0.1 * g
            self.v[name] = 0.999 * self.v[name] + 0.001 * g**2
            m, v = self.m[name] / (1 - 0.9**self.step), self.v[name] / (1 - 0.999**self.step)
            self.w[name] = (self.w[name] - rate * m / (v.sqrt() + 1e-8)).detach().requires_grad_()


@pytest.mark.parametrize(
    "options", [{}, {"feed_last": True}, {"reward_scale": "std"}], ids=["default", "feed-last", "std"]
)
def test_an_update_is_that_of_a_plain_reimplementation(options: dict) -> None:
    settings = ENASSettings(
        hidden=6, embedding=4, entropy_coef=0.3, learning_rate=0.02, baseline_momentum=0.25, **options
    )
    strategy = ENAS(UNEVEN, 170, seed=3, settings=settings)  # 17 children, 6 updates, the last of 2 children
    spread_out(strategy)
    start = weights(strategy)
    reference = Reference(strategy)
    before, batch = None, []
    for number in range(17):
        path = places(UNEVEN, strategy.ask().path)
        value = float(sum(path) * 3 + number % 4 - 2)
        batch.append((path, value))
        strategy.tell(Outcome(((value - 1, value + 1),)))
        if len(batch) == 3 or number == 16:
            reference.update(batch, before)
            before, batch = batch[-1], []
            for name, found in weights(strategy).items():
                np.testing.assert_allclose(found, reference.w[name].detach(), rtol=1e-4, atol=2e-5, err_msg=name)
            assert strategy.baseline == pytest.approx(reference.baseline)
    assert reference.step == 6
    moved = {name: np.abs(found - start[name]).max() for name, found in weights(strategy).items()}
    assert min(moved.values()) > 0.01, moved
    chances = {places(UNEVEN, entry.architecture): entry.proxy for entry in strategy.rank()}
    for path, chance in chances.items():
        assert chance == pytest.approx(reference.walk(path, before)[0].exp().item(), rel=1e-4)


def test_the_probability_gathers_on_the_best_architecture() -> None:
    strategy = ENAS(load_space("paper-1"), 60 * 30, seed=0, settings=ENASSettings(learning_rate=1e-2))
    drive(strategy)
    assert strategy.rank()[0].architecture.id == "k2=4,k3=5"
    assert strategy.rank()[0].proxy > 0.8


def test_with_the_papers_settings_and_noise_the_best_gains_clearly() -> None:
    """180 of the 326 updates that 10M steps pay for."""
    strategy = ENAS(load_space("paper-1"), 180 * 30, seed=0)
    rng = np.random.default_rng(0)
    drive(strategy, lambda path: 100 + 30 * reward(path) + rng.normal(0, 15))
    assert strategy.rank()[0].architecture.id == "k2=4,k3=5"
    assert strategy.rank()[0].proxy > 5 / 25


def test_it_starts_uniform_with_ties_in_random_order() -> None:
    rankings = [ENAS(UNEVEN, 30, seed).rank() for seed in (0, 0, 1)]
    for ranking in rankings:
        assert [entry.proxy for entry in ranking] == pytest.approx([1 / 24] * 24)
        assert len({entry.proxy for entry in ranking}) == 1
        assert {entry.architecture for entry in ranking} == set(UNEVEN)
    assert rankings[0] == rankings[1]
    assert [e.architecture for e in rankings[0]] != [e.architecture for e in rankings[2]]


@pytest.mark.parametrize("feed_last", [False, True])
def test_children_are_drawn_with_the_probabilities_that_are_ranked(feed_last: bool) -> None:
    settings = ENASSettings(hidden=16, embedding=8, feed_last=feed_last, children_per_update=10**6)
    strategy = ENAS(UNEVEN, 10**7, seed=2, settings=settings)
    spread_out(strategy, 1.2)
    drive(strategy, lambda path: 3.0, stop=1)
    expected = {entry.architecture: entry.proxy for entry in strategy.rank()}
    assert set(expected) == set(UNEVEN)
    assert sum(expected.values()) == pytest.approx(1, abs=1e-6)
    assert max(expected.values()) > 4 * min(expected.values())
    # The next child again and again, under other numbers: nothing is told, so the distribution stays.
    asked, many = 300, 10_000
    drawn = Counter()
    for number in range(asked):
        strategy.children = number
        drawn[strategy.ask().path] += 1
    lots = np.random.default_rng(0).random((many, 3))
    batch = Counter(UNEVEN.architecture(i) for i in strategy.controller.sample(lots, strategy.batch[-1]))
    # Chi-square of 24 cells: 99.9% of samples stay below 49.7.
    for counts, total in ((drawn, asked), (batch, many)):
        assert sum((counts[a] - total * p) ** 2 / (total * p) for a, p in expected.items()) < 49.7


def test_options_of_every_choice_have_their_own_logits() -> None:
    strategy = ENAS(UNEVEN, 30, 0, ENASSettings(hidden=5, embedding=4))
    shapes = {name: value.shape for name, value in weights(strategy).items() if name.startswith(("heads", "embed"))}
    assert shapes == {
        "heads.0.weight": (3, 5),
        "heads.0.bias": (3,),
        "heads.1.weight": (2, 5),
        "heads.1.bias": (2,),
        "heads.2.weight": (4, 5),
        "heads.2.bias": (4,),
        "embeddings.0.weight": (3, 4),
        "embeddings.1.weight": (2, 4),
    }


def test_children_take_their_iterations_and_the_last_what_is_left() -> None:
    strategy = ENAS(UNEVEN, 57, seed=0)
    fits = drive(strategy, lambda path: 1.0)
    assert [fit.iterations for fit in fits] == [10] * 5 + [7]
    assert strategy.ask() is None
    assert strategy.fitted == 57
    assert ENAS(UNEVEN, 57, 0, ENASSettings(child_iterations=25)).ask().iterations == 25


def test_the_learning_rate_falls_to_zero_along_a_cosine(monkeypatch: pytest.MonkeyPatch) -> None:
    strategy = ENAS(UNEVEN, 295, seed=0)  # 30 children
    steps, step = [], strategy.controller.optimizer.step
    optimizer = strategy.controller.optimizer
    monkeypatch.setattr(
        optimizer, "step", lambda: steps.append((strategy.children, optimizer.param_groups[0]["lr"])) or step()
    )
    drive(strategy, lambda path: float(len(path.id)))
    children, rates = zip(*steps, strict=True)
    assert children == tuple(range(3, 31, 3))
    assert rates == pytest.approx([1e-3 * (1 + math.cos(math.pi * n / 10)) / 2 for n in range(10)])
    assert rates[0] == 1e-3
    assert rates == tuple(sorted(rates, reverse=True))
    assert rates[-1] < 0.03e-3


def test_the_baseline_starts_at_the_first_rewards_and_moves_by_its_momentum() -> None:
    strategy = ENAS(UNEVEN, 90, seed=0)
    rewards = iter([1.0, 2.0, 6.0, 10.0, 10.0, 13.0, 0.0, 0.0, 0.0])
    baselines = []
    for _ in range(9):
        drive(strategy, lambda path: next(rewards), stop=1)
        baselines.append(strategy.baseline)
    assert baselines[:2] == [None, None]
    assert baselines[2:] == pytest.approx([3, 3, 3, 3 + 0.2 * 8, 4.6, 4.6, 4.6 * 0.8])


def test_a_child_without_a_finished_game_is_rewarded_by_those_in_progress_and_says_so() -> None:
    strategy = ENAS(UNEVEN, 50, seed=0)
    for outcome in (Outcome(((2.0, 4.0),), running=99.0), Outcome(((),), running=6.0)):
        assert strategy.remarks() == []
        strategy.tell(outcome)
    assert [value for _, value in strategy.batch] == [3.0, 6.0]
    strategy.tell(Outcome(((0.0,),), running=99.0))
    assert strategy.baseline == 3.0
    strategy.tell(Outcome(((),)))
    (remark,) = strategy.remarks()
    assert remark.startswith("2 of 4 children finished no game in their iterations:")
    resumed = ENAS(UNEVEN, 50, seed=0)
    resumed.load_state_dict(strategy.state_dict())
    assert resumed.remarks() == [remark]


@pytest.mark.parametrize("options", [{}, {"feed_last": True, "reward_scale": "std"}])
def test_a_resumed_search_is_the_same_to_the_bit(options: dict) -> None:
    def make() -> ENAS:
        return ENAS(UNEVEN, 105, seed=4, settings=ENASSettings(learning_rate=0.05, **options))

    def value(path: Architecture) -> float:
        return sum(places(UNEVEN, path)) / 3

    whole = make()
    states = [json.dumps(whole.state_dict())]
    fits = []
    while whole.ask() is not None:
        fits += drive(whole, value, stop=1)
        states.append(json.dumps(whole.state_dict()))
    assert len(states) == 12
    for cut, state in enumerate(states):
        resumed = make()
        resumed.load_state_dict(json.loads(state))
        assert json.dumps(resumed.state_dict()) == state
        for turn in range(cut, len(fits)):
            assert drive(resumed, value, stop=1) == [fits[turn]]
            assert json.dumps(resumed.state_dict()) == states[turn + 1]
        assert resumed.rank() == whole.rank()


def test_the_child_before_is_fed_only_if_asked_for() -> None:
    for feed_last in (False, True):
        settings = ENASSettings(feed_last=feed_last, children_per_update=10)
        chances = []
        for value in (None, 1.0, 300.0, -300.0):
            strategy = ENAS(UNEVEN, 300, seed=0, settings=settings)
            spread_out(strategy, 0.3)
            if value is not None:
                drive(strategy, lambda path, value=value: value, stop=1)
            chances.append(round(probability(strategy, "width=4,act=relu,out=1"), 7))
        assert len(set(chances)) == (4 if feed_last else 1)


def test_scaled_rewards_make_games_with_large_returns_like_those_with_small_ones() -> None:
    """Powers of two, so that the two searches are the same to the bit."""
    found = {}
    for scale in ("std", "none"):
        for size in (1.0, 1024.0):
            settings = ENASSettings(learning_rate=0.01, entropy_coef=0.1, reward_scale=scale)
            strategy = ENAS(UNEVEN, 300, seed=1, settings=settings)
            drive(strategy, lambda path, size=size: size * len(path.id))
            found[scale, size] = strategy.rank()
    assert found["std", 1.0] == found["std", 1024.0]
    assert found["none", 1.0] != found["none", 1024.0]
    # A game in which nothing happens has a deviation of 0.
    idle = ENAS(UNEVEN, 60, seed=1, settings=ENASSettings(reward_scale="std"))
    drive(idle, lambda path: 0.0)
    assert all(math.isfinite(entry.proxy) for entry in idle.rank())


def test_the_ranking_holds_all_that_can_be_gone_through() -> None:
    layers = [Conv(1, kernel=Choice(f"k{n}", range(1, 6)), stride=1) for n in range(6)]
    space = Space("wide", (1, 32, 32), [*layers, Flatten()])
    assert space.enumerable
    strategy = ENAS(space, 60, seed=0, settings=ENASSettings(hidden=8, embedding=4))
    spread_out(strategy, 1.0)
    ranking = strategy.rank()
    assert len({entry.architecture for entry in ranking}) == strategy.coverage == space.size == 5**6
    assert sum(entry.proxy for entry in ranking) == pytest.approx(1, abs=1e-4)


def test_of_a_large_space_distinct_architectures_are_drawn_and_ranked_by_exact_probability() -> None:
    strategy = ENAS(LARGE, 60, seed=0, settings=ENASSettings(rank_samples=200, hidden=8, embedding=4))
    spread_out(strategy, 2.0)
    ranking = strategy.rank()
    assert ranking == strategy.rank()
    assert len({entry.architecture for entry in ranking}) == len(ranking) == strategy.coverage == 200
    assert [e.proxy for e in ranking] == sorted((e.proxy for e in ranking), reverse=True)
    reference = Reference(strategy)
    for entry in ranking[::50]:
        exact = reference.walk(places(LARGE, entry.architecture), None)[0].exp().item()
        assert entry.proxy == pytest.approx(exact, rel=1e-3)
    # They are draws from the controller, so likelier than uniform ones.
    uniform = [places(LARGE, LARGE.sample(np.random.default_rng(n))) for n in range(100)]
    chances = strategy.controller.log_probabilities(uniform, None)
    assert np.median([math.log(entry.proxy) for entry in ranking]) > np.median(chances) + 2


def test_the_ranking_of_a_large_space_is_full_even_if_the_controller_is_sure() -> None:
    strategy = ENAS(LARGE, 60, seed=0, settings=ENASSettings(rank_samples=50, hidden=8, embedding=4))
    with torch.no_grad():
        for head in strategy.controller.model.heads:
            head.bias[7] = 30.0
    ranking = strategy.rank()
    assert len({entry.architecture for entry in ranking}) == 50
    assert set(ranking[0].architecture.values()) == {8}
    assert ranking[0].proxy == pytest.approx(1)


def test_a_space_without_choices_has_one_certain_architecture() -> None:
    strategy = ENAS(load_space("nature-cnn"), 35, seed=0)
    assert len(drive(strategy, lambda path: 1.0)) == 4
    (entry,) = strategy.rank()
    assert (entry.architecture.id, entry.proxy) == ("fixed", 1.0)


def test_it_draws_nothing_from_the_global_stream() -> None:
    torch.manual_seed(0)
    before = torch.get_rng_state()
    strategy = ENAS(UNEVEN, 60, seed=0)
    drive(strategy, lambda path: 1.0)
    strategy.rank()
    assert torch.equal(torch.get_rng_state(), before)


def test_strategies_can_be_listed_and_described_without_torch() -> None:
    script = (
        "import sys; from rlnas.strategies import STRATEGIES, ENAS, settings_class, make_strategy; "
        "from rlnas.spaces import load_space; "
        "assert all(s.__doc__ and m.model_fields and m.__doc__ for s, m in STRATEGIES.values()); "
        "settings_class('enas')(hidden=3); make_strategy('random', load_space('paper-1'), 1, 0, {}).ask(); "
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_made_by_name_with_the_papers_settings() -> None:
    strategy = make_strategy("enas", UNEVEN, 7, 3, {})
    assert isinstance(strategy, ENAS)
    chosen = strategy.settings
    assert (chosen.child_iterations, chosen.children_per_update, chosen.baseline_momentum) == (10, 3, 0.2)
    assert (chosen.entropy_coef, chosen.learning_rate, chosen.feed_last) == (1e-4, 1e-3, False)
    with pytest.raises(ValidationError, match="rank_samples"):
        ENASSettings(rank_samples=10_001)
