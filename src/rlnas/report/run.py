"""The report of a study or a trial, section by section."""

import statistics
from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from markupsafe import Markup, escape

from rlnas.analysis.costs import COSTS, pareto_front
from rlnas.analysis.proxies import ROOT, Truth, proxy_quality
from rlnas.quantity import plural
from rlnas.report import run_figures as charts
from rlnas.report.comparison_tables import cost_text
from rlnas.report.drawing import drawing
from rlnas.report.formats import NONE, alike, big, difference, estimate, milliseconds, score, spread
from rlnas.report.headline import Lead, headline, interquartile, lead
from rlnas.report.layers import choice_list, layer_table
from rlnas.report.read_run import Run
from rlnas.report.sections import Block, Cell, Column, Document, Figure, Group, Prose, Section, Table, Tile, notes
from rlnas.spaces import in_catalogue
from rlnas.spaces.toml import dump_toml
from rlnas.spaces.words import flatten
from rlnas.stats.agreement import correlation
from rlnas.trials.metrics import METRICS, PRIMARY, explained, learning_curve
from rlnas.trials.results import NetworkResult

COLUMNS = ("interquartile mean", "confirmed", "best minus this", "best is better")
"""Of the table of networks, between the score and the costs; `notes` says how to read each."""
FEW_CHOICES = 6  # up to which choices are listed unfolded
ENOUGH = 5  # architectures from which on a rank correlation is shown
OPEN = 30  # architectures up to which the table of all is unfolded


def report(run: Run, command: str = "") -> Document:
    """All that is written of a run; `command` is the command line that repeats it."""
    words = headline(run)
    opening: list[Block] = []
    if run.kind == "study" and run.best is not None:
        tiles = [_tile(run, run.best, "best found", "best")]
        tiles += [_tile(run, network, "hand-made") for network in run.baselines if network is not run.best]
        opening.append(Group(tiles, style="tiles"))
    opening += [Prose(words.budget), Prose(words.evidence, style="sure"), Prose(items=words.warnings, style="warnings")]
    return Document("report", run.kind, words.title, opening, list(_sections(run, command)))


def _sections(run: Run, command: str) -> Iterator[Section]:
    yield _architecture(run)
    yield _curves(run)
    if run.kind == "study":
        yield _networks(run)
        yield _search(run)
    yield _trials(run)
    yield _settings(run, command)


def text_table(head: Sequence[str], rows: Sequence[Sequence[str]], texts: int = 1, marked: Sequence[int] = ()) -> Table:
    """A table of texts."""
    cells = tuple(tuple(map(Cell, row)) for row in rows)
    return Table(tuple(Column(one, ()) for one in head), cells, texts=texts, marked=tuple(marked))


def _note(text: str) -> Prose:
    return Prose(text, style="note")


def _tile(run: Run, chosen: NetworkResult, what: str, style: str = "") -> Tile:
    network = run.confirmed(chosen)
    text = "total reward"
    if network is not chosen or network.deviation is not None:
        text += f", {plural(len(network.scores()), 'seed' if network is chosen else 'confirmation seed')}"
    if network.deviation is not None:
        text += ": mean ± standard deviation"
    if (middle := interquartile(network)) is not None:
        text += f"; interquartile mean {estimate(middle, network.score)}"
    others = [f"; {metric.label} {score(network.mean(name))}" for name, metric in METRICS.items() if name != PRIMARY]
    text += f"{''.join(others)}; {big(network.parameters)} parameters"
    value = spread(network.score, network.deviation) if network.score is not None else "no score"
    return Tile(f"{what}: {network.name}", value, text, style)


def _architecture(run: Run) -> Section:
    shown = [run.best] if run.best is not None else []
    shown += [network for network in run.baselines if network not in shown]
    if not shown:
        return Section("Architecture", [_note("No architecture has been trained yet.")])
    maps = "Shapes are channels × height × width; their" if len(run.space.input_shape) == 3 else "The"
    choice = "Blue and starred: chosen by the search. " if run.kind == "study" else "Blue: one of several options. "
    note = _note(f"{choice if run.space.choices else ''}{maps} pictures are on a log scale.")
    return Section("Architecture", [note, Group([_drawn(run, network) for network in shown], style="pair")])


