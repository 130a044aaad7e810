"""Confirmation seeds that a finished study is asked for; its trainings are made up, so that they are counted."""

import json
import zlib
from functools import partial
from typing import ClassVar
from unittest.mock import MagicMock

import pytest

import rlnas
from rlnas.cli.printing import print_study
from rlnas.errors import UserError, WorkerError
from rlnas.report import write_report
from rlnas.study import study
from rlnas.study.fitting import SupernetFit
from rlnas.trials.results import TrialResult

SEARCH = ("CartPole-v1", "mlp", "random", 1)


class MadeUp:
    """Trainings whose score is a hash of architecture and seed."""

    asked: ClassVar[list] = []
    failing: ClassVar[tuple] = ()
    broken = False

    def __init__(self, path, settings, workers):
        pass

    def run(self, networks, seeds, until=None):
        MadeUp.asked += [(network.name, seed) for network in networks for seed in seeds]
        if MadeUp.broken:
            raise WorkerError("no memory")
        return [[self.score(network, seed) for seed in seeds] for network in networks]

    def score(self, network, seed):
        found = {"total_reward": float(zlib.crc32(f"{network.name}{seed}".encode()) % 1000)}
        found = {"status": "failed", "reason": "rain"} if network.name in MadeUp.failing else found
        return TrialResult.blank(network.space, network.architecture, seed, **found)


@pytest.fixture
def search(monkeypatch, tmp_path):
    for name, value in (("asked", []), ("failing", ()), ("broken", False)):
        monkeypatch.setattr(MadeUp, name, value)
    monkeypatch.setattr(study, "LiveTrainings", MadeUp)
    usual = dict(zip(("env", "space", "strategy", "steps"), SEARCH, strict=True)) | {"train_seeds": 2}
    return lambda name="run", **options: rlnas.search(**usual | options, out=tmp_path / name)


def files(found):
    names = ("study.json", "result.json", "report.html", "search/ranking.json")
    return {name: (found.path / name).read_bytes() for name in names}


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("by_resume", [True, False])
def test_later_is_as_from_the_start(search, first, by_resume):
    whole = search("whole", confirm_seeds=3)
    begun = search(confirm_seeds=first)
    MadeUp.asked.clear()
    later = rlnas.resume(begun.path, confirm_seeds=3) if by_resume else search(confirm_seeds=3)
    assert files(later) == files(whole)
    assert MadeUp.asked == [(name, seed) for name in (whole.best.name, "mlp-64-64") for seed in (3, 4, 5)]


def test_who_asks_for_none_gets_what_is_there(search):
    first = search()
    assert first.confirmation == []
    grown = search(confirm_seeds=2)
    assert len(grown.confirmation[0].trials) == 2
    assert search().data == rlnas.resume(first.path).data == grown.data
    with pytest.raises(UserError, match="confirm_seeds is 2 there, not 1"):
        search(confirm_seeds=1)
    assert search().data == grown.data


def test_trainings_that_failed_are_not_tried_again(search):
    drawn = [network.name for network in search("other").networks if network.candidate]
    MadeUp.failing = (drawn[0],)
    first = search()
    assert first.best.name in drawn[1:]
    MadeUp.failing, MadeUp.asked = (), []
    grown = rlnas.resume(first.path, confirm_seeds=1)
    assert MadeUp.asked == [(first.best.name, 3), ("mlp-64-64", 3)]
    assert grown.data == {**first.data, "confirmation": grown.data["confirmation"]}


def test_a_study_without_a_best_confirms_nothing(search):
    MadeUp.failing = tuple(architecture.id for architecture in rlnas.load_space("mlp"))
    first, whole = search(), search("whole", confirm_seeds=1)
    MadeUp.asked = []
    assert first.best is None
    assert files(rlnas.resume(first.path, confirm_seeds=1)) == files(whole)
    assert MadeUp.asked == []


@pytest.mark.parametrize("before", [0, 1])
def test_the_result_stays_until_the_new_one_is_whole(search, before):
    first = search(confirm_seeds=before)
    old = files(first)
    MadeUp.broken = True
    with pytest.raises(WorkerError):
        rlnas.resume(first.path, confirm_seeds=3)
    assert files(first)["result.json"] == old["result.json"]
    page = write_report(first.path).read_text()
    assert f"{3 - before} more confirmation seeds not trained yet: rlnas resume RUN." in page
    assert ("had no part in selecting the best" in page) == (before > 0)
    assert "So far" not in page
    MadeUp.broken = False
    whole = search("whole", confirm_seeds=3)
    assert files(rlnas.resume(first.path)) == files(whole)
    assert "asked for" not in (first.path / "report.html").read_text()


def test_what_was_asked_for_by_mistake_can_be_taken_back(search):
    first = search(confirm_seeds=1)
    MadeUp.broken = True
    with pytest.raises(WorkerError):
        rlnas.resume(first.path, confirm_seeds=50)
    with pytest.raises(WorkerError):
        rlnas.resume(first.path)
    assert rlnas.resume(first.path, confirm_seeds=1).data == first.data
    assert rlnas.resume(first.path).data == first.data
    MadeUp.broken = False
    assert len(rlnas.resume(first.path, confirm_seeds=2).confirmation[0].trials) == 2


