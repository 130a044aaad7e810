import re
from pathlib import Path

import gymnasium
import numpy as np
import pytest
import torch

import rlnas
from rlnas.cli.main import main
from rlnas.errors import UserError
from rlnas.experiments import SearchRequest
from rlnas.spaces import LimitedSpace, Limits, load_space
from rlnas.table import shipped_searches

pytestmark = pytest.mark.usefixtures("inline")

GAME = "MinAtar/Breakout-v1"
SMALL_ENV = {"num_envs": 2}
SMALL_PPO = {"rollout_steps": 16, "epochs": 1, "minibatches": 2}


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> rlnas.SearchResult:
    return rlnas.search(
        env=GAME,
        space="minatar-1",
        steps=64,
        train_steps="96",
        out=tmp_path_factory.mktemp("api") / "run",
        top_k=1,
        baselines=[],
        threads=1,
        strategy_options={"eval_episodes": 1, "selection": "evolution", "eval_budget": 4, "population": 2},
        env_options=SMALL_ENV,
        ppo_options=SMALL_PPO,
    )


def test_search_returns_ranking_trials_best_and_network(found: rlnas.SearchResult) -> None:
    assert len(found.ranking) == 4
    assert [network.name for network in found.networks] == [found.ranking[0][0]]
    assert found.best.name == found.ranking[0][0]
    assert (found.path / "report.html").exists()
    logits, value = found.network()(torch.zeros(5, 4, 10, 10, dtype=torch.bool))
    assert logits.shape == (5, 3)
    assert value.shape == (5,)


def test_evaluate_plays_the_trained_network(found: rlnas.SearchResult) -> None:
    one, again, other = (rlnas.evaluate(found.path, 3, seed=seed) for seed in (1, 1, 2))
    assert len(one.scores) == 3
    assert one == again
    assert one.architecture == found.best.name
    assert (one.scores, one.lengths) != (other.scores, other.lengths)


def test_train_and_resume_return_the_same_result(tmp_path: Path) -> None:
    arguments = {"steps": 64, "out": tmp_path / "run", "env_options": SMALL_ENV, "ppo_options": SMALL_PPO}
    first = rlnas.train(GAME, arch={"k1": 1, "k2": 1}, **arguments)
    assert first.data["steps"] == 64
    assert first.data["status"] == "done"
    assert first.architecture == "k1=1,k2=1"
    assert first.network()(torch.zeros(1, 4, 10, 10))[0].shape == (1, 3)
    assert first.path == tmp_path / "run"
    assert rlnas.resume(tmp_path / "run") == first
    assert rlnas.train(GAME, arch="k1=1,k2=1", **arguments) == first


FIXED = ["--env", "CartPole-v1", "--space", "mlp-64-64", "--steps", "64", "--ppo-options", "rollout_steps=16"]


def test_command_line_says_what_there_is(capsys, found: rlnas.SearchResult, tmp_path: Path) -> None:
    trained = tmp_path / "trained"
    for arguments, expected in [
        (["list", "spaces"], "paper-large"),
        (["list", "strategies"], "spos"),
        (["list", "envs"], "ALE/Breakout-v5"),
        (["describe", "paper-1"], "4,043,424"),
        (["describe", "paper-large"], "512,000,000,000"),
        (["describe", "spos"], "eval_episodes"),
        (["describe", "ppo-options"], "gae_lambda"),
        (["describe", "env-options"], "sticky_actions"),
        (["report", str(found.path)], "report.html"),
        (["evaluate", str(found.path), "--episodes", "2"], "mean return"),
        (["resume", str(found.path)], f"Best architecture: {found.best}"),
        (["train", *FIXED, "--out", str(trained)], "fixed: total reward"),
        (["resume", str(trained)], "fixed: total reward"),
        (["--version"], rlnas.__version__),
    ]:
        main(arguments)
        assert expected in " ".join(capsys.readouterr().out.split()), arguments