def _drawn(run: Run, network: NetworkResult) -> Group:
    """One network: its choices, its drawing, and its layers in numbers."""
    space = run.spaces[network.name]
    name = space.architecture(network.architecture).id
    kind = "" if run.kind == "trial" else "Best found: " if network is run.best else "Hand-made: "
    blocks: list[Block] = [Prose(drawing(space, name))]
    blocks.append(Group([layer_table(space, name)], "The layers in numbers", "folded"))
    if space.choices:
        style = "open" if len(space.choices) <= FEW_CHOICES else "folded"
        blocks.insert(0, Group([choice_list(space, name)], "Every choice and its options", style))
    return Group(blocks, kind + network.name)


def _curves(run: Run) -> Section:
    labels = {one.name: label(run, one) for one in run.networks if any(trial.curve for trial in one.trials)}
    if not labels:
        return Section("Learning curves", [_note("No training has a learning curve yet.")])
    caption = "Mean return of the last 100 full games against environment steps."
    if any(len(network.trials) > 1 for network in run.networks):
        caption += " Line: mean over the seeds; band: from the lowest to the highest seed."
    draw, legend = partial(charts.learning_curves, run), charts.legend(run, labels)
    return Section("Learning curves", [Figure(draw, "curves", "Learning curves", caption, legend)])


def label(run: Run, network: NetworkResult) -> str:
    """A network's name and its roles in the run."""
    if run.kind == "trial":
        return network.name
    best = run.best is not None and network.name == run.best.name
    roles = [("best", best), ("hand-made", network.baseline), ("random", network.random)]
    held = ", ".join(role for role, holds in roles if holds)
    return network.name + (f" ({held})" if held else "")


def _cost(run: Run, network: NetworkResult, kind: str) -> float | None:
    known = {"parameters": network.parameters, "multiply-adds": network.multiply_adds}
    return known.get(kind, run.latency.get(network.name))


def _known_costs(run: Run) -> dict[str, charts.Points]:
    """For each kind of cost that is known, the networks that have it and a score."""
    found: dict[str, charts.Points] = {}
    for kind in COSTS:
        costs = [(_cost(run, network, kind), network) for network in run.networks]
        if any(cost is not None for cost, _ in costs):
            found[kind] = [(cost, one) for cost, one in costs if cost is not None and one.score is not None]
    return found


def _networks(run: Run) -> Section:
    """All networks of a study, their scores and their costs."""
    title = "Networks: score and cost"
    if not run.networks:
        return Section(title, [_note("No training has begun.")])
    costs = _known_costs(run)
    panels = []
    for kind, points in costs.items():
        draw, what = partial(charts.score_against_cost, run, kind, points), f"Total reward against {kind}"
        panels += [Figure(draw, f"cost-{kind}", what, f"{what}.")] if points else []
    told = ["Total reward: mean over the training seeds, ± their standard deviation."]
    told += [notes(f"column_{name.replace(' ', '_')}") for name in _comparison_columns(run)]
    latency = " Latency is measured, on the machine of the search." if run.latency else ""
    blocks: list[Block] = [_network_table(run, costs), Group(panels, style="pair"), _note(" ".join(told))]
    return Section(title, [*blocks, _note(notes("pareto") + latency)])


def _network_table(run: Run, costs: dict[str, charts.Points]) -> Table:
    """Every network: its score, how far the best is ahead of it, and its costs."""
    fronts = {}
    for kind, points in costs.items():
        front = pareto_front([(cost, network.score or 0.0) for cost, network in points])
        fronts[kind] = {points[place][1].name for place in front}
    columns = _comparison_columns(run)
    rows = []
    for network in run.networks:
        found, of = _lead(run, network)
        again = run.confirmed(network)
        texts = {
            "interquartile mean": estimate(interquartile(network), network.score),
            "confirmed": NONE if again is network or again.score is None else spread(again.score, again.deviation),
            "best minus this": difference(found.gap, of) if found else NONE,
            "best is better": estimate(found.better if found else None),
        }
        row = [label(run, network), spread(network.score, network.deviation), *(texts[name] for name in columns)]
        row += [cost_text(kind, _cost(run, network, kind), network.name in fronts[kind]) for kind in costs]
        rows.append(row)
    marked = [number for number, network in enumerate(run.networks) if network is run.best]
    return text_table(["network", "total reward", *columns, *costs], rows, marked=marked)


def _lead(run: Run, network: NetworkResult) -> tuple[Lead | None, float]:
    """The lead of the best over a network, and the best's score in that comparison."""
    best = run.best
    if best is None or network is best:
        return None, 0.0
    if run.confirmed(network) is not network:
        best, network = run.confirmed(best), run.confirmed(network)
    return lead(best, network), best.score or 0.0


