"""What a strategy must not do while it is driven."""

import math

import pytest

from rlnas.errors import UserError
from rlnas.spaces import LimitedSpace, Limits, load_space
from rlnas.strategies import Evaluate, Fit, Outcome, Ranked, Strategy, Train, drive, make_strategy, ranked

SPACE = load_space("minatar-1")
ONE, TWO, *_ = SPACE
ELSEWHERE = next(iter(load_space("paper-1")))


class Does(Strategy):
    coverage = 1
    load_state_dict = state_dict = None

    def __init__(self, proposal=None, ranking=()):
        self.proposal, self.ranking = proposal, list(ranking)

    def ask(self):
        return self.proposal

    def tell(self, outcome):
        self.proposal = None

    def rank(self):
        return self.ranking


Does.__abstractmethods__ = frozenset()


class Nods:
    space = SPACE

    def answer(self, proposal):
        return Outcome(((1.0,),))

    def told(self):
        pass


@pytest.mark.parametrize(
    ("proposal", "said"),
    [
        ("train all", r"ask\(\) must return a Fit, Evaluate or Train, or None, not 'train all'"),
        (Fit(ELSEWHERE, 1), "must stay within the space, but 'k2=1,k3=1' is not in it"),
        (Fit(ONE, 0), "must ask for whole iterations, at least 1, not 0"),
        (Evaluate((ONE,), 2.5, 0, 1), "must ask for whole episodes, at least 1, not 2.5"),
        (Evaluate((ONE, TWO), 1, 0, 1), "counts more architectures than its total"),
        (Train(()), "must name an architecture"),
        (Train((ONE, TWO, ONE)), "must not name an architecture twice"),
        (Train((ONE,), steps=0), "must pause after whole steps, at least 1, not 0"),
        (Train((ONE,), seeds=1.5), "must ask for whole seeds, at least 1, not 1.5"),
        (Train((ONE.id,)), "must name architectures of the space, not 'k1=1,k2=1'"),
    ],
)
def test_a_proposal_that_cannot_be_carried_out_is_refused(proposal, said):
    with pytest.raises(UserError, match=rf"strategy Does breaks the contract .*{said}"):
        drive(Does(proposal), Nods())
    drive(Does(Train((ONE, TWO))), Nods())


@pytest.mark.parametrize(
    ("ranking", "said"),
    [
        ([(ONE, 1.0), (TWO, 2.0)], "best first"),
        ([(ONE, 1.0), (ONE, 1.0)], "twice"),
        ([(ONE, math.nan)], "finite proxies, but that of k1=1,k2=1 is nan"),
        ([(ONE, None)], "is None"),
        ([(ELSEWHERE, 1.0)], "within the space"),
    ],
)
def test_a_ranking_that_is_none_is_refused(ranking, said):
    with pytest.raises(UserError, match=f"strategy Does breaks the contract .*{said}"):
        ranked(Does(ranking=[Ranked(*entry) for entry in ranking]), SPACE)
    with pytest.raises(UserError, match=r"must return a list of Ranked, not of \('k1=1,k2=1', 1\.0\)"):
        ranked(Does(ranking=[(ONE.id, 1.0)]), SPACE)
    fine = [Ranked(ONE, 2.0), Ranked(TWO, 2.0)]
    assert ranked(Does(ranking=fine), SPACE) == fine


def test_what_is_beyond_a_limit_is_refused():
    limited = LimitedSpace(SPACE, Limits(max_params=44_000))
    beyond = next(architecture for architecture in SPACE if architecture not in limited)
    with pytest.raises(UserError, match="at most 44,000 parameters"):
        ranked(Does(ranking=[Ranked(beyond, 1.0)]), limited)


def test_an_option_that_a_strategy_does_not_have_is_refused():
    with pytest.raises(UserError, match=r"unknown spos option 'eval_episode'\. Did you mean 'eval_episodes'\?"):
        make_strategy("spos", SPACE, 10, 0, {"eval_episode": 3})
