from pathlib import Path

import pytest

import rlnas
from rlnas.cli.main import main
from rlnas.spaces import load_space
from rlnas.study import StudyResult, StudySettings, TrialResult
from rlnas.study.networks import find_baseline, folder_name, networks_to_confirm, networks_to_train
from rlnas.study.records import RankedPath, SearchCost
from rlnas.study.study import summarize

pytestmark = pytest.mark.usefixtures("inline")

SPACE = load_space("paper-1")
RANKED = [architecture.id for architecture in SPACE]
RANKING = [RankedPath(architecture=name, proxy=10.0 - i) for i, name in enumerate(RANKED)]
COST = SearchCost(fit_steps=1024, evaluated_architectures=25, evaluation_steps=300)


def settings(**changes) -> StudySettings:
    return StudySettings(env="ALE/Breakout-v5", space=SPACE.to_dict(), steps=1000, train_steps=1000, **changes)


def result(name: str, seed: int, total: float | None, status: str = "done") -> TrialResult:
    own = {"architecture": name, "space": "paper-1", "seed": seed, "parameters": 1, "multiply_adds": 2}
    return TrialResult(**own, status=status, total_reward=total)


def test_networks_to_train_are_the_top_and_the_baselines_each_once() -> None:
    top = networks_to_train(RANKED, settings(top_k=2, baselines=("nature-cnn", "k2=1,k3=2", "k2=4,k3=3")), SPACE)
    assert [(c.name, c.baseline) for c in top] == [
        ("k2=1,k3=1", False),
        ("k2=1,k3=2", True),
        ("nature-cnn", True),
        ("k2=4,k3=3", True),
    ]


def test_networks_drawn_at_random_are_trained_once_and_are_no_candidates() -> None:
    found = settings(top_k=2, random_networks=("k2=1,k3=2", "k2=5,k3=5"))
    networks = networks_to_train(RANKED, found, SPACE)
    assert [(c.name, c.candidate) for c in networks] == [
        ("k2=1,k3=1", True),
        ("k2=1,k3=2", True),
        ("nature-cnn", False),
        ("k2=5,k3=5", False),
    ]
    scores = dict(zip([c.name for c in networks], [5.0, 4.0, 6.0, 90.0], strict=True))
    summary = summarize(found, RANKING, [(c, [result(c.name, 1, scores[c.name])]) for c in networks], COST)
    assert summary.best == "k2=1,k3=1"
    assert [(network.name, network.candidate) for network in summary.networks if network.random] == [
        ("k2=1,k3=2", True),
        ("k2=5,k3=5", False),
    ]
    assert [c.name for c in networks_to_confirm("k2=1,k3=1", networks)] == ["k2=1,k3=1", "nature-cnn"]
    assert "random_networks" not in settings().model_dump()


def test_the_best_is_a_candidate_with_a_score_from_every_seed() -> None:
    found = settings(top_k=3, train_seeds=2)
    first, second, third, baseline = networks_to_train(RANKED, found, SPACE)
    trials = [
        (first, [result(first.name, 1, 5.0), result(first.name, 2, 7.0)]),
        (second, [result(second.name, 1, 90.0), result(second.name, 2, None, "failed")]),
        (third, [result(third.name, 1, 6.0), result(third.name, 2, 6.5)]),
        (baseline, [result("fixed", 1, 100.0), result("fixed", 2, 100.0)]),
    ]
    summary = summarize(found, RANKING, trials, COST)
    assert summary.best == third.name
    assert StudyResult(**summary.plain()).plain() == summary.plain()
    scores = {network.name: network.mean("total_reward") for network in summary.networks}
    assert scores == {first.name: 6.0, second.name: None, third.name: 6.25, "nature-cnn": 100.0}


def test_no_score_no_best() -> None:
    found = settings(top_k=1, baselines=())
    (only,) = networks_to_train(RANKED, found, SPACE)
    assert summarize(found, RANKING, [(only, [result(only.name, 1, None)])], COST).best is None


def test_training_seeds_differ_between_studies_and_from_searches() -> None:
    seeds = {seed for s in range(4) for seed in settings(seed=s, train_seeds=4).training_seeds}
    assert len(seeds) == 16


def test_confirmation_seeds_belong_to_nothing_else() -> None:
    studies = [settings(seed=s, train_seeds=3, confirm_seeds=4) for s in range(3)]
    assert studies[1].training_seeds == (1001, 1002, 1003)
    assert studies[1].confirmation_seeds == (1004, 1005, 1006, 1007)
    assert len({seed for study in studies for seed in (*study.training_seeds, *study.confirmation_seeds)}) == 21
    assert settings().confirmation_seeds == ()
    assert "confirm_seeds" not in settings().model_dump()


def test_the_best_and_the_baselines_are_trained_again_each_once() -> None:
    found = settings(top_k=2, baselines=("nature-cnn", "k2=1,k3=2", "k2=4,k3=3"))
    networks = networks_to_train(RANKED, found, SPACE)
    baselines = ["nature-cnn", "k2=4,k3=3"]
    assert [c.name for c in networks_to_confirm("k2=1,k3=1", networks)] == ["k2=1,k3=1", "k2=1,k3=2", *baselines]
    assert [c.name for c in networks_to_confirm("k2=1,k3=2", networks)] == ["k2=1,k3=2", *baselines]


def test_baselines_are_fixed_spaces_or_members() -> None:
    assert find_baseline("nature-cnn", SPACE).space.name == "nature-cnn"
    assert find_baseline("k3=3,k2=4", SPACE).name == "k2=4,k3=3"


def test_folders_of_long_ids_are_short_and_differ() -> None:
    long = ",".join(f"kernel_of_block_{n}=3" for n in range(30))
    assert folder_name("k2=4,k3=5") == "k2=4,k3=5"
    assert len(folder_name(long)) <= 200
    assert folder_name(long) != folder_name(long + ",x=1")


def test_a_study_confirms_what_it_found_with_other_seeds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tmp_path / "run"
    options = ["--top-k", "1", "--confirm-seeds", "2", "--threads", "1", "--seed", "3"]
    budget = ["--steps", "512", "--strategy-options", "eval_episodes=1"]
    main(["search", "--env", "CartPole-v1", "--space", "mlp", "--out", str(run), *budget, *options])
    data = rlnas.resume(run).data
    first, second = data["confirmation"]
    assert [first["name"], second["name"]] == [data["best"], "mlp-64-64"]
    chosen = {entry["name"]: entry for entry in data["architectures"]}
    for entry in (first, second):
        assert [trial["seed"] for trial in entry["trials"]] == [3002, 3003]
        assert entry["total_reward"] == sum(trial["total_reward"] for trial in entry["trials"]) / 2
        before = chosen[entry["name"]]
        assert [trial["seed"] for trial in before["trials"]] == [3001]
        assert before["total_reward"] != entry["total_reward"]
    said = f"{first['name']} {first['total_reward']:.2f}, mlp-64-64 {second['total_reward']:.2f}"
    printed = capsys.readouterr().out
    assert "then the best and the hand-made networks with 2 confirmation seeds." in printed
    assert f"With 2 confirmation seeds: {said}." in printed


def test_a_space_without_choices_has_one_candidate_and_a_report(tmp_path: Path) -> None:
    options = {"eval_episodes": 1}
    found = rlnas.search(
        "CartPole-v1", "mlp-64-64", steps=512, out=tmp_path / "run", baselines=(), threads=1, strategy_options=options
    )
    assert found.best.name == "fixed"
    assert (tmp_path / "run/report.html").exists()
