"""Whether two trainings had the same settings, across versions of rlnas."""

from collections.abc import Mapping
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, ValidationError

from rlnas.errors import differences

Group = Literal["env_settings", "ppo"]
GROUPS: tuple[Group, ...] = get_args(Group)
"""The settings that an agent is trained with, as tables, searches and studies name them."""


class TableFacts(BaseModel):
    """The types of what a table's settings say; those of the agents are checked where they are compared."""

    model_config = ConfigDict(strict=True, extra="allow")

    env: str
    space: dict[str, Any]
    env_settings: dict[str, Any] = {}
    ppo: dict[str, Any] = {}
    seeds: list[int] = []
    architectures: list[str] = []
    baselines: list[str] = []
    imports: list[str] = []
    versions: dict[str, str] = {}
    steps: int = 1
    checkpoint_steps: int = 1
    device: str = "cpu"
    precision: str = "fp32"


def setting_differences(group: Group, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    """What differs between the settings of two trainings, each in words: `ppo.clip is 0.2 there, not 0.1`.

    A setting that one of them lacks came with a later version of rlnas, and that training did as the default does.
    """
    return [] if old == new else differences(whole_settings(group, old), whole_settings(group, new), group)


def whole_settings(group: Group, values: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with the defaults of all that they lack; as they are where this version does not know one of them."""
    # These packages import torch, which takes seconds; equal settings do not need them.
    from rlnas.algorithms.registry import find_algorithm
    from rlnas.envs import EnvSettings

    model = EnvSettings if group == "env_settings" else find_algorithm(group).settings
    try:
        return model(**values).model_dump(mode="json")
    except ValidationError:
        return dict(values)
