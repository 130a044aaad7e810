"""The paper's whole experiment in one call, with a space of three architectures."""

import fcntl
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import unquote

import pytest

import rlnas
from rlnas.cli.main import main
from rlnas.errors import RlnasError, TrainingDiverged, UserError, WorkerError
from rlnas.experiments.searching import SearchPlan
from rlnas.experiments.tables import TablePlan
from rlnas.files import write_json
from rlnas.spaces import Activation, Choice, Linear, Space
from rlnas.spaces.toml import dump_toml
from rlnas.strategies import SPOS, STRATEGIES, SPOSSettings
from rlnas.study import collect_searches
from rlnas.table import Table
from rlnas.table.files import MEASURED, write_table

pytestmark = pytest.mark.usefixtures("inline")

SPACE = Space("tiny", (4,), [Linear(Choice("width", [2, 4, 8])), Activation("tanh")])

LAST = """
from pydantic import BaseModel
from rlnas.strategies import STRATEGIES, Ranked, Strategy, Train

class LastSettings(BaseModel):
    place: int = -1

class Last(Strategy):
    def __init__(self, space, iterations, seed, settings=None):
        self.last, self.score = list(space)[settings.place], None
    coverage = 1
    def ask(self):
        return Train((self.last,)) if self.score is None else None
    def tell(self, outcome):
        self.score = outcome.returns[0][0]
    def rank(self):
        return [Ranked(self.last, self.score)]
    def state_dict(self):
        return {"score": self.score}
    def load_state_dict(self, state):
        self.score = state["score"]

STRATEGIES["last"] = (Last, LastSettings)
"""


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


