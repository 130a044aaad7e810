"""Networks of rlnas in Stable-Baselines3: a features extractor that takes an architecture as plain data.

Exported agents name it, so it stays where it is, and imports no more than it needs.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from gymnasium import Space as GymSpace
from gymnasium.spaces import Box
from stable_baselines3.common.preprocessing import is_image_space
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from torch import Tensor

from rlnas.envs.gym_spaces import channels_last, find_bounds
from rlnas.errors import UserError
from rlnas.nets import Encoder, Standardize
from rlnas.spaces import Space, adapt, load_space
from rlnas.spaces.choice import Option
from rlnas.user_imports import import_modules


class RlnasExtractor(BaseFeaturesExtractor):
    """The encoder of an architecture, as a features extractor of Stable-Baselines3.

    `policy_kwargs` gives all that a policy needs to know to be the network of rlnas and nothing more. Observations have
    the shape that the space takes, channels first; leave `normalize_images` of the policy as it is.

    Args:
        observation_space: of the environment; Stable-Baselines3 hands it over.
        space: the search space as plain data (`Space.to_dict`, or `space` in `architecture.json`), or its catalogue
            name.
        architecture: its id or a dict of options; `"fixed"` where the space has no choices.
        normalization: `mean`, `deviation` and `clip` of what observations go through first, as in
            `architecture.json`; `None` leaves it to the bounds of the observation space, as a search does.
        imports: the modules that layers of the user's own come from, allowed by name, since they are code.

    Raises:
        UserError: if there is no such space or architecture, or it does not take the observations.
    """

    def __init__(
        self,
        observation_space: GymSpace,
        space: str | Mapping[str, object],
        architecture: str | Mapping[str, Option],
        imports: Sequence[str] = (),
        normalization: Mapping[str, Any] | None = None,
    ):
        import_modules(imports)
        shape = observation_space.shape or ()
        # Else a name would stand for a space of another kind of map.
        first = len(shape) != 3 or shape[0] == shape[-1] or not channels_last(shape)
        known = Space.from_dict(space) if isinstance(space, Mapping) else load_space(space)
        known = adapt(known, shape) if isinstance(space, str) and first else known
        if known.input_shape != shape:
            raise UserError(
                f"space {known.name!r} takes observations of shape {known.input_shape}, but those of the environment "
                f"have the shape {shape}; channels come first (docs/tutorial-sb3.md has wrappers)."
            )
        chosen = known.architecture(architecture)
        super().__init__(observation_space, known.shapes(chosen)[-1][0])
        self.encoder = Encoder(known, chosen)
        self.standardize: Standardize | None = None
        bounds = find_bounds(observation_space) if isinstance(observation_space, Box) else None
        if normalization is None and bounds is not None:
            self.standardize = Standardize.between(bounds.low, bounds.high)
        elif normalization is not None:
            mean, deviation = torch.tensor(normalization["mean"]), torch.tensor(normalization["deviation"])
            clip = normalization["clip"]
            self.standardize = Standardize(mean, deviation, math.inf if clip is None else clip)
        # Stable-Baselines3 scales bytes itself, but only those that it takes for an image.
        scaled = is_image_space(observation_space) or self.standardize is not None
        self.scale = 1.0 if scaled or observation_space.dtype != np.uint8 else 1 / 255

    def forward(self, observations: Tensor) -> Tensor:
        """Features `(batch, features)` of observations `(batch, *shape)`, float32."""
        x = observations * self.scale if self.scale != 1.0 else observations
        return self.encoder(x if self.standardize is None else self.standardize(x))


def policy_kwargs(
    space: str | Space | Mapping[str, object],
    architecture: str | Mapping[str, Option],
    imports: Sequence[str] = (),
    *,
    own_value_encoder: bool = False,
    normalization: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What to hand to `PPO(..., policy_kwargs=...)`, so that the policy has the network of an architecture.

    `net_arch=[]` keeps Stable-Baselines3 from adding two layers of 64 for each head.

    Args:
        space: a catalogue name, a `Space`, or its plain data.
        architecture: its id or a dict of options.
        imports: the modules that layers of the user's own come from, where the space is plain data.
        own_value_encoder: whether the values have an encoder of their own, as with the PPO option
            `value_encoder=own`.
        normalization: see `RlnasExtractor`.
    """
    plain = space.to_dict() if isinstance(space, Space) else space
    chosen = architecture if isinstance(architecture, str) else dict(architecture)
    modules = space.modules if isinstance(space, Space) else tuple(imports)
    arguments = {"space": plain, "architecture": chosen, "normalization": normalization}
    return {
        "features_extractor_class": RlnasExtractor,
        "features_extractor_kwargs": arguments | ({"imports": list(modules)} if modules else {}),
        "share_features_extractor": not own_value_encoder,
        "net_arch": [],
    }
