"""The paper's whole experiment in one call, with a space of three architectures."""

from pathlib import Path

import pytest

import rlnas
from rlnas.api import reproducing
from rlnas.errors import RlnasError, TrainingDiverged, UserError
from rlnas.spaces import Activation, Choice, Linear, Space
from rlnas.study import collect_searches
from rlnas.table import Table

SPACE = Space("tiny", (4,), [Linear(Choice("width", [2, 4, 8])), Activation("tanh")])


def run(out: Path, **changes):
    arguments = {
        "steps": 1_024,
        "search_steps": 512,
        "search_seeds": 1,
        "seed": 3,
        "strategies": ("enas", "random", "spos"),
        "top_k": 2,
        "repeats": 10,
        "baselines": (),
        "workers": 2,
        "threads": 1,
        "device": "cpu",
        "strategy_options": {"eval_episodes": 2, "child_iterations": 1},
        "ppo_options": {"rollout_steps": 32, "epochs": 1},
    }
    return rlnas.reproduce("CartPole-v1", SPACE, out=out, **(arguments | changes))


@pytest.mark.slow
def test_a_table_searches_and_what_came_of_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One story in one test, since all of it needs the same trainings."""
    # One of two searches breaks down: the other is compared nevertheless.
    real = reproducing.run_search

    def broken(path, *rest):
        if path.name == "enas-3":
            raise TrainingDiverged("the loss is no number")
        return real(path, *rest)

    monkeypatch.setattr(reproducing, "run_search", broken)
    with pytest.raises(RlnasError, match=r"1 of 2 searches failed \(enas-3: the loss is no number\)"):
        run(tmp_path)
    page = (tmp_path / "comparison/comparison.md").read_text()
    assert "| spos |" in page
    assert "| enas |" not in page
    table = Table.read(tmp_path / "table/table.parquet")
    assert (table.architectures, table.seeds, table.steps) == ([a.id for a in SPACE], [3], 1_024)

    # The same call goes on with it and, asked for more seeds, adds them; nothing is trained or searched again.
    monkeypatch.setattr(reproducing, "run_search", real)
    monkeypatch.setattr("rlnas.study.table_build.run_all", None)  # would be called to train
    before = {path: path.read_bytes() for path in tmp_path.rglob("result.json")}
    comparison = run(tmp_path, search_seeds=2)
    assert before == {path: path.read_bytes() for path in before}
    contenders = comparison.views["total_reward"].contenders
    assert [(one.label, [found.seed for found in one.found]) for one in contenders] == [
        ("enas", [3, 4]),
        ("spos", [3, 4]),
    ]
    searches = collect_searches(sorted((tmp_path / "searches").iterdir()))
    assert [(one.strategy, one.seed, one.steps) for one in searches] == [
        *(("enas", seed, 512) for seed in (3, 4)),
        *(("spos", seed, 512) for seed in (3, 4)),
    ]
    assert searches[0].options["child_iterations"] == 1
    assert searches[2].options["eval_episodes"] == 2
    page = (tmp_path / "comparison/comparison.md").read_text()
    assert all(f"| {label} |" in page for label in ("enas", "spos", "random search"))

    # Another command on the same folder is refused.
    with pytest.raises(UserError, match="belongs to another command: steps is 1024 there, not 2048"):
        run(tmp_path, steps=2_048)
    with pytest.raises(UserError, match="folder of rlnas reproduce: give that command again"):
        rlnas.resume(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategies": ("spso",)}, "unknown strategy 'spso'. Did you mean 'spos'"),
        ({"strategies": ()}, "at least one strategy"),
        ({"strategies": ("spos",), "strategy_options": {"child_iterations": 1}}, "unknown option of spos: 'child_iter"),
        ({"strategies": ("random",), "strategy_options": {"samples": 1}}, "unknown option of no strategy: 'samples'"),
        (
            {"strategy_options": {"eval_episodes": 0}},
            "spos option 'eval_episodes' should be greater than or equal to 1",
        ),
        ({"top_k": 4}, "top-k must be 1 to 3"),
        ({"search_seeds": 0}, "search-seeds must be at least 1, not 0"),
        ({"search_steps": "many"}, "search-steps"),
        ({"train_seeds": 0}, "at least 1 seed"),
        ({"repeats": 0}, "repeats must be at least 1"),
        ({"workers": 0}, "workers must be at least 1"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tmp_path: Path, changes, said: str) -> None:
    with pytest.raises(UserError) as caught:
        run(tmp_path / "out", **changes)
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()
