"""A strategy that mixes all kinds of proposals, live, torn and whole."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

import rlnas
from rlnas.spaces import Space
from rlnas.strategies import STRATEGIES, Evaluate, Fit, Outcome, Proposal, Ranked, Strategy, Train

pytestmark = pytest.mark.usefixtures("inline")


class Nothing(BaseModel):
    """No options."""


class Mixed(Strategy):
    """Fits, evaluates, and once trains, in turn."""

    def __init__(self, space: Space, iterations: int, seed: int, settings: BaseModel):
        self.space, self.told = space, 0
        self.paths = list(space)[:6]
        self.scores: dict[str, float] = {}

    @property
    def coverage(self) -> int:
        return len(self.scores)

    def ask(self) -> Proposal | None:
        path = self.paths[self.told // 2 % 6]
        if self.told == 5:
            return Train((path,))
        if self.told == 12:
            return None
        return Evaluate((path,), 2, len(self.scores), 6) if self.told % 2 else Fit(path, 2, fresh=self.told == 4)

    def tell(self, outcome: Outcome) -> None:
        proposal = self.ask()
        if isinstance(proposal, Evaluate):
            self.scores[proposal.paths[0].id] = sum(outcome.returns[0])
        self.told += 1

    def rank(self) -> list[Ranked]:
        found = [Ranked(self.space.architecture(name), score) for name, score in self.scores.items()]
        return sorted(found, key=lambda entry: -entry.proxy)

    def state_dict(self) -> dict[str, Any]:
        return {"told": self.told, "scores": dict(self.scores)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        self.told, self.scores = state["told"], dict(state["scores"])


class Stop(Exception):
    pass


def test_a_strategy_that_mixes_proposals_resumes_with_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(STRATEGIES, "mixed", (Mixed, Nothing))
    arguments = {
        "steps": 12 * 128,
        "train_steps": 512,
        "top_k": 1,
        "baselines": [],
        "device": "cpu",
        "threads": 1,
        "checkpoint_steps": 384,
        "env_options": {"num_envs": 8},
        "ppo_options": {"rollout_steps": 16, "epochs": 1},
    }

    def search(out: str, watch: Any = None) -> rlnas.SearchResult:
        return rlnas.search("MinAtar/Asterix-v1", "minatar-1", "mixed", out=tmp_path / out, watch=watch, **arguments)

    def stop_at(task: str, done: int) -> Any:
        def watch(progress: Any) -> None:
            if progress.task == task and progress.done >= done:
                raise Stop

        return watch

    whole = search("whole")
    assert whole.data["search"]["trained_architectures"] == ["k1=1,k2=3"]
    assert whole.data["search"]["fit_steps"] == 12 * 128
    for task, done in (("fit", 300), ("select", 2), ("fit", 1000)):
        with pytest.raises(Stop):
            search("torn", stop_at(task, done))
    search("torn")
    for name in ("result.json", "search/ranking.json", "search/paths.jsonl", "search/episodes.parquet"):
        assert (tmp_path / "torn" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