def test_a_table_searches_and_what_came_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One story in one test, since all of it needs the same trainings."""
    # One of two searches breaks down: the other is compared nevertheless.
    out = tmp_path / "out"
    real = SearchPlan.run

    def broken(plan, watch):
        if plan.path.name == "enas-3":
            raise TrainingDiverged("the loss is no number")
        return real(plan, watch)

    monkeypatch.setattr(SearchPlan, "run", broken)
    (tmp_path / "tiny.toml").write_text(dump_toml(SPACE))
    command = f"reproduce --env CartPole-v1 --space {tmp_path}/tiny.toml --steps 1024 --search-steps 512 --out {out}"
    command += " --search-seeds 1 --seed 3 --strategies enas,random,spos --top-k 2 --repeats 10 --baselines --workers 2"
    command += " --threads 1 --device cpu --strategy-options eval_episodes=2 child_iterations=1"
    command += " --ppo-options rollout_steps=32 epochs=1"
    with pytest.raises(SystemExit) as stop:
        main(command.split())
    assert stop.value.code == 1
    said = capsys.readouterr()
    assert "3 networks x 1 seed, 1.024k steps each, 3.072k in all, 2 at a time; then enas and spos with 1 s" in said.out
    assert "spos " in said.out.partition("Table 1")[2]
    assert "Remark: The search enas-3 is left out: the loss is no number." in said.out
    assert said.err.startswith("rlnas: something is left out (see the remarks); the same command tries again ")
    page = (out / "comparison/comparison.md").read_text()
    assert "| spos |" in page
    assert "| enas |" not in page
    assert "The search enas-3 is left out: the loss is no number." in page
    table = Table.read(out / "table/table.parquet")
    assert (table.architectures, table.seeds, table.steps) == ([a.id for a in SPACE], [3], 1_024)

    # The same call goes on with it and, asked for more, adds it; nothing is trained or searched again.
    monkeypatch.setattr(SearchPlan, "run", real)
    monkeypatch.setattr("rlnas.study.table_build.run_all", None)  # would be called to train
    (tmp_path / "lasting.py").write_text(LAST)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setitem(STRATEGIES, "last", None)  # which the module replaces, and the test's end takes away
    monkeypatch.delitem(STRATEGIES, "last")
    before = {path: path.stat().st_mtime_ns for path in out.rglob("result.json")}
    options = {"eval_episodes": 2, "child_iterations": 1, "place": "1"}
    more = {"search_seeds": 2, "strategies": ("enas", "last", "spos"), "imports": ("lasting",)}
    comparison = run(out, strategy_options=options, **more).comparison
    assert before == {path: path.stat().st_mtime_ns for path in before}
    strategies = comparison.views["total_reward"].strategies
    assert [one.label for one in strategies] == ["enas", "last (place=1)", "spos"]
    assert [[found.seed for found in one.searches] for one in (strategies[0], strategies[2])] == [[3, 4], [3, 4]]
    assert strategies[1].searches[0].architecture == "width=4"
    searches = collect_searches(sorted((out / "searches").iterdir()))
    assert [(one.strategy, one.seed, one.steps) for one in searches] == [
        *(("enas", seed, 512) for seed in (3, 4)),
        *(("spos", seed, 512) for seed in (3, 4)),
    ]
    assert searches[0].options["child_iterations"] == 1
    assert searches[2].options["eval_episodes"] == 2
    page = (out / "comparison/comparison.md").read_text()
    assert all(f"| {label} |" in page for label in ("enas", "last (place=1)", "spos", "random search"))

    # Another command on the same folder is refused, before a new search of it has run.
    with pytest.raises(UserError, match="belongs to another command: steps is 1024 there, not 2048"):
        run(out, steps=2_048)
    changed = {"eval_episodes": 2, "child_iterations": 2}
    with pytest.raises(UserError, match=r"strategy_options\.child_iterations is 1 there, not 2"):
        run(out, strategies=("spos", "enas"), search_seeds=3, strategy_options=changed, imports=("lasting",))
    assert not (out / "searches/spos-5").exists()
    with pytest.raises(UserError, match="folder of rlnas reproduce: give that command again"):
        rlnas.resume(out)

    # What runs elsewhere is left out meanwhile.
    with (out / "searches/enas-3/.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        result = run(out, imports=("lasting",))
    (left_out,) = result.left_out
    assert re.fullmatch(r"The search enas-3 is left out: the run directory .* in use by another process.*", left_out)
    assert left_out in result.comparison.remarks

    # Searches on a table that is gone are not judged on another.
    (out / "table/table.parquet").unlink()
    with pytest.raises(UserError, match="used a table that is gone"):
        run(out, imports=("lasting",))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"strategies": ("spso",)}, "unknown strategy 'spso'. Did you mean 'spos'"),
        ({"strategies": ()}, "at least one strategy"),
        ({"strategies": ("spos",), "strategy_options": {"child_iterations": 1}}, "unknown option of spos: 'child_iter"),
        (
            {"strategies": ("random",), "strategy_options": {"samples": 1}},
            "no strategy takes options here: leave 'samples' out",
        ),
        (
            {"strategy_options": {"eval_episodes": 0}},
            "spos option 'eval_episodes' should be greater than or equal to 1",
        ),
        ({"top_k": 4}, "top-k must be 1 to 3"),
        ({"search_seeds": 0}, "search-seeds must be a whole number from 1 to 10,000, not 0"),
        ({"search_steps": "many"}, "search-steps"),
        ({"train_seeds": 0}, "train-seeds must be a whole number from 1"),
        ({"seed": 2**63}, "seed must be a whole number from 0 to 1,000,000,000,000,000"),
        ({"repeats": 0}, "repeats must be a whole number from 1"),
        ({"workers": 0}, "workers must be a whole number from 1"),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(tmp_path: Path, changes, said: str) -> None:
    with pytest.raises(UserError) as caught:
        run(tmp_path / "out", **changes)
    assert said in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(UserError, match=r"holds other files \(study.json\)"):
        run(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["study.json"]


def test_a_space_that_no_table_can_hold_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="has 512,000,000,000 architectures, and a table holds at most 10,000"):
        rlnas.reproduce("ALE/Breakout-v5", "paper-large", out=tmp_path / "out")


def test_a_strategy_that_hides_its_supernet_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STRATEGIES, "hidden", (lambda *arguments: SPOS(*arguments), SPOSSettings))
    with pytest.raises(UserError, match="'hidden' fits a supernet: its class must say so"):
        run(tmp_path / "out", strategies=("hidden",), strategy_options={})


def test_without_enough_scores_no_search_begins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TablePlan, "run", lambda plan, _: fake_table(replace(plan, path=tmp_path / "table")))
    with pytest.raises(RlnasError, match="only 1 of 54 architectures have a score under each training seed"):
        rlnas.reproduce("Acrobot-v1", "mlp", 1_024, seed=3, baselines=(), out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def fake_table(plan: TablePlan, watch=None) -> Table:
    """A table without any training; in Acrobot only one network ever finishes a game."""
    path, settings = plan.path, plan.settings
    rows = []
    for number, architecture in enumerate(settings.load_space()):
        scores = [float(number) if settings.env == "CartPole-v1" or number == 0 else None]
        rows.append(
            {"architecture": architecture.id, "seed": 3, "status": "done", "reason": "", "steps": 1_024, "episodes": 9}
            | {"budgets": [1_024], "total_reward": scores, "reward_mean": scores, "parameters": 1, "multiply_adds": 1}
            | dict.fromkeys(MEASURED)
        )
    path.mkdir(parents=True, exist_ok=True)
    write_table(path / "table.parquet", rows, {"env": settings.env, "space": settings.space})
    write_json(path / "table.json", settings.model_dump(mode="json"))
    return Table.read(path / "table.parquet")


OTHER, THIRD = (
    Space(name, SPACE.input_shape, [Linear(Choice("n", [1, 2, 3, 5])), Activation("relu")])
    for name in ("other", "th?rd")
)


def several(out: Path, env="CartPole-v1", space=(SPACE, OTHER), **changes):
    arguments = {"steps": 1_024, "seed": 3, "strategies": ("random",), "top_k": 2, "repeats": 10, "baselines": ()}
    return rlnas.reproduce(env, space, out=out, **(arguments | {"threads": 1, "device": "cpu"} | changes))


def test_several_spaces_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TablePlan, "run", fake_table)
    result = several(tmp_path)
    assert [path.name for path in result.comparisons] == ["cartpole-v1-tiny", "cartpole-v1-other"]
    assert not result.left_out
    with pytest.raises(UserError, match="there may be several comparisons"):
        _ = result.comparison
    overview = tmp_path / "overview"
    assert {path.name for path in overview.iterdir()} == {
        *("overview.md", "overview.html", "table-1.csv"),
        *(f"figure-4-{metric}.{end}" for metric in ("reward-mean", "total-reward") for end in ("svg", "png")),
    }
    page = (overview / "overview.md").read_text()
    assert "| network or strategy | metric | tiny, CartPole-v1 | other, CartPole-v1 |" in page
    means = [one.views["total_reward"].random.mean for one in result.comparisons.values()]
    assert f"| random search | total reward | {means[0]:.2f} ± " in page
    assert f"random search,total reward,{means[0]}," in (overview / "table-1.csv").read_text()
    with pytest.raises(UserError, match="folder of rlnas reproduce: give that command again"):
        rlnas.resume(tmp_path)

    # It takes a further one, whatever that is called.
    several(tmp_path, space=[THIRD])
    assert (tmp_path / "cartpole-v1-th?rd/comparison/comparison.md").exists()
    several(tmp_path, space=[SPACE, THIRD])
    for file in ("overview.md", "overview.html"):
        links = re.findall(r'(?:\(|href=")(\.\./[^)"]*)', (overview / file).read_text())
        assert [unquote(link).split("/")[1] for link in links] == ["cartpole-v1-tiny", "cartpole-v1-th?rd"]
        assert all((overview / unquote(link)).exists() for link in links)
        assert not any("?" in link for link in links)


@pytest.mark.parametrize(
    ("error", "said"),
    [(None, "only 1 of 54 architectures have a score"), (UserError("the run is in use."), "the run is in use")],
)
def test_what_nothing_comes_of_costs_the_others_nothing(tmp_path, monkeypatch, error, said) -> None:
    def table(plan, watch):
        if error is not None and plan.settings.env == "Acrobot-v1":
            raise error
        return fake_table(plan)

    monkeypatch.setattr(TablePlan, "run", table)
    told = []
    result = several(tmp_path, ["Acrobot-v1", "CartPole-v1"], "mlp", watch=told.append)
    assert [path.name for path in result.comparisons] == ["cartpole-v1-mlp"]
    (left_out,) = result.left_out
    assert left_out.startswith(f"acrobot-v1-mlp is left out: {said}")
    assert [progress.note for progress in told] == [left_out]
    assert left_out.partition(" (")[0] in (tmp_path / "overview/overview.md").read_text()


def test_a_fault_of_rlnas_itself_ends_it_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def table(plan, watch):
        if plan.settings.env == "Acrobot-v1":
            raise WorkerError("no space left on the disk.")
        return fake_table(plan)

    monkeypatch.setattr(TablePlan, "run", table)
    with pytest.raises(WorkerError, match="no space left"):
        several(tmp_path, ["CartPole-v1", "Acrobot-v1", "MountainCar-v0"], "mlp")
    assert "mlp, CartPole-v1" in (tmp_path / "overview/overview.md").read_text()
    assert not (tmp_path / "mountaincar-v0-mlp").exists()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"out": None}, "need a folder: name one with --out"),
        ({"env": ["CartPole-v1"] * 2}, "each named once"),
        ({"env": []}, "at least one environment"),
        ({"space": []}, "at least one space"),
        ({"env": ["CartPole-v1", "Acrobot-v1"], "space": SPACE}, r"Acrobot-v1 with space 'tiny': .* gives \(6,\)"),
        ({"top_k": 4}, "CartPole-v1 with space 'tiny': top-k must be 1 to 3"),
        ({"workers": 0}, "workers must be a whole number from 1"),
    ],
)
def test_several_that_make_no_sense_are_refused(tmp_path: Path, changes, said: str) -> None:
    with pytest.raises(UserError, match=said):
        several(**({"out": tmp_path / "out"} | changes))
    assert not (tmp_path / "out").exists()


def test_folders_of_one_and_of_several_are_not_mixed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TablePlan, "run", fake_table)
    several(tmp_path / "one", space=SPACE)
    with pytest.raises(UserError, match="holds the reproduction of one space and environment"):
        several(tmp_path / "one")
    (tmp_path / "study").mkdir()
    (tmp_path / "study/study.json").write_text("{}")
    with pytest.raises(UserError, match=r"holds other files \(one\)|holds other files \(study\)"):
        several(tmp_path)
    with pytest.raises(UserError, match="there is no run at"):
        rlnas.resume(tmp_path)
