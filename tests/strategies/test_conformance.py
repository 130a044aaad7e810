import random
import statistics

import pytest

from rlnas.spaces import Space, load_space
from rlnas.strategies import (
    STRATEGIES,
    Evaluate,
    Fit,
    RandomSearch,
    RandomShared,
    RandomSharedSettings,
    Ranked,
    Strategy,
    Train,
    check_strategy,
    make_strategy,
)
from rlnas.strategies.conformance import SyntheticRunner, example_spaces

# Options that keep the searches short, and some that are off by default.
VARIANTS = {
    "spos": ("spos", {"eval_budget": 12, "population": 6}),
    "spos-evolution": ("spos", {"eval_budget": 12, "population": 6, "selection": "evolution"}),
    "enas": ("enas", {"rank_samples": 30, "hidden": 16}),
    "enas-options": ("enas", {"rank_samples": 9, "feed_last": True, "reward_scale": "std", "children_per_update": 2}),
    "random": ("random", {}),
    "random-shared": ("random-shared", {}),
}
SPACES = {space.name: space for space in (*example_spaces(), load_space("nature-cnn"))}


def test_every_registered_strategy_is_checked() -> None:
    assert {name for name, _ in VARIANTS.values()} == set(STRATEGIES)


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES.keys())
@pytest.mark.parametrize("variant", VARIANTS)
def test_our_strategies_pass(variant: str, space: Space) -> None:
    name, options = VARIANTS[variant]
    check_strategy(lambda space, iterations, seed: make_strategy(name, space, iterations, seed, options), [space])


class Sound(RandomShared):
    """Passes; each class below fails one check."""

    def __init__(self, space, iterations, seed):
        super().__init__(space, iterations, seed, RandomSharedSettings(iterations_per_path=10, subset=5))


class LeavesTheSpace(Sound):
    def ask(self):
        return Fit(load_space("paper-2").architecture([0] * 5), 1) if super().ask() else None


class FitsForNoTime(Sound):
    def ask(self):
        proposal = super().ask()
        return Fit(proposal.path, 0) if isinstance(proposal, Fit) else proposal


class PlaysHalfGames(Sound):
    def ask(self):
        proposal = super().ask()
        return Evaluate(proposal.paths, 1.5, 0, 5) if isinstance(proposal, Evaluate) else proposal


class AsksForNothing(Sound):
    def ask(self):
        proposal = super().ask()
        return Evaluate((), 1, 0, 5) if isinstance(proposal, Evaluate) else proposal


class AsksTwiceForTheSame(RandomSearch):
    def ask(self):
        return Train((self.drawn[0], *self.drawn)) if super().ask() else None


class AsksForMoreThanItsTotal(Sound):
    def ask(self):
        proposal = super().ask()
        return Evaluate(proposal.paths, 1, 1, len(proposal.paths)) if isinstance(proposal, Evaluate) else proposal


class AsksForSomethingElse(Sound):
    def ask(self):
        return super().ask() and "a better reward"


class Overspends(Sound):
    def ask(self):
        proposal = super().ask()
        return Fit(proposal.path, 10) if isinstance(proposal, Fit) else proposal


class NeverEnds(Sound):
    def ask(self):
        return super().ask() or Evaluate(tuple(self.drawn[:1]), 1, 4, 5)


class Reawakens(Sound):
    asked = 0

    def ask(self):
        proposal = super().ask()
        self.asked += proposal is None
        return Fit(self.drawn[0], 1) if self.asked == 2 else proposal


class DrawsFromTheGlobalStream(Sound):
    def ask(self):
        proposal = super().ask()
        if isinstance(proposal, Fit):
            return Fit(self.space.architecture([random.randrange(len(c)) for c in self.space.choices]), 1)
        return proposal


class RanksByChance(Sound):
    lots = random.Random(0)

    def rank(self):
        ranked = [Ranked(entry.architecture, self.lots.random()) for entry in super().rank()]
        return sorted(ranked, key=lambda entry: -entry.proxy)


class RanksEachTimeAnew(Sound):
    asked = 0

    def rank(self):
        self.asked += 1
        return [Ranked(entry.architecture, entry.proxy + self.asked) for entry in super().rank()]


class RanksByChanceOnce(Sound):
    lots = random.Random(0)

    def __init__(self, space, iterations, seed):
        super().__init__(space, iterations, seed)
        self.shift = self.lots.random()

    def rank(self):
        return [Ranked(entry.architecture, entry.proxy + self.shift) for entry in super().rank()]


class IgnoresItsSeed(Sound):
    def __init__(self, space, iterations, seed):
        super().__init__(space, iterations, 0)


class CountsItsQuestions(Sound):
    questions = 0

    def ask(self):
        self.questions += 1
        return super().ask()

    def state_dict(self):
        return {**super().state_dict(), "questions": self.questions}


class AnswersEachTimeAnew(Sound):
    flip = False

    def ask(self):
        proposal = super().ask()
        self.flip = not self.flip
        return Fit(self.drawn[self.flip], 1) if isinstance(proposal, Fit) else proposal


class RankingMovesOn(Sound):
    def rank(self):
        self.fitted = self.iterations
        return super().rank()


class LosesCount(Sound):
    def state_dict(self):
        return {**super().state_dict(), "paths": 0}


class LoadsHalf(Sound):
    def load_state_dict(self, state):
        super().load_state_dict({**state, "paths": 0})


class SavesNothing(Sound):
    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        pass


