"""Strategies that a comparison runs on the table."""

from statistics import fmean

import numpy as np
import pytest
from pydantic import BaseModel

from rlnas.errors import UserError
from rlnas.strategies import STRATEGIES, Fit, Ranked, Strategy, Train

from .tables import NAMES, TOTAL, held_out, perfect, quick, records, table


class Options(BaseModel):
    pass


class Follows(Strategy):
    """Trains the first two architectures, then the third or the fourth, after the better of these."""

    first = NAMES[:2]
    then = NAMES[2:4]

    def __init__(self, space, iterations, seed, settings=None):
        self.space = space
        self.scores = {}

    @property
    def coverage(self):
        return len(self.first) + 1

    def ask(self):
        if not self.scores:
            return Train(tuple(map(self.space.architecture, self.first)))
        if len(self.scores) > len(self.first) or not self.then:
            return None
        better = self.scores[self.first[1]] > self.scores[self.first[0]]
        return Train((self.space.architecture(self.then[better]),))

    def tell(self, outcome):
        asked = self.ask().architectures
        self.scores |= {one.id: fmean(found) for one, found in zip(asked, outcome.returns, strict=True)}

    def rank(self):
        found = [Ranked(self.space.architecture(name), score) for name, score in self.scores.items()]
        return sorted(found, key=lambda entry: -entry.proxy)

    def state_dict(self):
        return {"scores": self.scores}

    def load_state_dict(self, state):
        self.scores = dict(state["scores"])


class TrainsAll(Follows):
    first, then = NAMES, ()


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(STRATEGIES, "follows", (Follows, Options))
    monkeypatch.setitem(STRATEGIES, "all", (TrainsAll, Options))


def by_hand(seeds: list[int]) -> int:
    """What `Follows` returns if it is told of these seeds alone."""
    scores = TOTAL[:, seeds].mean(1)
    tried = [0, 1, 3 if scores[1] > scores[0] else 2]
    return max(tried, key=lambda place: scores[place])


def test_a_strategy_that_asks_for_trainings_is_run_on_the_table(mine):
    view = quick(mine, [perfect()], strategies=["follows", "spos"], repeats=7).views["total_reward"]
    follows, spos = view.strategies
    assert (spos.label, spos.over, follows.label, follows.over) == ("spos", "search seed", "follows", "repeat")
    assert len(follows.searches) == 7
    found = follows.searches[0]
    assert found.architecture == NAMES[by_hand([0, 1, 2])]
    assert found.score == pytest.approx(TOTAL[by_hand([0, 1, 2])].mean())
    assert found.cost == 3 * 3 * 1000
    # Picked by a search that was never told of the seed that scores.
    alone = [TOTAL[by_hand([seed for seed in range(3) if seed != left]), left] for left in range(3)]
    np.testing.assert_allclose(found.held_out, alone)
    assert "follows" in view.significance
    assert "follows" not in view.correlations
    assert view.significance["follows"].baseline.label == "random search"  # which trains three, too


def test_training_all_is_exhaustive_search(mine):
    view = quick(mine, [], strategies=["all"]).views["total_reward"]
    (one,) = view.strategies
    assert one.mean == view.exhaustive.mean == TOTAL.mean(1).max()
    assert one.average("cost") == view.exhaustive.average("cost")
    assert float(one.held_out.mean()) == pytest.approx(held_out(TOTAL))
    assert one.average("hits") == len(NAMES)


def test_a_strategy_may_be_dearer_by_one_metric(mine, monkeypatch, tmp_path):
    class Stops(Follows):
        """Trains all others as well, unless the first is better than the second, which it is by one metric."""

        then = ()

        def ask(self):
            if len(self.scores) == 2 and self.scores[NAMES[1]] > self.scores[NAMES[0]]:
                return Train(tuple(map(self.space.architecture, NAMES[2:])))
            return super().ask() if not self.scores else None

    monkeypatch.setitem(STRATEGIES, "stops", (Stops, Options))
    found = quick(mine, [], strategies=["stops"], top_k=2, out=tmp_path)
    labels = [[one.label for one in view.random_at_cost] for view in found.views.values()]
    assert labels == [["random search (K = 10)"], []]
    (row,) = [entry for entry in records(tmp_path, "table-1") if entry["name"] == "random search (K = 10)"]
    assert float(row["total_reward"]) == pytest.approx(TOTAL.mean(1).max())
    assert row["reward_mean"] == ""


def test_with_one_training_seed_nothing_is_held_out(tmp_path):
    view = quick(table(tmp_path, seeds=1), [], strategies=["follows"]).views["total_reward"]
    (one,) = view.strategies
    assert one.held_out.shape == (20, 0)
    assert view.significance["follows"].direction == 0


def test_what_cannot_be_run_on_a_table_is_said(mine, monkeypatch):
    with pytest.raises(UserError, match=r"no search of 'enas', .* it shares weights.*--searches"):
        quick(mine, [perfect()], strategies=["spos", "enas"])

    class Secret(Follows):
        def ask(self):
            return Fit(self.space.architecture(NAMES[0]), 1)

    class Mute(Follows):
        def rank(self):
            return []

    monkeypatch.setitem(STRATEGIES, "secret", (Secret, Options))
    monkeypatch.setitem(STRATEGIES, "mute", (Mute, Options))
    with pytest.raises(UserError, match="a table holds trainings from scratch only"):
        quick(mine, [], strategies=["secret"])
    with pytest.raises(UserError, match="strategy 'mute' ranked no architecture of the table 'mine'"):
        quick(mine, [], strategies=["mute"])
