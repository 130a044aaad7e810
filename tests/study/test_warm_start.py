"""Trainings that start from the supernet's weights."""

import json
import shutil

import pytest
import torch

import rlnas
from rlnas.algorithms.algorithm import below
from rlnas.errors import UserError
from rlnas.nets import Heads, Supernet
from rlnas.spaces import Choice, Linear, Space
from rlnas.study import StudySettings, load_network
from rlnas.trials.checkpoint import load_checkpoint, pack
from rlnas.trials.run_directory import fingerprint
from rlnas.trials.warm_start import checksum, unpack

pytestmark = pytest.mark.usefixtures("inline")

OPTIONS = {
    "steps": 2048,
    "train_steps": 256,
    "top_k": 1,
    "threads": 1,
    "checkpoint_steps": 1024,
    "strategy_options": {"eval_episodes": 1, "eval_batch": 27},
    "ppo_options": {"rollout_steps": 32, "epochs": 1, "normalize_observations": True},
    "env_options": {"num_envs": 4},
}


def search(out, **options):
    return rlnas.search("CartPole-v1", "mlp", out=out, **{**OPTIONS, **options})


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    path = tmp_path_factory.mktemp("warm") / "run"
    # A rate of almost 0 leaves the weights that the trainings start from as they are, nearly.
    search(path, warm_start=True, confirm_seeds=1, ppo_options={**OPTIONS["ppo_options"], "learning_rate": 1e-9})
    return path


def trials(run):
    return {path.parent.name: path for path in run.glob("trials/*/seed-1")}


def supernet_weights(run):
    plain = json.loads((run / "study.json").read_text())
    tensors, _ = load_checkpoint(run / "search/checkpoint.safetensors", fingerprint(plain))
    return tensors


def extracted(run, architecture):
    """The network of an architecture with the weights of the run's supernet."""
    space = StudySettings(**json.loads((run / "study.json").read_text())).load_space()
    supernet = Supernet(space, Heads(2, own_value_encoder=True))
    supernet.load_state_dict(below("policy.", supernet_weights(run)))
    return supernet.extract(space.architecture(architecture))


def test_a_later_confirmation_starts_as_the_first(run, tmp_path):
    shutil.copytree(run, tmp_path / "run")
    best = rlnas.resume(tmp_path / "run", confirm_seeds=2).best.name
    for name, started in ((best, True), ("mlp-64-64", False)):
        (start,) = {
            json.loads((tmp_path / "run/trials" / name / f"seed-{seed}/trial.json").read_text())["start"]
            for seed in (1, 2, 3)
        }
        assert bool(start) is started
    before = (tmp_path / "run/study.json").read_bytes()
    file = tmp_path / "run/trials" / best / "seed-1/start.safetensors"
    file.write_bytes(b"others")
    with pytest.raises(UserError, match=r"start.safetensors' is not the start that the trial was given"):
        rlnas.resume(tmp_path / "run", confirm_seeds=3)
    file.unlink()
    with pytest.raises(UserError, match=r"start.safetensors' cannot be read"):
        rlnas.resume(tmp_path / "run", confirm_seeds=3)
    assert (tmp_path / "run/study.json").read_bytes() == before


def test_candidates_start_from_the_supernet_and_hand_made_networks_do_not(run):
    result = json.loads((run / "result.json").read_text())
    assert result["warm_start"] is True
    candidate, baseline = result["best"], "mlp-64-64"
    shared = extracted(run, candidate).state_dict()
    _, network = load_network(trials(run)[candidate])
    for name, tensor in network.state_dict().items():
        if not name.startswith("standardize"):
            torch.testing.assert_close(tensor, shared[name], rtol=0, atol=1e-5)
    settings = {name: json.loads((path / "trial.json").read_text()) for name, path in trials(run).items()}
    assert settings[baseline]["start"] == ""
    assert settings[candidate]["start"] == checksum((trials(run)[candidate] / "start.safetensors").read_bytes())
    assert not (trials(run)[baseline] / "start.safetensors").exists()


def test_the_best_starts_from_the_supernet_in_its_confirmation_too(run):
    result = json.loads((run / "result.json").read_text())
    best, baseline = (entry["name"] for entry in result["confirmation"])
    first, again, other = (
        json.loads((trials(run)[name].parent / f"seed-{seed}" / "trial.json").read_text())
        for name, seed in ((best, 1), (best, 2), (baseline, 2))
    )
    assert again["start"] == first["start"] != ""
    assert other["start"] == ""


def test_moments_of_observations_go_on_from_those_of_the_search(run):
    trial = trials(run)[json.loads((run / "result.json").read_text())["best"]]
    plain = json.loads((trial / "trial.json").read_text())
    found, _ = load_checkpoint(trial / "checkpoint.safetensors", fingerprint(plain))
    name = "normalizer.observations.count"
    assert found[name] > supernet_weights(run)[name] + 200  # last observations are not counted


def test_a_study_that_is_resumed_ends_with_the_same_bytes(run):
    before = (run / "result.json").read_bytes()
    trial = trials(run)[json.loads(before)["best"]]
    for gone in ("result.json", "checkpoint.safetensors", "start.safetensors"):
        (trial / gone).unlink()
        (trial.parent / "seed-2" / gone).unlink()
    (run / "result.json").unlink()
    rlnas.resume(run)
    assert (run / "result.json").read_bytes() == before


def test_a_start_survives_the_disk_and_another_one_is_refused(tmp_path):
    tensors = {"policy.a": torch.arange(3.0), "normalizer.b": torch.tensor(2.0, dtype=torch.float64)}
    data = pack(tensors)
    (tmp_path / "start.safetensors").write_bytes(data)
    found = unpack(tmp_path, checksum(data))
    assert found.keys() == tensors.keys()
    assert all(found[name].equal(tensors[name]) and found[name].dtype == tensors[name].dtype for name in tensors)
    with pytest.raises(UserError, match="is not the start that the trial was given"):
        unpack(tmp_path, checksum(pack({"policy.a": torch.zeros(3)})))
    (tmp_path / "start.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be read"):
        unpack(tmp_path, checksum(data))
    assert checksum(b"") == ""


def test_without_shared_weights_there_is_no_warm_start(tmp_path):
    with pytest.raises(UserError, match="strategy 'random' fits no supernet"):
        search(tmp_path / "run", warm_start=True, strategy="random", strategy_options={})
    with pytest.raises(UserError, match="leave --warm-start out"):
        rlnas.search(
            "MinAtar/Breakout-v1", "minatar-1", table="minatar-breakout", warm_start=True, out=tmp_path / "run"
        )
    assert not (tmp_path / "run").exists()


def test_a_hand_made_network_among_the_best_starts_from_scratch(tmp_path):
    space = Space("one", (4,), [Linear(Choice("n", [4]))])
    rlnas.search("CartPole-v1", space, out=tmp_path / "run", **{**OPTIONS, "warm_start": True, "baselines": ["n=4"]})
    (trial,) = (tmp_path / "run/trials").glob("*/seed-1")
    assert json.loads((trial / "trial.json").read_text())["start"] == ""
