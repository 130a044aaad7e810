"""Runs that are written by hand, and a reader of pages."""

import json
from html.parser import HTMLParser
from pathlib import Path

import polars

from rlnas.report import write_report
from rlnas.spaces import Choice, Conv, Flatten, Linear, Space, load_space

ENV = "My<b>&Env-v0"


def space(name="tiny<i>"):
    return Space(name, (4, 84, 84), [Conv(4, kernel=Choice("k", [2, 3, 5]), stride=8), Flatten(), Linear(8)])


def costs(name: str) -> dict[str, int]:
    """What a network of the fixture costs; those of other spaces cost nothing of interest."""
    if name != "nature-cnn" and not name.startswith("k="):
        return {"parameters": 1, "multiply_adds": 2}
    own = load_space(name) if name == "nature-cnn" else space()
    found = own.cost(own.architecture({} if name == "nature-cnn" else name))
    return {"parameters": found.parameters, "multiply_adds": found.multiply_adds}


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
    owner = {"architecture": "fixed" if fixed else name, "space": name if fixed else "tiny<i>", **costs(name)}
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


def network(name: str, trials: list[dict]) -> dict:
    made = name == "nature-cnn"
    kind = {"name": name, "architecture": {}, "space": "tiny<i>", "baseline": made, "candidate": not made}
    return {**kind, **costs(name), "proxy": None, "total_reward": None, "reward_mean": None, "trials": trials}


def result(path: Path, best: str | None, trials: dict[str, list[dict]]) -> None:
    write(
        path / "result.json",
        {
            "schema": 1,
            **{"env": ENV, "space": "tiny<i>", "strategy": "spos", "seed": 0},
            **{"steps": 10_000_000, "train_steps": 500_000, "best": best},
            "architectures": [network(name, own) for name, own in trials.items()],
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
        self.feed(str(text))
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


def single(path: Path, architecture: str, network: Space) -> Path:
    settings = {"env": ENV, "space": network.to_dict(), "architecture": architecture, "steps": 500_000, "seed": 4}
    write(path / "trial.json", settings)
    return path