class KeepsItsFavouriteToItself(Sound):
    favourite = None

    def tell(self, outcome):
        proposal = self.ask()
        if isinstance(proposal, Evaluate) or not self.favourite:
            self.favourite = self.favourite or proposal.path.id
        super().tell(outcome)

    def rank(self):
        ranked = [Ranked(e.architecture, e.proxy + 100 * (e.architecture.id < self.favourite)) for e in super().rank()]
        return sorted(ranked, key=lambda entry: -entry.proxy)


class KeepsAHiddenTurn(Sound):
    turn = 0

    def ask(self):
        proposal = super().ask()
        return Fit(self.drawn[self.turn % 2], 1) if isinstance(proposal, Fit) else proposal

    def tell(self, outcome):
        super().tell(outcome)
        self.turn += 1


class SavesObjects(Sound):
    def state_dict(self):
        return {**super().state_dict(), "drawn": self.drawn}


class SavesNumbersAsKeys(RandomSearch):
    def state_dict(self):
        return {"scores": dict(enumerate((self.scores or {}).values()))}

    def load_state_dict(self, state):
        self.scores = {self.drawn[n].id: tuple(state["scores"][n]) for n in range(len(state["scores"]))} or None


class SharesItsState(Sound):
    def state_dict(self):
        return {**super().state_dict(), "scores": self.scores}


class SharesTheStateItLoads(Sound):
    def load_state_dict(self, state):
        super().load_state_dict(state)
        self.scores = state["scores"]


class RanksWorstFirst(Sound):
    def rank(self):
        return super().rank()[::-1]


class RanksTheBestTwice(Sound):
    def rank(self):
        return super().rank()[:1] + super().rank()


class RanksAStranger(Sound):
    def rank(self):
        return [*super().rank(), Ranked(load_space("paper-2").architecture([0] * 5), -1.0)]


class RanksByNan(Sound):
    def rank(self):
        return [Ranked(entry.architecture, float("nan")) for entry in super().rank()]


class RanksOnlyAtTheEnd(Sound):
    def rank(self):
        statistics.fmean(map(statistics.fmean, self.scores.values()))
        return super().rank()


class CoversMore(RandomSearch):
    @property
    def coverage(self):
        return super().coverage + 1


class RemarksInNumbers(Sound):
    def remarks(self):
        return [3]


class NeedsFinishedGames(Sound):
    def tell(self, outcome):
        statistics.fmean(outcome.returns[0])
        super().tell(outcome)


class LeavesOutTheUnfinished(Sound):
    silent = 0

    def tell(self, outcome):
        self.silent += not outcome.returns[0]
        super().tell(outcome)

    def rank(self):
        return [] if self.silent == 6 else super().rank()


BROKEN = {
    LeavesTheSpace: "must stay within the space",
    FitsForNoTime: "whole iterations, at least 1, not 0",
    PlaysHalfGames: "whole episodes, at least 1, not 1.5",
    AsksForNothing: "must name an architecture",
    AsksTwiceForTheSame: "must not name an architecture twice",
    AsksForMoreThanItsTotal: "more architectures than its total",
    AsksForSomethingElse: "must return a Fit, Evaluate or Train",
    Overspends: "the budget is 1",
    NeverEnds: "must end",
    Reawakens: "must go on returning None",
    DrawsFromTheGlobalStream: "same seed must propose the same",
    RanksByChance: "same seed must rank the same",
    RanksEachTimeAnew: r"rank\(\) must return the same",
    RanksByChanceOnce: "same seed must rank the same",
    IgnoresItsSeed: "another seed must give another search",
    CountsItsQuestions: "must not change the state",
    AnswersEachTimeAnew: r"ask\(\) must return the same",
    RankingMovesOn: "must not change the state",
    LosesCount: "a resumed search must propose",
    LoadsHalf: "the state that was loaded must be the state that is saved",
    SavesNothing: "the whole state has to be in it",
    KeepsItsFavouriteToItself: "a resumed search must rank",
    KeepsAHiddenTurn: "a resumed search must propose",
    SavesObjects: "plain data that JSON can hold",
    SavesNumbersAsKeys: "must take what state_dict",
    SharesItsState: "must return a copy",
    SharesTheStateItLoads: "must copy the state",
    RanksWorstFirst: "best first",
    RanksTheBestTwice: "must not list an architecture twice",
    RanksAStranger: r"rank\(\) must stay within the space",
    RanksByNan: "finite proxies",
    RanksOnlyAtTheEnd: "must work at any time",
    CoversMore: "coverage says 4",
    RemarksInNumbers: "must be sentences",
    NeedsFinishedGames: "must survive fits in which no game ends",
    LeavesOutTheUnfinished: "where no game ends",
}


def test_a_sound_strategy_passes() -> None:
    check_strategy(Sound)
    check_strategy(RandomSearch)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.__name__)
def test_what_fails_is_named(broken: type[Strategy]) -> None:
    with pytest.raises(AssertionError, match=f"^on space 'small': .*{BROKEN[broken]}"):
        check_strategy(broken, limit=200)


def test_the_synthetic_runner_gives_the_same_at_every_run_and_turn() -> None:
    space = example_spaces()[0]
    proposals = [Fit(space.architecture([0, 1, 2]), 1), Train(tuple(space))]
    one, two = SyntheticRunner(space), SyntheticRunner(space, turn=3)
    for _ in range(3):
        one.told()
    assert [one.answer(p) for p in proposals] == [two.answer(p) for p in proposals]
    assert one.answer(proposals[0]) == one.answer(proposals[0])
    lengths = {len(SyntheticRunner(space, turn).answer(proposals[0]).returns[0]) for turn in range(20)}
    assert lengths == {1, 2}
    assert SyntheticRunner(space, unlucky=True).answer(proposals[0]).returns == ((),)
    assert sum(not returns for returns in SyntheticRunner(space, unlucky=True).answer(proposals[1]).returns) == 12
