"""What is trained, counted and exported is the network that its options describe, as if it were declared alone."""

import re

import pytest

import rlnas
from rlnas.spaces import Activation, Conv, Fit, Norm, Readout, Space, load_space

ALONE = {
    "mlp": (load_space("mlp-64-64"), "CartPole-v1", "depth=2,width=64,norm=none,act=tanh"),
    "minatar-2": (
        Space(
            "narrow",
            (4, 10, 10),
            [
                Conv(8, kernel=3, activation="none"),
                Activation(),
                Fit(5, 5),
                Readout(128, "mean", "none"),
                Norm(),
                Activation(),
            ],
        ),
        "MinAtar/Breakout-v1",
        "width=8,kernel=3,stride=1,act=relu,readout=mean,norm=layer",
    ),
}
SMALL = {"rollout_steps": 32, "epochs": 2, "minibatches": 2}


@pytest.mark.parametrize("name", ALONE)
def test_a_searched_network_is_the_same_layers_declared_alone(name, tmp_path):
    alone, env, architecture = ALONE[name]
    runs = [
        rlnas.train(
            env, space, arch, steps=2048, seed=3, out=tmp_path / folder, ppo_options=SMALL, env_options={"num_envs": 8}
        )
        for folder, space, arch in (("searched", name, architecture), ("alone", alone, None))
    ]
    own = {"architecture", "space"}
    found, expected = ({key: value for key, value in run.data.items() if key not in own} for run in runs)
    assert found == expected
    assert found["episodes"] > 10
    sources = [(run.export("torch") / "network.py").read_text() for run in runs]
    found_source, expected_source = (re.sub(r'^""".*?"""', "", source, flags=re.DOTALL) for source in sources)
    assert found_source == expected_source
    assert "F.pad" not in found_source