def test_the_seeds_of_an_unfinished_study_grow_and_never_shrink(search):
    whole = search("whole", confirm_seeds=2, train_seeds=3)
    MadeUp.broken = True
    with pytest.raises(WorkerError):
        search(confirm_seeds=1)
    for fewer in ({"confirm_seeds": 0}, {"train_seeds": 1}):
        with pytest.raises(UserError, match=r"belongs to another command: .* there, not"):
            search(**fewer)
    MadeUp.broken = False
    assert files(search(confirm_seeds=2, train_seeds=3)) == files(whole)


@pytest.mark.parametrize(("by_resume", "confirmed"), [(True, 2), (False, 0)])
def test_training_seeds_later_are_as_from_the_start(search, by_resume, confirmed):
    whole = search("whole", train_seeds=4, confirm_seeds=confirmed)
    begun = search(confirm_seeds=confirmed)
    later = rlnas.resume(begun.path, train_seeds=4) if by_resume else search(train_seeds=4)
    assert files(later) == files(whole)
    assert {len(network.trials) for network in later.networks} == {4}
    judges = {trial.seed for network in later.confirmation for trial in network.trials}
    assert judges.isdisjoint({trial.seed for network in later.networks for trial in network.trials})
    MadeUp.asked.clear()
    assert search(train_seeds=None).data == rlnas.resume(begun.path).data == later.data
    assert MadeUp.asked == []
    with pytest.raises(UserError, match="train_seeds is 4 there, not 3"):
        search(train_seeds=3)


def test_the_result_stays_until_the_new_training_seeds_are_whole(search):
    first = search(confirm_seeds=1)
    old = files(first)
    MadeUp.broken = True
    with pytest.raises(WorkerError):
        rlnas.resume(first.path, train_seeds=3)
    assert files(first)["result.json"] == old["result.json"]
    assert "1 more training seed not trained yet: rlnas resume RUN." in write_report(first.path).read_text()
    MadeUp.broken = False
    assert files(rlnas.resume(first.path)) == files(search("whole", train_seeds=3, confirm_seeds=1))


FITTED = {
    "space": "mlp-64-64",
    "strategy": "spos",
    "steps": 128,
    "strategy_options": {"eval_episodes": 1},
    "ppo_options": {"rollout_steps": 64, "epochs": 1, "minibatches": 1},
    "env_options": {"num_envs": 2},
    "baselines": [],
}


def stopped(monkeypatch, search, **options):
    """Stops a search when all that is left are the trainings of what it found."""
    with monkeypatch.context() as patch:
        patch.setattr(study, "networks_to_train", MagicMock(side_effect=WorkerError("no memory")))
        with pytest.raises(WorkerError):
            search(**options)


def test_a_ranking_that_needed_no_trainings_is_kept(search, monkeypatch):
    begun = search(**FITTED)
    whole = search("whole", **FITTED | {"train_seeds": 3})
    stopped(monkeypatch, search, name="stopped", **FITTED)
    monkeypatch.setattr(SupernetFit, "fit", None)
    monkeypatch.setattr(SupernetFit, "evaluate", None)
    assert files(search("stopped", **FITTED | {"train_seeds": 3})) == files(whole)
    monkeypatch.setattr(study, "LiveSearch", None)
    assert files(rlnas.resume(begun.path, train_seeds=3)) == files(whole)


def test_a_ranking_by_trainings_is_made_anew_with_more_seeds(search, monkeypatch):
    few, whole = search("few"), search("whole", train_seeds=4)
    assert [proxy for _, proxy in few.ranking] != [proxy for _, proxy in whole.ranking]
    stopped(monkeypatch, search)
    assert files(search(train_seeds=4)) == files(whole)


def test_other_versions_are_said_where_trainings_are_left(search, recwarn):
    path = search().path
    plain = json.loads((path / "study.json").read_text())
    plain["versions"]["torch"] = "0.1"
    (path / "study.json").write_text(json.dumps(plain))
    rlnas.resume(path)
    assert not recwarn
    said = "other versions than when the run began: torch is '0.1' there"
    MadeUp.broken = True
    with pytest.raises(WorkerError), pytest.warns(UserWarning, match=said):
        rlnas.resume(path, confirm_seeds=1)
    MadeUp.broken = False
    with pytest.warns(UserWarning, match=said):
        rlnas.resume(path)
    assert json.loads((path / "study.json").read_text()) == {**plain, "confirm_seeds": 1}


def test_the_terminal_says_what_is_odd_about_the_search(search, capsys):
    found = search()
    found.study.search.remarks.append("It rained.")
    print_study(found)
    assert "Remark: It rained." in capsys.readouterr().out


def test_only_searches_have_them(tmp_path):
    options = {"steps": 64, "ppo_options": {"rollout_steps": 8, "minibatches": 1, "epochs": 1}, "out": tmp_path}
    rlnas.train("CartPole-v1", "mlp-64-64", **options)
    with pytest.raises(UserError, match=r"confirm-seeds is for a search, and .* is none"):
        rlnas.resume(tmp_path, confirm_seeds=1)
    table = partial(rlnas.search, "MinAtar/Breakout-v1", "minatar-1", "random", 1, table="minatar-breakout")
    run = table(out=tmp_path / "looked-up")
    with pytest.raises(UserError, match="leave --confirm-seeds out"):
        rlnas.resume(run.path, confirm_seeds=1)
    with pytest.raises(UserError, match="leave --train-seeds out"):
        rlnas.resume(run.path, train_seeds=9)
    assert table(out=run.path).data == run.data
