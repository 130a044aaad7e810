"""Every strategy within limits of cost."""

import base64
import json
import math
from collections import Counter

import numpy as np
import pytest
import torch

from rlnas.spaces import LimitedSpace, Limits, load_space
from rlnas.strategies import (
    ENAS,
    SPOS,
    ENASSettings,
    Evaluate,
    Fit,
    Outcome,
    RandomSearch,
    RandomSearchSettings,
    RandomShared,
    SPOSSettings,
    Train,
    check_strategy,
    enas,
    make_strategy,
)
from rlnas.strategies.conformance import example_spaces
from rlnas.strategies.controller import Support

WHOLE, _, _, SMALL, LARGE = example_spaces()
TIGHT = LimitedSpace(load_space("minatar-1"), Limits(max_params=44_000))
STRATEGIES = {
    "spos": {},
    "enas": {"child_iterations": 1},
    "random": {"samples": 10},
    "random-shared": {"subset": 9},
}


def score(path) -> float:
    return float(sum(int(option) for option in path.values()))


def drive(strategy, score=score) -> list:
    """Scores what is proposed until the search is over; returns every architecture proposed."""
    found = []
    while (proposal := strategy.ask()) is not None:
        paths = {Fit: lambda p: (p.path,), Evaluate: lambda p: p.paths, Train: lambda p: p.architectures}
        now = paths[type(proposal)](proposal)
        strategy.tell(Outcome(tuple((score(path),) for path in now)))
        found += now
    return found


@pytest.mark.parametrize("name", STRATEGIES)
def test_only_what_is_within_is_proposed_and_ranked(name):
    strategy = make_strategy(name, TIGHT, 30, 1, STRATEGIES[name])
    proposed = drive(strategy)
    ranked = [entry.architecture for entry in strategy.rank()]
    assert set(proposed) | set(ranked) <= set(TIGHT)
    assert len(ranked) == strategy.coverage == {"random": 10, "random-shared": 9}.get(name, 15)
    if name == "spos":
        assert ranked[0] == max(TIGHT, key=score)


def test_a_limit_that_holds_everything_changes_no_search_with_uniform_paths():
    whole = load_space("minatar-1")
    for make in (SPOS, RandomSearch, RandomShared):
        limited = make(LimitedSpace(whole, Limits(max_params=10**9)), 1, 3)
        assert {e.architecture for e in limited.rank()} == {e.architecture for e in make(whole, 1, 3).rank()}
        assert limited.coverage == make(whole, 1, 3).coverage


def test_evolution_finds_the_best_within_the_limits():
    options = SPOSSettings(selection="evolution", population=30, parents=8, eval_budget=150, mutation_rate=0.3)
    strategy, target = SPOS(LARGE, 1, 0, options), LARGE.sample(np.random.default_rng(5))

    def near(path) -> float:
        return -float(sum(abs(int(path[name]) - int(target[name])) for name in path))

    proposed = drive(strategy, near)
    assert all(path in LARGE for path in proposed)
    assert len(set(proposed[1:])) == len(proposed[1:]) == 150
    assert strategy.rank()[0].proxy > max(map(near, proposed[1:31])) + 10


def test_full_selection_of_a_huge_limited_space_is_refused():
    with pytest.raises(ValueError, match="too large for selection='full'"):
        SPOS(LARGE, 1, 0, SPOSSettings(selection="full"))


class ForgetsTheLimits(RandomSearch):
    def __init__(self, space, iterations, seed):
        super().__init__(WHOLE, iterations, seed, RandomSearchSettings(samples=24))


def test_the_suite_names_a_strategy_that_leaves_the_limits():
    with pytest.raises(AssertionError, match=r"on space 'small-limited'.*within the space \(at most 100 parameters\)"):
        check_strategy(ForgetsTheLimits, [SMALL])


def tilt(strategy: ENAS, seed: int = 0) -> None:
    """Gives the controller random weights, so that it is far from uniform."""
    state, rng = strategy.state_dict(), np.random.default_rng(seed)
    for packed in state["controller"]["weights"].values():
        packed["float32"] = base64.b64encode(rng.uniform(-1, 1, packed["shape"]).astype("<f4").tobytes()).decode()
    strategy.load_state_dict(state)


def test_enas_starts_uniform_on_what_is_within():
    assert [e.proxy for e in ENAS(SMALL, 30, 0).rank()] == pytest.approx([1 / SMALL.size] * SMALL.size)


@pytest.mark.parametrize("listed", [True, False])
def test_enas_draws_children_with_the_ranked_probabilities(listed, monkeypatch):
    """Also where they are redrawn until one is within, as in a large space."""
    strategy = ENAS(SMALL, 10**6, seed=2, settings=ENASSettings(hidden=8, embedding=4))
    tilt(strategy)
    expected = {entry.architecture: entry.proxy for entry in strategy.rank()}
    assert set(expected) == set(SMALL)
    assert sum(expected.values()) == pytest.approx(1)
    free = strategy.controller.log_probabilities([WHOLE.indices(a) for a in expected], None)
    assert sum(map(math.exp, free)) < 0.95
    assert list(expected.values()) == pytest.approx([math.exp(p) / sum(map(math.exp, free)) for p in free])
    if not listed:
        monkeypatch.setattr(strategy, "_every", [])
    drawn = Counter()
    for number in range(400):
        strategy.children = number
        drawn[strategy.ask().path] += 1
    # Chi-square of 18 cells: 99.9% of samples stay below 40.8.
    assert sum((drawn[a] - 400 * p) ** 2 / (400 * p) for a, p in expected.items()) < 40.8


