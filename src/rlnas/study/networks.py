"""Which networks are trained from scratch: those that a search puts forward, hand-made and random ones."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rlnas.errors import UserError, unknown
from rlnas.spaces import CATALOGUE, FIXED_ID, Space, adapt, load_space
from rlnas.study.settings import StudySettings
from rlnas.trials.backend import Trial
from rlnas.trials.records import NAME
from rlnas.trials.settings import TrialSettings
from rlnas.trials.warm_start import checksum

MAX_FOLDER_NAME = 200


@dataclass(frozen=True)
class NetworkSpec:
    """A network to train from scratch; it may be a candidate of the search, hand-made and random at once."""

    name: str  # what results and folders call it: the architecture's id; the space's name for a hand-made network
    space: Space
    architecture: str  # its id within that space
    candidate: bool = False
    baseline: bool = False
    random: bool = False
    # The weights that its trainings start from (`rlnas.trials.warm_start`); none for trainings from scratch.
    start: bytes = field(default=b"", repr=False)

    def folder(self, run: Path, seed: int) -> Path:
        """The directory of its trial with a seed."""
        return run / "trials" / folder_name(self.name) / f"seed-{seed}"

    def training(self, run: Path, settings: TrialSettings, until: int | None = None) -> Trial:
        """Its training in the directory of a study or a table."""
        own = settings.model_copy(update={"start": checksum(self.start)})
        return Trial(self.folder(run, settings.seed), own, f"{self.name} seed-{settings.seed}", until)


def folder_name(name: str) -> str:
    """A folder's name for an architecture: its id, cut and with a hash where file systems would not take it.

    Raises a `UserError` if it is no name of a network, but leads elsewhere, say: it may be from a stranger's file.
    """
    if not re.fullmatch(NAME, name):
        raise UserError(f"{name!r} is not the name of a network.")
    if len(name) <= MAX_FOLDER_NAME:
        return name
    return f"{name[: MAX_FOLDER_NAME - 17]}-{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def architecture_network(name: str, space: Space) -> NetworkSpec:
    """The network of an architecture's id in `space`."""
    own = space.architecture(name).id
    return NetworkSpec(own, space, own)


def find_baseline(name: str, space: Space) -> NetworkSpec:
    """The hand-made network of a name: a catalogue space without choices, or an architecture's id in `space`.

    Raises a `UserError` if there is none.
    """
    if name in CATALOGUE and not load_space(name).choices:
        return NetworkSpec(name, adapt(load_space(name), space.input_shape), FIXED_ID, baseline=True)
    if "=" not in name:
        fixed = [known for known in CATALOGUE if not load_space(known).choices]
        raise unknown("hand-made network", name, [*fixed, f"an architecture's id such as {next(iter(space)).id}"])
    return replace(architecture_network(name, space), baseline=True)


def networks_to_train(ranked: Sequence[str], settings: StudySettings, space: Space) -> list[NetworkSpec]:
    """The top K of a ranking, the hand-made networks and the random ones; one that is several of these trains once.

    `ranked` are ids of architectures, best first; `space` is the study's.
    """
    found: dict[str, NetworkSpec] = {}
    for name in ranked[: settings.top_k]:
        own = architecture_network(name, space)
        found[own.name] = replace(own, candidate=True)
    for name in settings.baselines:
        own = find_baseline(name, space)
        found[own.name] = replace(found.get(own.name, own), baseline=True)
    for name in settings.random_networks:
        own = architecture_network(name, space)
        found[own.name] = replace(found.get(own.name, own), random=True)
    return list(found.values())


def networks_to_confirm(best: str, networks: Sequence[NetworkSpec]) -> list[NetworkSpec]:
    """Those that train with the confirmation seeds: the best, first, and the hand-made."""
    found = [network for network in networks if network.name == best or network.baseline]
    return sorted(found, key=lambda network: network.name != best)
