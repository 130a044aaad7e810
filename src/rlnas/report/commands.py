"""The command that does a run again."""

from __future__ import annotations

import shlex

from rlnas.defaults import BY_KIND, defaults_by_name
from rlnas.report.data import Run
from rlnas.report.formats import exact, flatten
from rlnas.spaces import CATALOGUE, adapt
from rlnas.study.settings import StudySettings


def in_catalogue(run: Run) -> bool:
    """Whether the run's space is the catalogue's space of that name."""
    name = run.space.name
    return name in CATALOGUE and adapt(CATALOGUE[name](), run.space.input_shape) == run.space


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
    if run.kind == "study":
        words += ["--threads", str(chosen["threads"]), "--baselines", *chosen["baselines"]]
    words += _pairs(run, "--env-options", "env_settings") + _pairs(run, "--ppo-options", "ppo")
    return shlex.join([*words, "--device", chosen["device"], "--out", "NEW"])


def _pairs(run: Run, flag: str, group: str) -> list[str]:
    """The options of a group that differ from the defaults, as `name=value`; of a strategy, all."""
    usual = StudySettings(env="", space={}, steps=1, train_steps=1).model_dump(mode="json")[group]
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
    pairs = [f"{key}={'none' if run.settings[group][key] is None else text}" for key, text in flatten(changed).items()]
    return [flag, *pairs] if pairs else []
