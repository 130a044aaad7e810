"""The page: sections in the order in which a reader asks."""

from __future__ import annotations

import statistics
from html import escape
from importlib import resources

from rlnas.report import figures
from rlnas.report.commands import command, in_catalogue
from rlnas.report.data import Entrant, Run
from rlnas.report.formats import NONE, big, flatten, plural, score, spread
from rlnas.report.headline import Headline, headline
from rlnas.report.layers import layer_table
from rlnas.report.markup import Html, details, join, table, tag
from rlnas.study.metrics import learning_curve

METRICS = (
    "Total reward: the mean unclipped return of the last 100 full games of training (of all, where there are fewer). "
    "Reward mean: for each of these games the mean return of all games finished by then, and the mean of these "
    "numbers; it rewards learning early. Both are from section 5.3 of Mazyavkina et al., “Optimizing the Neural "
    "Architecture of Reinforcement Learning Agents”. A step is one action of one environment; parameters and "
    "multiply-adds (one observation) are the encoder's, heads left out."
)


def page(run: Run) -> str:
    """The whole report of a run."""
    words = headline(run)
    sections = [_top(run, words), _architecture(run), _curves(run)]
    if run.kind == "study":
        sections.append(_search(run))
    sections += [_trials(run), _settings(run)]
    return document(words.title, *sections)


def document(heading: str, *sections: Html) -> str:
    """A self-contained page in the report's style."""
    style = resources.files("rlnas.report").joinpath("page.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        Html('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        tag("title", Html(escape(heading))),
        tag("style", Html(style)),
    )
    body = tag("body", tag("main", *sections))
    return f'<!DOCTYPE html>\n<html lang="en">{head}\n{body}</html>\n'


def _top(run: Run, words: Headline) -> Html:
    found = [tag("p", f"rlnas {run.kind}", class_="kind"), tag("h1", words.title)]
    if run.kind == "study" and run.best is not None:
        others = [entrant for entrant in run.baselines if entrant is not run.best]
        found.append(tag("div", _tile(run.best, "best found", "best"), *(_tile(e, "hand-made") for e in others),
                         class_="tiles"))  # fmt: skip
    found.append(tag("p", words.lead))
    if words.sure:
        found.append(tag("p", words.sure, class_="sure"))
    if words.warnings:
        found.append(tag("ul", *(tag("li", warning) for warning in words.warnings), class_="warnings"))
    return tag("section", *found)


def _tile(entrant: Entrant, what: str, classes: str = "tile") -> Html:
    cost = entrant.space.cost(entrant.space.architecture(entrant.architecture))
    score_text = spread(entrant.score, entrant.deviation) if entrant.score is not None else "no score"
    small = f"total reward; reward mean {score(entrant.reward_mean)}; {big(cost.parameters)} parameters"
    return tag("div", tag("dl", tag("dt", f"{what}: {entrant.name}"), tag("dd", score_text, class_="value"),
                          tag("dd", small)), class_=classes)  # fmt: skip


def _architecture(run: Run) -> Html:
    shown = [run.best] if run.best is not None else []
    shown += [entrant for entrant in run.baselines if entrant not in shown]
    if not shown:
        return tag(
            "section", tag("h2", "Architecture"), tag("p", "No architecture has been trained yet.", class_="note")
        )
    parts = [
        tag("div", tag("h3", _kind(run, entrant) + entrant.name), layer_table(entrant.space, entrant.architecture))
        for entrant in shown
    ]
    note = "Blue: chosen by the search; shapes are channels × height × width." if run.space.choices else ""
    return tag("section", tag("h2", "Architecture"), tag("p", note, class_="note"), tag("div", *parts, class_="pair"))


def _kind(run: Run, entrant: Entrant) -> str:
    if run.kind == "trial":
        return ""
    return "Best found: " if entrant is run.best else "Hand-made: "


def _curves(run: Run) -> Html:
    title = tag("h2", "Learning curves")
    labels = {
        entrant.name: entrant.name + _role(run, entrant)
        for entrant in run.entrants
        if any(trial.curve for trial in entrant.trials)
    }
    if not labels:
        return tag("section", title, tag("p", "No training has a learning curve yet.", class_="note"))
    caption = "Mean return of the last 100 full games against environment steps."
    if any(len(entrant.trials) > 1 for entrant in run.entrants):
        caption += " Line: mean over the seeds; band: from the lowest to the highest seed."
    words = tag("div", figures.legend(run, labels), tag("figcaption", caption))
    return tag("section", title, tag("figure", figures.learning_curves(run), words, class_="pair"))


def _role(run: Run, entrant: Entrant) -> str:
    if run.kind == "trial":
        return ""
    roles = [role for role, holds in (("best", entrant is run.best), ("hand-made", entrant.baseline)) if holds]
    return f" ({', '.join(roles)})" if roles else ""


