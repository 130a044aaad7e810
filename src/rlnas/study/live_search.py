"""The live runner: answers proposals with a supernet and with trainings, and keeps the search resumable."""

import json
import traceback
from pathlib import Path
from typing import Any

from rlnas import seeding
from rlnas.errors import EnvironmentFault
from rlnas.files import write_bytes, write_json
from rlnas.spaces import Space
from rlnas.strategies import (
    Fit,
    Outcome,
    Proposal,
    Ranked,
    Train,
    drive,
    make_strategy,
    ranked,
    training_seeds,
)
from rlnas.study.candidates import doubts
from rlnas.study.fitting import SupernetFit
from rlnas.study.networks import NetworkSpec
from rlnas.study.settings import StudySettings
from rlnas.study.trainings import Trainings
from rlnas.trials.backend import Backend
from rlnas.trials.checkpoint import fitting, load_checkpoint, save_checkpoint
from rlnas.trials.metrics import PRIMARY
from rlnas.trials.progress import Watcher
from rlnas.trials.records import Count, Record, checked_record


class SearchState(Record):
    """The plain data in the search's checkpoint."""

    strategy: dict[str, Any]
    supernet: dict[str, Any]
    trained: list[str]
    train_seeds: Count
    training_steps: dict[str, Count] = {}
    pauses: bool = False


class LiveSearch:
    """A search on real environments.

    The strategy, the supernet, its games and its path log are one checkpoint, written between proposals. The supernet
    is built when a proposal first needs it.

    Args:
        path: the folder `search` of a run directory.
        settings: the study's settings.
        trainings: carries out trainings from scratch.
        watch: told of every iteration.
        candidates: the part of the settings' space that is within their limits.
        backend: where the games that rank architectures may be played.
    """

    def __init__(
        self,
        path: Path,
        settings: StudySettings,
        trainings: Trainings,
        watch: Watcher,
        candidates: Space,
        backend: Backend | None = None,
    ):
        self.path, self.file = path, path / "checkpoint.safetensors"
        self.settings, self.trainings, self.watch = settings, trainings, watch
        self.backend = backend
        self.space, self.whole = candidates, settings.load_space()
        self.root = seeding.integer(settings.seed, "search")
        self.strategy = make_strategy(
            settings.strategy, candidates, settings.iterations(settings.steps), self.root, settings.strategy_options
        )
        self.shared: SupernetFit | None = None
        self.trained: dict[str, None] = {}
        self.training_steps: dict[str, int] = {}
        self.pauses = False
        self.last: Proposal | None = None

    def run(self) -> list[Ranked]:
        """Runs the search to its end, or goes on where an earlier process was stopped; returns the ranking.

        Raises:
            UserError: if a checkpoint is not this search's.
            EnvironmentFault: if the environment fails.
        """
        try:
            if self.file.exists():
                self._restore()
            drive(self.strategy, self)
        except EnvironmentFault:  # whose environment it is needs to know the line
            write_bytes(self.path / "fault.log", traceback.format_exc().encode())
            raise
        finally:
            if self.shared is not None:
                self.shared.close()
        ranking = ranked(self.strategy, self.space)
        write_json(self.path / "ranking.json", [{"architecture": r.architecture.id, "proxy": r.proxy} for r in ranking])
        if self.shared is not None:
            self.shared.games.write(self.path / "episodes.parquet")
        return ranking

    def answer(self, proposal: Proposal) -> Outcome:
        """See `Runner.answer`."""
        self.last = proposal
        if isinstance(proposal, Train):
            return self._train(proposal)
        shared = self._supernet()
        return shared.fit(proposal) if isinstance(proposal, Fit) else shared.evaluate(proposal)

    def _train(self, proposal: Train) -> Outcome:
        seeds = training_seeds(proposal, self.settings.training_seeds, self.settings.train_steps)
        networks = [NetworkSpec(a.id, self.whole, a.id) for a in proposal.architectures]
        self.trained |= dict.fromkeys(network.name for network in networks)
        self.pauses |= proposal.steps is not None or proposal.seeds is not None
        found = self.trainings.run(networks, seeds, proposal.steps)
        for result in (result for results in found for result in results):
            key = f"{result.architecture} seed-{result.seed}"
            self.training_steps[key] = max(result.steps, self.training_steps.get(key, 0))
        returns, means = (
            tuple(_scores([result.scores[metric] for result in results]) for results in found)
            for metric in (PRIMARY, "reward_mean")
        )
        return Outcome(returns, reward_means=means)

    def _supernet(self) -> SupernetFit:
        if self.shared is None:
            self.shared = SupernetFit(self.settings, self.root, self.watch, self.backend)
            self.shared.begin(self.path)
        return self.shared

    def told(self) -> None:
        """Writes a checkpoint where one is due; there the environments restart."""
        if self.shared is None:
            self._checkpoint()
        elif not isinstance(self.last, Fit) or self.shared.checkpoint_due:
            self.shared.begin_checkpoint()
            self._checkpoint()
            self.shared.go_on()

    def start(self, network: NetworkSpec) -> bytes:
        """What the trainings of a network start from, if they are not to start from scratch."""
        return self._supernet().start(self.space.architecture(network.architecture))

    def cost(self) -> dict[str, Any]:
        """Environment steps of the fit and of the evaluations, what was evaluated and trained, and remarks."""
        nothing = {"fit_steps": 0, "evaluated_architectures": 0, "evaluation_steps": 0}
        taken, own = (self.shared.cost(), self.shared.remarks()) if self.shared else (nothing, [])
        remarks = [*doubts(self.settings, self.strategy, self.space), *self.strategy.remarks(), *own]
        # Where all were trained to their end with all seeds, the steps follow from the settings.
        steps = {"training_steps": sum(self.training_steps.values())} if self.pauses else {}
        return {**taken, "trained_architectures": list(self.trained), **steps, "remarks": remarks}

    def _checkpoint(self) -> None:
        tensors, data = self.shared.state_dict() if self.shared else ({}, {})
        if self.shared is not None:
            lines = "".join(json.dumps(entry) + "\n" for entry in self.shared.paths)
            write_bytes(self.path / "paths.jsonl", lines.encode())
        plain = {
            "strategy": self.strategy.state_dict(),
            "supernet": data,
            "trained": list(self.trained),
            "train_seeds": self.settings.train_seeds,
            "training_steps": self.training_steps,
            "pauses": self.pauses,
        }
        save_checkpoint(self.file, self.settings.fingerprint, tensors, plain)

    def _restore(self) -> None:
        tensors, data = load_checkpoint(self.file, self.settings.fingerprint)
        state = checked_record(SearchState, data, self.file)
        if state.trained and state.train_seeds != self.settings.train_seeds:
            return  # what trainings with fewer seeds decided is decided anew
        with fitting(self.file):
            self.strategy.load_state_dict(state.strategy)
        self.trained = dict.fromkeys(state.trained)
        self.training_steps, self.pauses = dict(state.training_steps), state.pauses
        if state.supernet:
            self.shared = SupernetFit(self.settings, self.root, self.watch, self.backend)
            self.shared.load_state_dict(self.file, tensors, state.supernet)
            self.shared.begin(self.path)


def _scores(found: list[float | None]) -> tuple[float, ...]:
    """What a strategy is told of an architecture's trainings: nothing unless each has a score."""
    known = tuple(score for score in found if score is not None)
    return known if len(known) == len(found) else ()
