import json
import re
from html.parser import HTMLParser
from pathlib import Path

import polars
import pytest

from rlnas.errors import UserError
from rlnas.report import write_report
from rlnas.spaces import Choice, Conv, Flatten, Linear, Space, load_space

ENV = "My<b>&Env-v0"
COST = {"parameters": 1, "multiply_adds": 2}


def space(name="tiny<i>"):
    return Space(name, (4, 84, 84), [Conv(4, kernel=Choice("k", [2, 3, 5]), stride=8), Flatten(), Linear(8)])


def write(path: Path, data: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))


def study_json(path: Path, seeds: int = 1, **changes) -> None:
    settings = {
        "env": ENV,
        "space": space().to_dict(),
        "steps": 10_000_000,
        "train_steps": 500_000,
        "top_k": 2,
        "train_seeds": seeds,
        "strategy_options": {"eval_episodes": 2},
    }
    write(path / "study.json", {**settings, **changes})


def search(path: Path) -> None:
    ranking = [("k=5", 3.5), ("k=2", 2.5), ("k=3", 2.5)]
    write(path / "search" / "ranking.json", [{"architecture": a, "proxy": p} for a, p in ranking])
    fits = [{"path": "k=5", "steps": 1024, "returns": [1.0]}, {"path": "k=2", "steps": 2048, "returns": []}]
    (path / "search" / "paths.jsonl").write_text("".join(json.dumps(fit) + "\n" for fit in fits))
    games = {"step": [1000, 2000], "return": [1.0, 2.0], "length": [5, 6]}
    polars.DataFrame(games).write_parquet(path / "search" / "episodes.parquet")


def trial(path: Path, name: str, seed: int, score: float | None, **changes) -> dict:
    """Writes a trial's result; returns the study's summary of it."""
    fixed = name == "nature-cnn"
    owner = {"architecture": "fixed" if fixed else name, "space": name if fixed else "tiny<i>", **COST}
    summary = {
        "seed": seed,
        "status": "done",
        "reason": "",
        "steps": 500_736,
        "episodes": 0 if score is None else 2,
        "total_reward": score,
        "reward_mean": score,
        **changes,
    }
    if summary["status"] == "done":
        curve = {"curve_steps": [], "curve": []} if score is None else {"curve_steps": [9, 99], "curve": [0.0, score]}
        write(path / "trials" / name / f"seed-{seed}" / "result.json", {**owner, **summary, **curve})
    return summary


def result(path: Path, best: str | None, trials: dict[str, list[dict]]) -> None:
    write(
        path / "result.json",
        {
            "schema": 1,
            "best": best,
            "architectures": [
                {"name": name, "candidate": name != "nature-cnn", "trials": own} for name, own in trials.items()
            ],
            "ranking": json.loads((path / "search" / "ranking.json").read_text()),
            "search": {"fit_steps": 10_000_384, "evaluated_architectures": 3, "evaluation_steps": 777, "remarks": []},
        },
    )


def study(path: Path, scores: dict[str, list[float | None]] | None = None, **changes) -> Path:
    """A finished study; by default one seed, `k=5` best."""
    scores = scores or {"k=5": [7.25], "k=2": [3.0], "nature-cnn": [5.5]}
    study_json(path, len(scores["k=5"]), **changes)
    search(path)
    trials = {n: [trial(path, n, i, s) for i, s in enumerate(values, 1)] for n, values in scores.items()}
    result(path, "k=5", trials)
    return path


class Page(HTMLParser):
    """Collects the text, the tags and the attributes of a page, and sees that tags nest."""

    void = ("meta", "wbr", "br")

    def __init__(self, text: str):
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.title = ""
        self.feed(text)
        self.close()
        assert not self.open

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in self.void:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" not in self.open:
            self.text += data
        if "h1" in self.open:
            self.title += data


def read(path: Path) -> Page:
    file = write_report(path)
    assert file == path / "report.html"
    return Page(file.read_text(encoding="utf-8"))