def _search(run: Run) -> Html:
    left = []
    scatter = figures.proxy_scatter(run)
    if scatter is not None:
        caption = (
            "Proxy against true performance of what was trained from scratch. These are the top of the ranking only, "
            "so they do not show how well the proxy ranks the whole space."
        )
        left.append(tag("figure", scatter, tag("figcaption", caption)))
    steps, means = learning_curve(*run.games)
    if steps:
        caption = "The fit of the supernet: mean return of the last 100 games, whatever path played them."
        left.append(tag("figure", figures.fit_curve((steps, means)), tag("figcaption", caption)))
    right = []
    if run.ranking:
        right.append(tag("figure", figures.ranking_bars(run), tag("figcaption", _ranking_caption(run))))
    if not left and not right:
        left.append(tag("p", "The search has written no results yet.", class_="note"))
    columns = tag("div", tag("div", *left), tag("div", *right), class_="pair")
    return tag("section", tag("h2", "Search"), columns, tag("p", _fits(run), class_="note"), _ranking_table(run))


def _ranking_caption(run: Run) -> str:
    top = int(run.settings["top_k"])
    words = f"Proxy ranking; the top {top}, which are trained from scratch, in blue."
    if len(run.ranking) > figures.BARS:
        words = f"The first {figures.BARS} of {len(run.ranking):,} in the proxy ranking; the top {top} in blue."
    if run.paths:
        words += " At each bar: how often the path was fitted."
    if any(figures.short(run, name) != name for name, _ in run.ranking[: figures.BARS]):
        words += " # is the rank; the table below has the full names."
    if len(run.ranking) > top and run.ranking[top - 1][1] == run.ranking[top][1]:
        tied = sum(value == run.ranking[top][1] for _, value in run.ranking)
        words += f" {tied} architectures share the proxy score at the cut, so which of them was trained is arbitrary."
    return words


def _fits(run: Run) -> str:
    if not run.paths:
        return ""
    counts = [run.fitted[architecture.id] for architecture in run.space] if run.space.size <= 10_000 else []
    if not counts:
        return f"{len(run.paths):,} fits of {len(run.fitted):,} different paths."
    return (
        f"{plural(len(run.paths), 'fit')} over {plural(len(counts), 'path')}: each {min(counts)} to {max(counts)} "
        f"times, median {statistics.median(counts):g}; {plural(counts.count(0), 'path')} never fitted."
    )


def _ranking_table(run: Run) -> Html:
    if not run.ranking:
        return Html("")
    true = {entrant.name: entrant for entrant in run.entrants}
    rows = [
        [
            name,
            str(rank),
            score(proxy),
            str(run.fitted[name]) if run.paths else NONE,
            spread(true[name].score, true[name].deviation) if name in true else "",
        ]
        for rank, (name, proxy) in enumerate(run.ranking, 1)
    ]
    best = [rank for rank, (name, _) in enumerate(run.ranking) if run.best is not None and name == run.best.name]
    head = ["architecture", "rank", "proxy", "times fitted", "total reward"]
    return details(f"All {len(rows):,} architectures", table(head, rows, marked=best))


def _trials(run: Run) -> Html:
    head = ["network", "seed", "total reward", "reward mean", "games", "steps", "parameters", "multiply-adds", "status"]
    rows: list[list[str]] = []
    marked: list[int] = []
    for entrant in run.entrants:
        cost = entrant.space.cost(entrant.space.architecture(entrant.architecture))
        for trial in entrant.trials:
            if entrant is run.best and run.kind == "study":
                marked.append(len(rows))
            numbers = [score(trial.total_reward), score(trial.reward_mean)]
            begun = trial.status in ("done", "failed")
            numbers += [f"{trial.episodes:,}", f"{trial.steps:,}"] if begun else [NONE, NONE]
            costs = [f"{cost.parameters:,}", big(cost.multiply_adds)]
            rows.append([entrant.name + _role(run, entrant), str(trial.seed), *numbers, *costs, trial.status])
    body = table(head, rows, marked=marked) if rows else tag("p", "No training has begun.", class_="note")
    return tag("section", tag("h2", "Every training"), body, tag("p", METRICS, class_="note"))


def _settings(run: Run) -> Html:
    note = [] if in_catalogue(run) else [
        tag("p", f"The space {run.space.name} is not in the catalogue of this version of rlnas: the file that declares "
            f"it is needed (SPACE.toml above); {run.kind}.json holds it too.")
    ]  # fmt: skip
    rows = list(flatten({key: value for key, value in run.settings.items() if key != "space"}).items())
    rows += [(f"space.{choice.name}", ", ".join(map(str, choice.options))) for choice in run.space.choices]
    resume = tag("p", "In this run's directory, ", tag("code", "rlnas resume RUN"), " goes on where it stopped and "
                 "repeats nothing. To do it all again in a new directory:")  # fmt: skip
    file = "study.json" if run.kind == "study" else "trial.json"
    folded = details(f"All settings ({file})", table(["setting", "value"], [("space", run.space.name), *rows], texts=2))
    return tag("section", tag("h2", "Settings"), resume, tag("pre", _broken(command(run))), join(note), folded)


def _broken(line: str) -> Html:
    """A command line that breaks before its options."""
    first, *options = line.split(" --")
    return join([first, *(piece for option in options for piece in (" ", tag("span", f"--{option}")))])
