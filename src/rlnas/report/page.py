"""The page: sections in the order in which a reader asks."""

from __future__ import annotations

from html import escape
from importlib import resources

from rlnas.quantity import plural
from rlnas.report import figures
from rlnas.report.costs import known_kinds, named, networks
from rlnas.report.data import Run
from rlnas.report.drawing import drawing
from rlnas.report.evidence import interquartile
from rlnas.report.formats import NONE, alike, big, estimate, flatten, score, spread
from rlnas.report.headline import Headline, headline
from rlnas.report.layers import choice_list, layer_table
from rlnas.report.markup import Html, details, join, table, tag
from rlnas.report.searching import search
from rlnas.spaces import in_catalogue
from rlnas.spaces.toml import dump_toml
from rlnas.trials.metrics import METRICS, PRIMARY, explained
from rlnas.trials.results import NetworkResult

UNITS = (
    "A step is one action of one environment; parameters and multiply-adds (one observation) are the encoder's, heads "
    "left out."
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""What the page may load and run: nothing but its own styles, whatever a stranger's run may hold."""

FEW_CHOICES = 6
"""Up to which they are listed without being asked for."""


def page(run: Run, command: str = "") -> str:
    """The whole report of a run; `command` is the command line that repeats it."""
    words = headline(run)
    sections = [_top(run, words), _architecture(run), _curves(run)]
    if run.kind == "study":
        sections += [networks(run), search(run)]
    sections += [_trials(run), _settings(run, command)]
    return document(words.title, *sections)


def document(heading: str, *sections: Html) -> str:
    """A self-contained page in the report's style."""
    style = resources.files("rlnas.report").joinpath("page.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        Html(f'<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="{POLICY}">'),
        Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", Html(escape(heading))),
        tag("style", Html(style)),
    )
    body = tag("body", tag("main", *sections))
    return f'<!DOCTYPE html>\n<html lang="en">{head}\n{body}</html>\n'


def _top(run: Run, words: Headline) -> Html:
    found = [tag("p", f"rlnas {run.kind}", class_="kind"), tag("h1", words.title)]
    if run.kind == "study" and run.best is not None:
        others = [network for network in run.baselines if network is not run.best]
        tiles = [_tile(run, run.best, "best found", "best"), *(_tile(run, network, "hand-made") for network in others)]
        found.append(tag("div", *tiles, class_="tiles"))
    found.append(tag("p", words.lead))
    if words.sure:
        found.append(tag("p", words.sure, class_="sure"))
    if words.warnings:
        found.append(tag("ul", *(tag("li", warning) for warning in words.warnings), class_="warnings"))
    return tag("section", *found)


def _tile(run: Run, chosen: NetworkResult, what: str, classes: str = "tile") -> Html:
    network = run.judged(chosen)
    score_text = spread(network.score, network.deviation) if network.score is not None else "no score"
    small = "total reward"
    if network is not chosen or network.deviation is not None:
        small += f", {plural(len(network.scores()), 'seed' if network is chosen else 'confirmation seed')}"
    if network.deviation is not None:
        small += ": mean ± standard deviation"
    if (middle := interquartile(network)) is not None:
        small += f"; interquartile mean {estimate(middle, network.score)}"
    others = [f"; {metric.label} {score(network.mean(name))}" for name, metric in METRICS.items() if name != PRIMARY]
    small += f"{''.join(others)}; {big(network.parameters)} parameters"
    return tag("div", tag("dl", tag("dt", f"{what}: {network.name}"), tag("dd", score_text, class_="value"),
                          tag("dd", small)), class_=classes)  # fmt: skip


def _architecture(run: Run) -> Html:
    shown = [run.best] if run.best is not None else []
    shown += [network for network in run.baselines if network not in shown]
    title = tag("h2", "Architecture")
    if not shown:
        return tag("section", title, tag("p", "No architecture has been trained yet.", class_="note"))
    maps = "Shapes are channels × height × width; their" if len(run.space.input_shape) == 3 else "The"
    notes = [f"{maps} pictures are on a log scale."]
    if run.space.choices:
        notes.insert(0, "Blue: chosen by the search." if run.kind == "study" else "Blue: one of several options.")
    return tag("section", title, tag("p", " ".join(notes), class_="note"),
               tag("div", *(_drawn(run, network) for network in shown), class_="pair"))  # fmt: skip


def _drawn(run: Run, network: NetworkResult) -> Html:
    """One network: what was chosen, the drawing, and the layers in numbers."""
    space = run.spaces[network.name]
    name = space.architecture(network.architecture).id
    parts = [tag("h3", _kind(run, network) + network.name)]
    if space.choices:
        parts.append(
            details("Every choice and its options", choice_list(space, name), open_=len(space.choices) <= FEW_CHOICES)
        )
    parts += [tag("figure", drawing(space, name)), details("The layers in numbers", layer_table(space, name))]
    return tag("div", *parts)


def _kind(run: Run, network: NetworkResult) -> str:
    if run.kind == "trial":
        return ""
    return "Best found: " if network is run.best else "Hand-made: "


def _curves(run: Run) -> Html:
    title = tag("h2", "Learning curves")
    labels = {
        network.name: named(run, network) for network in run.networks if any(trial.curve for trial in network.trials)
    }
    if not labels:
        return tag("section", title, tag("p", "No training has a learning curve yet.", class_="note"))
    caption = "Mean return of the last 100 full games against environment steps."
    if any(len(network.trials) > 1 for network in run.networks):
        caption += " Line: mean over the seeds; band: from the lowest to the highest seed."
    words = tag("div", figures.legend(run, labels), tag("figcaption", caption))
    return tag("section", title, tag("figure", figures.learning_curves(run), words, class_="pair"))


def _trials(run: Run) -> Html:
    first = [(network, trial) for network in run.networks for trial in network.trials]
    trials = first + [(network, trial) for network in run.confirmation for trial in network.trials]
    kinds = [] if run.kind == "study" else known_kinds(run)
    head = [
        "network",
        "seed",
        *(metric.label for metric in METRICS.values()),
        "games",
        "steps",
        *(kind.name for kind in kinds),
        "status",
    ]
    columns = [alike([trial.scores[metric] for _, trial in trials]) for metric in METRICS]
    rows: list[list[str]] = []
    for number, (network, trial) in enumerate(trials):
        # A table does not say how many games a training had.
        games = f"{trial.episodes:,}" if trial.ended and not run.settings.get("table") else NONE
        steps = f"{trial.steps:,}" if trial.ended else NONE
        costs = [kind.text(cost) for kind in kinds if (cost := kind.of(run, network)) is not None]
        own = [column[number] for column in columns]
        seed = f"{trial.seed}" + (" (confirmation)" if number >= len(first) else "")
        rows.append([named(run, network), seed, *own, games, steps, *costs, trial.status])
    best = run.best.name if run.best is not None and run.kind == "study" else None
    marked = [n for n, (network, _) in enumerate(trials) if network.name == best]
    body = table(head, rows, marked=marked) if rows else tag("p", "No training has begun.", class_="note")
    return tag("section", tag("h2", "Every training"), body, tag("p", f"{explained()} {UNITS}", class_="note"))


def _settings(run: Run, command: str) -> Html:
    note = [] if in_catalogue(run.space) or not command else [
        tag("p", f"The space {run.space.name} is not in the catalogue of this version of rlnas: SPACE.toml above "
            "stands for a file with these lines."),
        details("SPACE.toml", tag("pre", dump_toml(run.space))),
    ]  # fmt: skip
    rows = list(flatten({key: value for key, value in run.settings.items() if key != "space"}).items())
    rows += [(f"space.{choice.name}", ", ".join(map(str, choice.options))) for choice in run.space.choices]
    again = [tag("p", tag("code", "rlnas resume RUN"), " continues this run where it stopped.")]
    if command:
        again += [tag("p", "The command that repeats it in a new directory:"), tag("pre", _broken(command))]
    if run.settings.get("start"):
        note.append(tag("p", "That trains from scratch; this training began with weights that a search had fitted."))
    file = "study.json" if run.kind == "study" else "trial.json"
    folded = details(f"All settings ({file})", table(["setting", "value"], [("space", run.space.name), *rows], texts=2))
    return tag("section", tag("h2", "Settings"), *again, join(note), folded)


def _broken(line: str) -> Html:
    """A command line that breaks before its options."""
    first, *options = line.split(" --")
    return join([first, *(piece for option in options for piece in (" ", tag("span", f"--{option}")))])
