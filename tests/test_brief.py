"""Results show themselves in a line, and in notebooks as a small table."""

from pathlib import Path

import pytest

import rlnas
from rlnas import SearchResult, TrainingResult
from rlnas.experiments import Evaluation, Film, ReproductionResult
from rlnas.study.records import StudyResult
from rlnas.trials.results import TrialResult

TRIAL = {"architecture": "k=3", "space": "<b>mine</b>", "seed": 1, "parameters": 1, "multiply_adds": 1}
SCORED = TRIAL | {"status": "done", "reason": "", "steps": 1, "episodes": 1, "total_reward": 1 / 3, "reward_mean": None}
NETWORK = {
    "architecture": {"k": 3},
    **{"space": "<b>mine</b>", "baseline": False, "candidate": True, "proxy": 1.0, "parameters": 1, "multiply_adds": 1},
    "trials": [SCORED],
}
RESULT = {
    **{"env": "X-v0", "space": "<b>mine</b>", "strategy": "spos", "seed": 0, "steps": 1, "train_steps": 1},
    **{"best": "k=3", "ranking": []},
    "architectures": [NETWORK | {"name": f"k={number}"} for number in range(500)],
    "search": {"fit_steps": 1, "evaluated_architectures": 1, "evaluation_steps": 1},
}


@pytest.fixture(scope="module")
def compared():
    return rlnas.compare("minatar-breakout", repeats=5)


@pytest.mark.parametrize(
    ("result", "said"),
    [
        (SearchResult(Path("run"), StudyResult(**RESULT)), "best='k=3', total_reward=0.3333, path='run')"),
        (
            TrainingResult(Path("run"), TrialResult(**TRIAL)),
            "(architecture='k=3', seed=1, total_reward=None",
        ),
        (Evaluation("k=3", [1.0, 2.0] * 500, [1] * 1000), "games=1000, mean_return=1.5)"),
        (Film("k=3", [1.0], [1], Path("x.gif"), 30, 2), "video='x.gif', fps=30, frames=2)"),
    ],
)
def test_results_are_one_line(result, said):
    assert said in repr(result)
    assert len(repr(result)) < 300
    assert "<b>" not in result._repr_html_()
    assert result._repr_html_().startswith("<table><caption>")


def test_a_comparison_and_its_parts_are_one_line(compared):
    view = compared.views["total_reward"]
    several = ReproductionResult(Path("all"), {Path("all/a"): compared}, ())
    for part in (compared, view, view.random, view.random.searches[0], several):
        assert len(repr(part)) < 500
        assert "\n" not in repr(part)
        assert 50 < len(part._repr_html_()) < 2_000
    assert "Comparison(table='minatar-breakout', env='MinAtar/Breakout-v1'" in repr(compared)
    assert "comparisons='a'" in repr(several)