def test_headline_names_best_and_baseline_with_scores(tmp_path):
    page = read(study(tmp_path))
    assert page.title == f"k=5 scored 7.25 on {ENV}; the hand-made nature-cnn scored 5.50"
    assert "10M environment steps" in page.text
    assert "500k steps each" in page.text
    assert "Difference to nature-cnn: +1.75." in page.text


def test_one_seed_shows_nothing_sure(tmp_path):
    assert "this shows nothing sure" in read(study(tmp_path)).text


def test_several_seeds_give_mean_deviation_and_difference(tmp_path):
    page = read(study(tmp_path, {"k=5": [6.0, 8.0], "k=2": [3.0, 3.0], "nature-cnn": [5.0, 6.0]}))
    assert "the best found scored 7.00 ± 1.41 and nature-cnn 5.50 ± 0.71" in page.text
    assert "The difference is +1.50 with a standard error of 1.12: within two standard errors" in page.text
    assert "nothing sure" not in page.text


def test_worse_than_the_baseline_is_said(tmp_path):
    page = read(study(tmp_path, {"k=5": [7.25], "k=2": [3.0], "nature-cnn": [9.0]}))
    assert "Difference to nature-cnn: −1.75. The search found nothing that scores higher than nature-cnn." in page.text


def test_text_is_escaped(tmp_path):
    page = read(study(tmp_path, imports=["<script>alert(1)</script>"]))
    assert not {"b&env-v0", "i", "script"} & set(page.tags)
    assert ENV in page.text
    assert "tiny<i>" in page.text
    assert "<script>alert(1)</script>" in page.text


def test_nothing_external(tmp_path):
    file = write_report(study(tmp_path))
    text = file.read_text(encoding="utf-8")
    page = Page(text)
    links = [value for name, value in page.attributes if name.split(":")[-1] in ("src", "href")]
    assert all(value.startswith("#") for value in links)
    assert not re.search(r"https?:|@import|url\((?!#)", text)
    assert not {"script", "link", "iframe", "img"} & set(page.tags)
    assert [entry.name for entry in tmp_path.iterdir() if entry.name.endswith(".tmp")] == []