def gradient(strategy: ENAS, supports: list[Support]) -> torch.Tensor:
    """The gradient of minus the gain, by the biases of the output layers, in a step of REINFORCE."""
    children, before = [(0, 0, 0), (1, 1, 0), (0, 1, 2)], [None, ((0, 0, 0), 2.0), ((1, 1, 0), 5.0)]
    strategy.controller.reinforce(children, before, [1.0, 2.0, -0.5], 0.0, 0.0, supports)
    return torch.cat([head.bias.grad.clone() for head in strategy.controller.model.heads])


@pytest.mark.parametrize("feed_last", [False, True])
def test_enas_learns_the_log_probability_given_the_limits(feed_last):
    """Against differences of the exact log-probabilities."""
    strategy = ENAS(SMALL, 30, 2, ENASSettings(hidden=8, embedding=4, feed_last=feed_last))
    tilt(strategy)
    every = [WHOLE.indices(a) for a in SMALL]
    children, before = [(0, 0, 0), (1, 1, 0), (0, 1, 2)], [None, ((0, 0, 0), 2.0), ((1, 1, 0), 5.0)]

    def gain() -> float:
        total = 0.0
        for child, last, advantage in zip(children, before, [1.0, 2.0, -0.5], strict=True):
            scores = np.array(strategy.controller.log_probabilities([child, *every], last), np.float64)
            total += advantage * (scores[0] - np.log(np.exp(scores[1:]).sum()))
        return total / 3

    found = gradient(strategy, strategy._supports(before)).tolist()
    expected = []
    for head in strategy.controller.model.heads:
        for place in range(len(head.bias)):
            ends = []
            for step in (0.02, -0.02):
                with torch.no_grad():
                    head.bias[place] += step
                ends.append(gain())
                with torch.no_grad():
                    head.bias[place] -= step
            expected.append(-(ends[0] - ends[1]) / 0.04)
    assert max(map(abs, expected)) > 0.1
    assert found == pytest.approx(expected, abs=2e-3)


@pytest.mark.parametrize("scarce", [False, True])
def test_enas_estimates_that_gradient_without_bias_where_it_cannot_enumerate(scarce, monkeypatch):
    if scarce:  # fewer draws are within the limits than are wanted
        monkeypatch.setattr(enas, "LIMITED_DRAWS", (64,))
        monkeypatch.setattr(enas, "UNIFORM_DRAWS", 2)
    strategy = ENAS(SMALL, 30, 2, ENASSettings(hidden=8, embedding=4))
    tilt(strategy)
    before = [None, ((0, 0, 0), 2.0), ((1, 1, 0), 5.0)]
    exact = gradient(strategy, strategy._supports(before))
    nothing = gradient(strategy, None)
    monkeypatch.setattr(strategy, "_every", [])
    found = []
    for number in range(30):
        strategy.updates = number
        supports = strategy._supports(before)
        assert (len(supports[0].architectures) < 64) == scarce
        found.append(gradient(strategy, supports))
    error = (torch.stack(found).mean(0) - exact).abs().max().item()
    assert error < 0.03
    assert (nothing - exact).abs().max().item() > 0.1


def test_enas_finds_the_best_within_the_limits():
    strategy = ENAS(TIGHT, 600, seed=0, settings=ENASSettings(learning_rate=1e-2, child_iterations=1))
    drive(strategy)
    best = strategy.rank()[0]
    assert score(best.architecture) == max(map(score, TIGHT))
    assert best.proxy > 0.5


def test_enas_whose_controller_is_sure_of_what_is_beyond_says_so_and_resumes(monkeypatch):
    monkeypatch.setattr(enas, "LIMITED_DRAWS", (64,))
    monkeypatch.setattr(enas, "UNIFORM_DRAWS", 100)

    def make() -> ENAS:
        return ENAS(LARGE, 4, 0, ENASSettings(child_iterations=1, rank_samples=20, hidden=4, embedding=4))

    strategy = make()
    with torch.no_grad():
        for head in strategy.controller.model.heads:
            head.bias[-1] = 9.0
    state = json.dumps(strategy.state_dict())
    children = drive(strategy)
    assert all(path in LARGE for path in children)
    assert {entry.architecture in LARGE for entry in strategy.rank()} == {True}
    (remark,) = strategy.remarks()
    assert remark.startswith("For 4 of 4 children, no draw of the controller was within the limits")
    again = make()
    again.load_state_dict(json.loads(state))
    assert drive(again) == children
    assert again.rank() == strategy.rank()


@pytest.mark.parametrize(
    ("space", "complete", "count"), [(SMALL, True, SMALL.size), (LARGE, False, 64), (WHOLE, None, 0)]
)
def test_enas_hands_its_steps_what_the_children_were_drawn_among(space, complete, count, monkeypatch):
    strategy = ENAS(space, 3, 0, ENASSettings(child_iterations=1, rank_samples=5, hidden=4, embedding=4))
    steps = []
    monkeypatch.setattr(strategy.controller, "reinforce", lambda *given: steps.append(given[-1]))
    drive(strategy, lambda path: 1.0)
    (supports,) = steps
    assert (supports is None) == (complete is None)
    for support in supports or []:
        assert (support.complete, len(support.architectures)) == (complete, count)
        assert all(space.admits(indices) for indices in support.architectures)