def _comparison_columns(run: Run) -> list[str]:
    """Those of `COLUMNS` that have something to say: some need several seeds."""
    known = {
        "interquartile mean": any(interquartile(network) for network in run.networks),
        "confirmed": any(run.confirmed(network) is not network for network in run.networks),
        "best is better": any(len(network.trials) > 1 for network in run.networks),
    }
    return [name for name in COLUMNS if known.get(name, True)]


def _search(run: Run) -> Section:
    """The proxy ranking, the supernet, and every architecture that the search ranked."""
    left: list[Block] = []
    if charts.trained_points(run):
        scatter = partial(charts.proxy_scatter, run)
        left.append(Figure(scatter, "scatter", "Proxy against true performance", _about_proxy(run)))
    curve = learning_curve(*run.games)
    if curve[0]:
        caption = "The supernet: mean return of the last 100 games, over all paths."
        left.append(Figure(partial(charts.supernet_curve, curve), "fit", "Learning curve of the supernet", caption))
    if not run.ranking:
        left = left or [_note("The search has written no results yet.")]
        return Section("Search", [*left, _note(_about_fits(run))])
    bars = Figure(partial(charts.ranking_bars, run), "bars", "Proxy ranking", _about_ranking(run))
    panels = Group([Group(left), Group([bars])], style="pair")
    return Section("Search", [panels, _note(_about_fits(run)), _ranking_table(run)])


def _about_proxy(run: Run) -> str:
    """What the chart of proxy and true performance shows, and what it cannot show."""
    pairs = [(proxy, network.score) for proxy, network in charts.trained_points(run) if network.score is not None]
    words = "Proxy against true performance of the trained networks."
    if any(len(network.scores()) > 1 for network in run.networks):
        words += " Dot: mean over the seeds; bar: from the lowest to the highest seed."
    if pairs and all(first == second for first, second in pairs):
        return words + " Here the proxy is the true performance itself."
    if run.truth is not None:
        return f"{words} Pale: the others, by the table. {_about_quality(run, run.truth)}"
    if len(pairs) >= ENOUGH:
        one, other = np.array(pairs).T
        found = correlation(one, other, "kendall", seed=ROOT)
        words += f" Kendall's tau of these {len(pairs)}: {estimate(found)} (95% bootstrap interval)."
    return words + " These are the top of the ranking only; they do not show how the proxy ranks the whole space."


def _about_quality(run: Run, truth: Truth) -> str:
    """The quality of the proxy ranking, where the true performance of all is known."""
    top_k = int(run.settings["top_k"])
    found = proxy_quality(run.ranking, top_k, run.best.name if run.best else None, truth)
    words = (
        f"Over the {plural(len(run.ranking), 'architecture')} that the search ranked, proxy and true performance have "
        f"a Kendall correlation of {estimate(found.kendall)} and a Spearman correlation of {estimate(found.spearman)} "
        "(95% bootstrap intervals)."
    )
    if found.ceiling is not None:
        words += f" One whole training of each has {found.ceiling.mean:.2f} (Kendall) with the mean of the other seeds."
    words += f" Of the top {top_k}, {found.hits} {'is' if found.hits == 1 else 'are'} among the true top {top_k}."
    if found.rank is not None and found.regret is not None:
        words += f" The best found has rank {found.rank} of {len(truth.names)}, {score(found.regret)} below the best."
    return words


def _about_ranking(run: Run) -> str:
    top = int(run.settings["top_k"])
    words = f"Proxy ranking; the top {top}, which are trained, in blue."
    if len(run.ranking) > charts.BARS:
        words = f"The first {charts.BARS} of {len(run.ranking):,} in the proxy ranking; the top {top} in blue."
    if run.paths:
        words += " At each bar: how often the path was trained in the supernet."
    if any(charts.short_name(run, name) != name for name, _ in run.ranking[: charts.BARS]):
        words += " # is the rank; the table below has the full names."
    if len(run.ranking) > top and run.ranking[top - 1][1] == run.ranking[top][1]:
        tied = sum(value == run.ranking[top][1] for _, value in run.ranking)
        words += f" {tied} architectures share the proxy score at the cut, so which of them was trained is arbitrary."
    return words