def test_ids_are_unique_and_references_resolve(tmp_path):
    page = read(study(tmp_path))
    ids = [value for name, value in page.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    references = [value[1:] for name, value in page.attributes if name.endswith("href")]
    references += [value[5:-1] for name, value in page.attributes if name == "clip-path"]
    assert references
    assert set(references) <= set(ids)


def test_charts_take_the_colours_of_the_page(tmp_path):
    text = write_report(study(tmp_path)).read_text(encoding="utf-8")
    charts = re.findall(r"<svg[^>]*chart.*?</svg>", text, flags=re.DOTALL)
    assert len(charts) == 4
    assert all("var(--ink)" in chart or "var(--muted)" in chart for chart in charts)
    # What matplotlib leaves at its default would be black or white in both modes.
    assert not re.search(r"(fill|stroke): #", "".join(charts))
    words = re.findall(r"<text[^>]*>", "".join(charts))
    assert words
    assert all("fill: var(--" in word for word in words)


def test_same_run_same_bytes(tmp_path):
    a, b = (write_report(study(tmp_path / name)).read_bytes() for name in "ab")
    assert a == b
    assert write_report(tmp_path / "a").read_bytes() == a


def test_layers_with_shapes_and_costs(tmp_path):
    text = read(study(tmp_path)).text
    network = space()
    for number in (network.cost(network.architecture("k=5")).parameters, 1_684_128):
        assert f"{number:,}" in text
    assert "kernel 5" in text
    assert "4×11×11" in text
    assert "64×7×7" in text


def test_ranking_ties_and_fits(tmp_path):
    text = read(study(tmp_path)).text
    assert "2 architectures share the proxy score at the cut" in text
    assert "2 fits over 3 paths: each 0 to 1 times, median 1; 1 path never fitted." in text


def test_failed_trial_is_said_with_its_reason(tmp_path):
    study(tmp_path, {"k=5": [7.0, 8.0], "k=2": [9.0, 9.0], "nature-cnn": [5.0, 6.0]})
    summaries = {
        "k=5": [trial(tmp_path, "k=5", i, 7.0) for i in (1, 2)],
        "k=2": [
            trial(tmp_path, "k=2", 1, 9.0),
            trial(tmp_path, "k=2", 2, None, status="failed", reason="out of <mem>"),
        ],
    }
    (tmp_path / "trials" / "k=2" / "seed-2" / "result.json").unlink()
    result(tmp_path, "k=5", summaries)
    page = read(tmp_path)
    assert page.title.startswith("k=5 scored 7.00")
    assert "k=2, seed 2: failed: out of <mem>" in page.text
    assert "k=2 has a score with 1 of 2 seeds only" in page.text


def test_every_training_failed(tmp_path):
    study_json(tmp_path)
    search(tmp_path)
    failed = {n: [trial(tmp_path, n, 1, None, status="failed", reason="bad")] for n in ("k=5", "k=2", "nature-cnn")}
    result(tmp_path, None, failed)
    page = read(tmp_path)
    assert page.title == f"Nothing found on {ENV}: every training failed"
    assert "nature-cnn, seed 1: failed: bad" in page.text


def test_no_game_finished(tmp_path):
    study_json(tmp_path)
    search(tmp_path)
    result(tmp_path, None, {name: [trial(tmp_path, name, 1, None)] for name in ("k=5", "k=2", "nature-cnn")})
    page = read(tmp_path)
    assert page.title == f"Nothing found on {ENV}: no game finished within the budget"
    assert "k=5, seed 1: no game finished in 501k steps" in page.text


def test_baseline_without_a_score(tmp_path):
    page = read(study(tmp_path, {"k=5": [7.25], "k=2": [3.0], "nature-cnn": [None]}))
    assert page.title.endswith("; the hand-made nature-cnn has no score")


def test_study_that_has_just_begun(tmp_path):
    study_json(tmp_path)
    page = read(tmp_path)
    assert "is not finished: no network has a score yet" in page.title
    assert "no ranking yet: 0 of 10M steps" in page.text
    assert "No training has begun." in page.text


def test_study_with_results_missing(tmp_path):
    study_json(tmp_path)
    search(tmp_path)
    trial(tmp_path, "k=5", 1, 4.0)
    write(tmp_path / "trials" / "k=2" / "seed-1" / "trial.json", {})
    page = read(tmp_path)
    assert page.title == f"So far: k=5 scored 4.00 on {ENV}; the hand-made nature-cnn has no score"
    assert "2 of 3 trainings not done: k=2, seed 1 (unfinished); nature-cnn, seed 1 (not begun)." in page.text


def test_a_network_whose_seeds_are_not_all_done_is_not_the_best_so_far(tmp_path):
    study_json(tmp_path, seeds=2)
    search(tmp_path)
    for name, seed, score in [("k=5", 1, 4.0), ("k=5", 2, 5.0), ("k=2", 1, 9.0)]:
        trial(tmp_path, name, seed, score)
    assert read(tmp_path).title.startswith("So far: k=5 scored 4.50")


def test_search_under_way_draws_the_fit_from_its_path_log(tmp_path):
    study_json(tmp_path)
    search(tmp_path)
    (tmp_path / "search" / "episodes.parquet").unlink()
    (tmp_path / "search" / "ranking.json").unlink()
    page = read(tmp_path)
    assert "no ranking yet: 2,048 of 10M steps" in page.text
    assert "The fit of the supernet" in page.text


def test_many_long_ids(tmp_path):
    space_ = load_space("paper-large")
    names = [space_.architecture([i % 4, i % 5] + [0, 0] * 8).id for i in range(20)]
    study_json(tmp_path, space=space_.to_dict(), env="E")
    write(tmp_path / "search" / "ranking.json", [{"architecture": n, "proxy": 9.0 - i} for i, n in enumerate(names)])
    page = read(tmp_path)
    assert names[3] in page.text
    assert "# is the rank" in page.text
    assert "The first" not in page.text


def test_command_of_a_catalogue_space(tmp_path):
    changed = {"ppo": {"epochs": 5, "value_clip": None}, "env_settings": {"fire": False}, "imports": ["my.envs"]}
    study_json(tmp_path, env="ALE/Pong-v5", space=load_space("paper-1").to_dict(), seed=3, **changed)
    text = read(tmp_path).text
    assert (
        "rlnas search --env ALE/Pong-v5 --import my.envs --space paper-1 --strategy spos "
        "--strategy-options eval_episodes=2 "
        "--steps 10M --train-steps 500k --top-k 2 --train-seeds 1 --seed 3 --checkpoint-steps 100k --threads 1 "
        "--baselines nature-cnn --env-options fire=false --ppo-options epochs=5 value_clip=none --device cpu "
        "--out NEW"
    ) in text
    assert "not in the catalogue" not in text


def test_command_names_what_differs_from_the_defaults_of_the_environment(tmp_path):
    study_json(tmp_path, env="CartPole-v1", ppo={"rollout_steps": 32, "reward_clip": "sign"})
    words = read(tmp_path).text.split("--ppo-options ")[1].split()
    assert "reward_clip=sign" in words
    assert not any(word.startswith("rollout_steps") for word in words)


@pytest.mark.parametrize("name", ["mine", "paper-1"])
def test_command_of_another_space_needs_its_file(tmp_path, name):
    study_json(tmp_path, space=space(name).to_dict())
    text = read(tmp_path).text
    assert "--space SPACE.toml" in text
    assert f"The space {name} is not in the catalogue" in text


def single(path: Path, architecture: str, network: Space) -> Path:
    settings = {"env": ENV, "space": network.to_dict(), "architecture": architecture, "steps": 500_000, "seed": 4}
    write(path / "trial.json", settings)
    return path


def test_single_trial(tmp_path):
    folder = single(tmp_path / "trials" / "k=3" / "seed-4", "k=3", space())
    trial(tmp_path, "k=3", 4, 6.125)
    page = read(folder)
    assert page.title == f"k=3 scored 6.12 on {ENV}"
    assert "500k environment steps with seed 4" in page.text
    assert "--arch k=3 --steps 500k --seed 4" in page.text
    assert "Search" not in page.text


def test_single_trial_of_a_fixed_network(tmp_path):
    folder = single(tmp_path / "trials" / "nature-cnn" / "seed-4", "fixed", load_space("nature-cnn"))
    trial(tmp_path, "nature-cnn", 4, None)
    assert read(folder).title == f"nature-cnn finished no game of {ENV}"


def test_single_trial_not_finished(tmp_path):
    page = read(single(tmp_path, "k=3", space()))
    assert page.title == f"k=3 on {ENV}: not finished"
    assert "rlnas resume" in page.text


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_text(""), lambda path: None])
def test_no_run_is_refused(tmp_path, make):
    make(tmp_path / "x")
    with pytest.raises(UserError, match="is no run of rlnas"):
        write_report(tmp_path / "x")
    assert not (tmp_path / "x" / "report.html").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("study.json", "{}"),
        ("study.json", "[]"),
        ("study.json", "{"),
        ("result.json", '{"schema": 1}'),
        ("result.json", '{"schema": 99}'),
        ("result.json", "[]"),
        ("search/paths.jsonl", "{"),
        ("search/episodes.parquet", "x"),
        ("trials/k=5/seed-1/result.json", '{"curve": "x"}'),
    ],
)
def test_damaged_runs_are_named(tmp_path, file, content):
    study(tmp_path)
    (tmp_path / file).write_text(content)
    with pytest.raises(UserError, match=re.escape(str(tmp_path))):
        write_report(tmp_path)