def test_import_is_quick() -> None:
    """What the command line needs for --help must not load torch."""
    import subprocess
    import sys

    script = "import sys, rlnas.cli.main; assert 'torch' not in sys.modules and 'gymnasium' not in sys.modules"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_threads_of_the_caller_are_left_alone(found: rlnas.SearchResult) -> None:
    assert torch.get_num_threads() == 1
    assert np.isfinite([proxy for _, proxy in found.ranking]).all()


@pytest.mark.parametrize(
    ("env", "space", "baselines", "rollout"),
    [
        ("CartPole-v1", "mlp", ("mlp-64-64",), 32),
        ("Acrobot-v1", "mlp", ("mlp-64-64",), 256),
        ("MinAtar/Freeway-v1", "minatar-1", ("minatar-cnn",), 64),
        ("ALE/Pong-v5", "paper-1", ("nature-cnn",), 128),
    ],
)
def test_the_environment_alone_is_enough(env, space, baselines, rollout, tmp_path):
    settings = SearchRequest(env, steps="10k", out=tmp_path).resolve().settings
    assert settings.space["name"] == space
    assert settings.load_space().input_shape == settings.load_space().with_input(settings.space["input"]).input_shape
    assert settings.baselines == baselines
    assert settings.algorithm_options.rollout_steps == rollout


def test_cartpole_from_its_name_alone_learns(tmp_path):
    result = rlnas.train(
        "CartPole-v1", arch="depth=2,width=64,norm=none,act=tanh", steps="25k", out=tmp_path, device="cpu"
    )
    assert result.data["space"] == "mlp"
    assert result.curve[-1][1] == result.total_reward
    assert result.total_reward > 100  # a random policy lasts 22 steps


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        (lambda: gymnasium.make("CartPole-v1"), r"registered by the module '.*test_api'.*name '.*test_api' with"),
        ("gymnasium.envs.classic_control:CartPoleEnv", "registered by the script that runs.*name the module"),
    ],
)
@pytest.mark.parametrize("imports", [[], ["json"]])
def test_a_search_of_an_environment_that_its_workers_would_not_know_is_refused(entry, said, imports, tmp_path):
    gymnasium.register("RlnasTest/Here-v0", entry)
    try:
        with pytest.raises(UserError, match=f"{said}.*imports="):
            rlnas.search("RlnasTest/Here-v0", "mlp", steps=64, imports=imports, out=tmp_path / "run")
    finally:
        del gymnasium.registry["RlnasTest/Here-v0"]
    assert not (tmp_path / "run").exists()


def test_a_space_that_is_limited_already_is_refused(tmp_path):
    part = LimitedSpace(load_space("mlp"), Limits(max_params=5_000))
    with pytest.raises(UserError, match="is limited to a part of itself"):
        rlnas.search("CartPole-v1", part, steps=64, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_tables_are_compared_one_by_one_and_put_side_by_side(tmp_path):
    names = ["minatar-breakout", "minatar-freeway"]
    searches = [path for name in names if (path := shipped_searches(name)) is not None]
    common = {"metrics": ["total_reward"], "repeats": 20}
    found = rlnas.compare_tables(names, searches, out=tmp_path, **common)
    assert [*found] == names
    alone = rlnas.compare("minatar-freeway", out=tmp_path / "alone", **common)
    scores = [one.views["total_reward"].strategies[0].scores.tolist() for one in (alone, found["minatar-freeway"])]
    assert scores[0] == scores[1]
    for file in ("comparison.md", "table-1.csv", "options.csv"):
        assert (tmp_path / "alone" / file).read_bytes() == (tmp_path / "minatar-freeway" / file).read_bytes()
    overview = (tmp_path / "overview" / "overview.md").read_text()
    assert "minatar-1, MinAtar/Breakout-v1 | minatar-1, MinAtar/Freeway-v1 |" in overview
    for link in re.findall(r"\]\(([^)]+)\)", overview):
        assert (tmp_path / "overview" / link).exists(), link