def _about_fits(run: Run) -> str:
    if not run.paths:
        return ""
    counts = [run.fitted[architecture.id] for architecture in run.space] if run.space.size <= 10_000 else []
    if not counts:
        return f"{len(run.paths):,} fits of {len(run.fitted):,} different paths."
    return (
        f"{plural(len(run.paths), 'fit')} over {plural(len(counts), 'path')}: each {min(counts)} to {max(counts)} "
        f"times, median {statistics.median(counts):g}; {plural(counts.count(0), 'path')} never fitted."
    )


def _ranking_table(run: Run) -> Group:
    trained = {network.name: network for network in run.networks}
    proxies = alike([proxy for _, proxy in run.ranking])
    rows = []
    for rank, (name, _) in enumerate(run.ranking, 1):
        cost = run.space.cost(run.space.architecture(name))
        row = [name, str(rank), proxies[rank - 1], *([str(run.fitted[name])] if run.paths else [])]
        if name in trained:
            row.append(spread(trained[name].score, trained[name].deviation))
        else:
            row.append(score(run.truth.means[name]) if run.truth is not None else "")
        row += [f"{cost.parameters:,}", big(cost.multiply_adds)]
        row += [milliseconds(run.latency.get(name))] if run.latency else []
        rows.append(row)
    best = [rank for rank, (name, _) in enumerate(run.ranking) if run.best is not None and name == run.best.name]
    head = ["architecture", "rank", "proxy", *(["times fitted"] if run.paths else []), "total reward", "parameters"]
    head += ["multiply-adds", *(["latency"] if run.latency else [])]
    count = f"{len(rows):,} of the {run.space.size:,} architectures" if run.space.size < 10**9 else f"{len(rows):,}"
    title = f"Every architecture that the search ranked ({count})"
    return Group([text_table(head, rows, marked=best)], title, "open" if len(rows) <= OPEN else "folded")


def _trials(run: Run) -> Section:
    first = [(network, trial) for network in run.networks for trial in network.trials]
    trials = first + [(network, trial) for network in run.confirmation for trial in network.trials]
    kinds = [] if run.kind == "study" else list(_known_costs(run))
    names = [metric.label for metric in METRICS.values()]
    head = ["network", "seed", *names, "games", "steps", *kinds, "status"]
    columns = [alike([trial.scores[metric] for _, trial in trials]) for metric in METRICS]
    rows = []
    for number, (network, trial) in enumerate(trials):
        # A table does not say how many games a training had.
        games = f"{trial.episodes:,}" if trial.ended and not run.settings.get("table") else NONE
        steps = f"{trial.steps:,}" if trial.ended else NONE
        costs = [cost_text(kind, _cost(run, network, kind)) for kind in kinds]
        seed = f"{trial.seed}" + (" (confirmation)" if number >= len(first) else "")
        own = [values[number] for values in columns]
        rows.append([label(run, network), seed, *own, games, steps, *costs, trial.status])
    best = run.best.name if run.best is not None and run.kind == "study" else None
    marked = [n for n, (network, _) in enumerate(trials) if network.name == best]
    body = text_table(head, rows, marked=marked) if rows else _note("No training has begun.")
    return Section("Every training", [body, _note(f"{explained()} {notes('units')}")])


def _settings(run: Run, command: str) -> Section:
    blocks: list[Block] = [Prose(Markup("<code>rlnas resume RUN</code> continues this run where it stopped."))]
    if command:
        blocks.append(Prose("The command that repeats it in a new directory:"))
        blocks.append(Prose(_breakable_command(command), style="code"))
    if command and not in_catalogue(run.space):
        space = f"The space {run.space.name} is not in the catalogue of this version of rlnas"
        blocks.append(Prose(f"{space}: SPACE.toml above stands for a file with these lines."))
        blocks.append(Group([Prose(dump_toml(run.space), style="code")], "SPACE.toml", "folded"))
    if run.settings.get("start"):
        blocks.append(Prose("The command trains from scratch; this training began with the weights of a supernet."))
    rows = list(flatten({key: value for key, value in run.settings.items() if key != "space"}).items())
    rows += [(f"space.{choice.name}", ", ".join(map(str, choice.options))) for choice in run.space.choices]
    table = text_table(["setting", "value"], [("space", run.space.name), *rows], texts=2)
    file = "study.json" if run.kind == "study" else "trial.json"
    return Section("Settings", [*blocks, Group([table], f"All settings ({file})", "folded")])


def _breakable_command(line: str) -> Markup:
    """A command line that breaks before its options."""
    first, *options = line.split(" --")
    return Markup(" ").join([escape(first), *(Markup("<span>--{}</span>").format(option) for option in options)])
