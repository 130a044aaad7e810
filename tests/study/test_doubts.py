"""What a budget cannot tell is said before a search starts, and in its result."""

import re

import pytest

import rlnas
from rlnas.cli.main import main
from rlnas.errors import RlnasError
from rlnas.experiments.searching import SearchPlan, SearchRequest
from rlnas.study.live_search import LiveSearch
from rlnas.trials.progress import nobody

pytestmark = pytest.mark.usefixtures("inline")

SMALL = {"rollout_steps": 32, "epochs": 1, "minibatches": 1}


def doubts_of(strategy, steps, **changes):
    options = {"env_options": {"num_envs": 2}, "ppo_options": SMALL, "device": "cpu", "out": "never-made"}
    return list(SearchRequest("CartPole-v1", strategy=strategy, steps=steps, **options | changes).resolve().doubts)


@pytest.mark.parametrize(
    ("strategy", "options", "fits", "needed"),
    [
        ("spos", {}, 4, 54 * 64),
        ("spos", {"iterations_per_path": 2}, 2, 54 * 128),
        ("random-shared", {}, 4, 54 * 64),
        ("enas", {"child_iterations": 3}, 2, 54 * 192),
    ],
)
def test_fewer_fits_than_architectures_are_said_with_the_steps_that_it_takes(strategy, options, fits, needed):
    (said,) = doubts_of(strategy, 4 * 64, strategy_options=options)
    assert f"pays for {fits} fit" in said
    assert "54 architectures" in said
    assert f"--steps {needed};" in said
    assert "--strategy random" in said
    assert doubts_of(strategy, needed, strategy_options=options) == []
    assert doubts_of(strategy, needed - needed // 54, strategy_options=options) != []


def test_a_strategy_without_fits_has_no_doubts_and_limits_leave_fewer_to_fit():
    assert doubts_of("random", 64) == []
    (whole,), (part,) = doubts_of("spos", 64), doubts_of("spos", 64, max_params=5_000)
    count = [int(re.search(r"there are (\d+) architectures", said)[1]) for said in (whole, part)]
    assert count[0] == 54 > count[1]


def test_it_is_said_before_the_search_and_in_its_result(monkeypatch, tmp_path, capsys):
    def begun(plan, watch):
        print("begun")
        candidates = plan.settings.load_space()
        live = LiveSearch(tmp_path, plan.settings, None, nobody, candidates)
        (remark,) = live.cost()["remarks"]
        assert remark.startswith("The budget pays for 2 fits")
        raise RlnasError("enough")

    command = ["search", "--env", "CartPole-v1", "--steps", "128", "--env-options", "num_envs=2", "--device", "cpu"]
    monkeypatch.setattr(SearchPlan, "run", begun)
    with pytest.raises(SystemExit):
        main([*command, "--ppo-options", *(f"{name}={value}" for name, value in SMALL.items())])
    told = capsys.readouterr()
    assert told.out.index("Remark: The budget pays for 2 fits") < told.out.index("begun")
    assert told.err == "rlnas: enough\n"
    with pytest.raises(RlnasError, match="enough"), pytest.warns(UserWarning, match="pays for 2 fits"):
        rlnas.search("CartPole-v1", steps=128, env_options={"num_envs": "2"}, ppo_options=SMALL, out=tmp_path / "run")
