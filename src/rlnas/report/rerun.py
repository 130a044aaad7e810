"""The command that does a run again. What `rlnas` makes of it is the run's settings once more (tested)."""

from __future__ import annotations

import shlex
from typing import Any

from rlnas.defaults import BY_KIND, defaults_by_name
from rlnas.report.data import Run
from rlnas.report.formats import exact, flatten
from rlnas.spaces import CATALOGUE, adapt
from rlnas.study.settings import StudySettings
from rlnas.trials.settings import TrialSettings


def in_catalogue(run: Run) -> bool:
    """Whether the run's space is the catalogue's space of that name."""
    name = run.space.name
    return name in CATALOGUE and adapt(CATALOGUE[name](), run.space.input_shape) == run.space


SAID = {"versions", "env", "imports", "space", "architecture", "strategy", "strategy_options", "steps", "train_steps"}
SAID |= {
    "top_k",
    "table",
    "train_seeds",
    "seed",
    "checkpoint_steps",
    "threads",
    "baselines",
    "random_networks",
    "env_settings",
    "ppo",
}
SAID |= {"device", "start"}
"""Settings that `command` writes in a way of their own; any other one is written as an option of its name."""


def command(run: Run) -> str:
    """One command line that says all that decides the result; options at their defaults are left out."""
    chosen = run.settings
    words = ["rlnas", "search" if run.kind == "study" else "train", "--env", run.env]
    words += ["--import", *chosen["imports"]] if chosen["imports"] else []
    words += ["--space", run.space.name if in_catalogue(run) else "SPACE.toml"]
    if run.kind == "trial":
        words += ["--arch", chosen["architecture"], "--steps", exact(chosen["steps"])]
    else:
        words += ["--strategy", chosen["strategy"], *_pairs(run, "--strategy-options", "strategy_options")]
        words += ["--steps", exact(chosen["steps"]), "--train-steps", exact(chosen["train_steps"])]
        words += ["--top-k", str(chosen["top_k"])]
        table = chosen["table"]
        words += ["--table", table["source"]] if table else ["--train-seeds", str(chosen["train_seeds"])]
    words += ["--seed", str(chosen["seed"]), "--checkpoint-steps", exact(chosen["checkpoint_steps"])]
    words += ["--threads", str(chosen["threads"])]
    words += ["--baselines", *chosen["baselines"]] if run.kind == "study" else []
    drawn = chosen.get("random_networks", ())
    words += ["--random-networks", str(len(drawn))] if drawn else []
    words += _pairs(run, "--env-options", "env_settings") + _pairs(run, "--ppo-options", "ppo") + _others(run)
    return shlex.join([*words, "--device", chosen["device"], "--out", "NEW"])


def _others(run: Run) -> list[str]:
    """Settings that have nothing of their own here and are not at their defaults, each as an option of its name."""
    usual = _usual(run)
    words: list[str] = []
    for name, value in run.settings.items():
        if name in SAID or value == usual.get(name):
            continue
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            words.append(f"--{flag}" if value else f"--no-{flag}")
        elif isinstance(value, dict):
            words += [f"--{flag}", *(f"{key}={text}" for key, text in flatten(value).items())]
        else:
            words += [f"--{flag}", *map(str, value if isinstance(value, list) else [value])]
    return words


def _usual(run: Run) -> dict[str, Any]:
    """The settings' defaults."""
    if run.kind == "study":
        return StudySettings(env="", space={}, steps=1, train_steps=1).model_dump(mode="json")
    return TrialSettings(env="", space={}, steps=1, architecture="").model_dump(mode="json")


def _pairs(run: Run, flag: str, group: str) -> list[str]:
    """The options of a group that differ from the defaults, as `name=value`; of a strategy, all."""
    usual = _usual(run)[group]
    known = defaults_by_name(run.env)
    if group in ("env_settings", "ppo"):
        own = "env" if group == "env_settings" else "ppo"
        if known is not None:
            usual |= getattr(known, own)
        else:
            # What the command line would fill in depends on the environment, so it is said.
            usual = {key: value for key, value in usual.items() if not any(key in getattr(k, own) for k in BY_KIND)}
    changed = {key: value for key, value in run.settings[group].items() if key not in usual or usual[key] != value}
    # The command line spells "no value" as none.
    spelled = {key: "none" if value is None else value for key, value in changed.items()}
    return [flag, *(f"{key}={text}" for key, text in flatten(spelled).items())] if spelled else []
