"""`rlnas play`: the games of `rlnas evaluate`, on film."""

import importlib
import sys
from pathlib import Path
from unittest.mock import MagicMock

import av
import numpy as np
import pytest
import torch

import rlnas
from rlnas.cli.main import main
from rlnas.envs.actions import ActionSpace, ContinuousActions, DiscreteActions, actions_to_dict
from rlnas.envs.minatar import GridCamera
from rlnas.errors import UserError
from rlnas.files import write_json
from rlnas.nets import Network
from rlnas.spaces import Linear, Space, load_space
from rlnas.study import TrialSettings
from rlnas.trials.checkpoint import save_checkpoint
from rlnas.trials.run_directory import fingerprint
from rlnas.trials.trial import blank_result

TWO = DiscreteActions(2)
NOTHING = np.zeros(4, dtype=np.float32), {}

PAINTER = """
import gymnasium, numpy as np

class Painter(gymnasium.Env):
    metadata = {"render_modes": ["rgb_array"]}
    observation_space = gymnasium.spaces.Box(0, 9, (4,))
    action_space = gymnasium.spaces.Discrete(2)

    def __init__(self, render_mode=None, faulty=False):
        self.render_mode, self.faulty = render_mode, faulty

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.count, self.end = 0, 5 + self.np_random.integers(6)
        return self.observe(), {}

    def observe(self):
        return self.np_random.random(4).astype(np.float32)

    def step(self, action):
        self.count += 1
        if self.faulty and self.count == 3:
            raise RuntimeError("cable cut")
        return self.observe(), float(action), self.count == self.end, False, {}

    def render(self):
        frame = np.zeros((20, 30, 3), dtype=np.uint8)
        frame[:, : 3 * self.count] = 250
        return frame

class Dial(Painter):
    action_space = gymnasium.spaces.Box(-1, 1, (1,))

    def step(self, action):
        return super().step(action[0])

class Fast(Painter):
    metadata = {"render_modes": ["rgb_array"], "render_fps": 100}

class Quitter(Painter):
    def render(self):
        raise SystemExit(3)

gymnasium.register("RlnasPlay/Quitter-v0", Quitter, disable_env_checker=True)
gymnasium.register("RlnasPlay/Fast-v0", Fast, disable_env_checker=True)
gymnasium.register("RlnasPlay/Dial-v0", Dial, disable_env_checker=True)
gymnasium.register("RlnasPlay/Painter-v0", Painter, disable_env_checker=True)
gymnasium.register("RlnasPlay/Faulty-v0", Painter, disable_env_checker=True, kwargs={"faulty": True})
"""


@pytest.fixture
def painter(tmp_path, monkeypatch):
    """The name of a module that registers an environment."""
    (tmp_path / "rlnas_painter.py").write_text(PAINTER)
    monkeypatch.syspath_prepend(tmp_path)
    yield "rlnas_painter"
    sys.modules.pop("rlnas_painter", None)
    rlnas_ids = [name for name in sys.modules["gymnasium"].registry if name.startswith("RlnasPlay/")]
    for name in rlnas_ids:
        del sys.modules["gymnasium"].registry[name]


def make_run(path: Path, space: Space, architecture: str, env: str, actions: ActionSpace, **settings: object) -> Path:
    """The run directory of a training that ended before it learnt anything."""
    found = TrialSettings(env=env, space=space.to_dict(), architecture=architecture, steps=1000, **settings)
    network = Network(space, space.architecture(architecture), found.heads(actions))
    data = {"seconds": 0.0, "actions": actions_to_dict(actions)}
    plain = found.model_dump(mode="json")
    tensors = {f"policy.{name}": tensor for name, tensor in network.state_dict().items()}
    save_checkpoint(path / "checkpoint.safetensors", fingerprint(plain), tensors, data)
    write_json(path / "trial.json", plain)
    write_json(path / "result.json", blank_result(found).model_dump(mode="json"))
    return path


def slim(name: str) -> Space:
    space = load_space(name)
    return Space(space.name, space.input_shape, [*space.layers[:-1], Linear(8)])


def vector_run(path: Path, env: str, actions: ActionSpace = TWO, **settings: object) -> Path:
    return make_run(path, Space("tiny", (4,), [Linear(8)]), "fixed", env, actions, **settings)


def read(path: Path) -> tuple[float, list[np.ndarray]]:
    with av.open(str(path)) as container:
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
        return float(container.streams.video[0].average_rate), frames


def test_atari_games_on_film_are_those_of_an_evaluation(tmp_path):
    space, env = slim("nature-cnn"), {"max_frames": 160}
    run = make_run(tmp_path / "run", space, "fixed", "ALE/Breakout-v5", DiscreteActions(4), env_settings=env)
    film = rlnas.play(run, tmp_path / "x.mp4", seed=5)
    games = rlnas.evaluate(run, 1, seed=5)
    assert (film.scores, film.lengths, film.architecture) == (games.scores, games.lengths, "fixed")
    assert (film.cut, games.cut) == (0, 0)  # the emulator's own limit ended them
    assert film.frames == 1 + film.lengths[0]
    fps, frames = read(tmp_path / "x.mp4")
    assert (fps, len(frames)) == (15, film.frames)
    assert frames[0].shape == (630, 480, 3)
    # The topmost row of bricks is red, and nothing is in its way yet.
    assert np.abs(frames[0][174:186, 60:420].astype(int) - (200, 72, 72)).max() < 12


@pytest.mark.parametrize(("limit", "length", "cut"), [(None, 9, 2), (14, 14, 0)])
def test_games_that_do_not_end_are_cut_and_called_so(painter, tmp_path, monkeypatch, capsys, limit, length, cut):
    monkeypatch.setattr("rlnas.algorithms.play.LONGEST_GAME", 9)
    module = importlib.import_module(painter)
    monkeypatch.setattr(module.Painter, "reset", lambda self, **_: (vars(self).update(count=0, end=10**9), NOTHING)[1])
    monkeypatch.setattr(module.Painter, "observe", lambda self: NOTHING[0])
    module.gymnasium.register("RlnasPlay/Long-v0", module.Painter, max_episode_steps=limit)
    run = vector_run(tmp_path / "run", "RlnasPlay/Long-v0", imports=(painter,))
    games = rlnas.evaluate(run, 2, imports=[painter])
    film = rlnas.play(run, tmp_path / "x.gif", 2, imports=[painter])
    assert (games.lengths, games.cut) == (film.lengths, film.cut) == ([length] * 2, cut)
    main(["evaluate", str(run), "--episodes", "2", "--import", painter])
    printed = " ".join(capsys.readouterr().out.split())
    assert ("2 of 2 games did not end and were cut" in printed) == (cut > 0)
    assert ("over 2 full games" in printed) == (cut == 0)


def test_greedy_games_of_minatar_on_film_are_those_of_an_evaluation(tmp_path):
    space = slim("minatar-cnn")
    run = make_run(tmp_path / "run", space, "fixed", "MinAtar/Breakout-v1", DiscreteActions(3))
    film = rlnas.play(run, tmp_path / "x.gif", 2, seed=1, greedy=True, fps=4)
    games = rlnas.evaluate(run, 2, seed=1, greedy=True)
    assert (film.scores, film.lengths) == (games.scores, games.lengths)
    fps, frames = read(film.path)
    assert (fps, film.fps) == (4, 4)
    assert len(frames) == film.frames == 2 + sum(film.lengths)
    palette = GridCamera(4).palette
    first = frames[0][32::64, 32::64]
    assert first.shape == (10, 10, 3)
    np.testing.assert_array_equal(first[1:4], np.broadcast_to(palette[4], (3, 10, 3)))  # bricks
    assert (first[9] == palette[1]).all(axis=-1).sum() == 1  # the paddle
    assert not (frames[0] == frames[3]).all()


@pytest.mark.parametrize(("device", "said"), [("gpu", "Did you mean 'cpu'"), ("cuda", "finds no CUDA device")])
def test_a_device_that_is_not_there_is_refused(device, said, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    run = make_run(tmp_path / "run", slim("minatar-cnn"), "fixed", "MinAtar/Breakout-v1", DiscreteActions(3))
    with pytest.raises(UserError, match=said):
        rlnas.evaluate(run, 1, device=device)
    with pytest.raises(UserError, match=said):
        rlnas.play(run, tmp_path / "x.gif", device=device)
    assert not (tmp_path / "x.gif").exists()
    assert rlnas.evaluate(run, 1, device="auto") == rlnas.evaluate(run, 1, device="cpu")


@pytest.mark.parametrize("use", [rlnas.evaluate, lambda run, games: rlnas.play(run, run / "x.gif", games)])
def test_the_device_is_used(use, tmp_path, monkeypatch):
    run = make_run(tmp_path / "run", slim("minatar-cnn"), "fixed", "MinAtar/Breakout-v1", DiscreteActions(3))
    found = {}

    class Reached(Exception):
        pass

    def stub(policies, env, seeds, generators, *, device, **_):
        found.update(device=device, network=next(policies[0]().parameters()).device.type)
        raise Reached

    monkeypatch.setattr("rlnas.experiments.playing.resolve_device", lambda device: "meta")
    for played in ("play_episodes", "play_in_portions"):
        monkeypatch.setattr(f"rlnas.algorithms.play.{played}", stub)
    real = torch.Generator
    fake = lambda device="cpu": real() if device == "cpu" else found.update(draws=device) or MagicMock()  # noqa: E731
    monkeypatch.setattr(torch, "Generator", fake)
    with pytest.raises(Reached):
        use(run, 1)
    assert found == {"device": "meta", "network": "meta", "draws": "meta"}


def test_a_users_own_environment_on_film(painter, tmp_path, capsys):
    run = vector_run(tmp_path / "run", "RlnasPlay/Painter-v0", imports=(painter,))
    main(["play", str(run), "--video", str(tmp_path / "x.gif"), "--episodes", "2", "--import", painter])
    lines = capsys.readouterr().out.splitlines()
    lengths = rlnas.evaluate(run, 2, imports=[painter]).lengths
    assert lines[0].startswith("Game 1 of fixed: return ")
    assert lines[1].startswith("Game 2 of fixed: return ")
    assert lines[2] == f"Video: {tmp_path / 'x.gif'}"
    shown = [int(line.split()[-2]) for line in lines[:2]]
    assert shown == lengths
    assert lengths[0] != lengths[1]
    fps, frames = read(tmp_path / "x.gif")
    assert fps == pytest.approx(30, rel=0.15)  # hundredths of a second
    assert len(frames) == 2 + sum(shown)
    white = [int((frame[0, :, 0] == 250).sum()) for frame in frames]
    assert white[: shown[0] + 2] == [*(min(63 * i, 630) for i in range(shown[0] + 1)), 0]


def test_continuous_actions_on_film_are_those_of_an_evaluation(painter, tmp_path):
    run = vector_run(tmp_path / "run", "RlnasPlay/Dial-v0", ContinuousActions((-1.0,), (1.0,)), imports=(painter,))
    film = rlnas.play(run, tmp_path / "x.gif", seed=2, imports=[painter])
    games = rlnas.evaluate(run, 1, seed=2, imports=[painter])
    assert (film.scores, film.lengths) == (games.scores, games.lengths)
    assert film.scores[0] % 1 != 0


def test_a_run_is_not_trusted_unless_its_modules_are_named(painter, tmp_path):
    run = vector_run(tmp_path / "run", "RlnasPlay/Painter-v0", imports=(painter,))
    with pytest.raises(rlnas.UserError, match="--import rlnas_painter"):
        rlnas.play(run, tmp_path / "x.gif")
    assert "rlnas_painter" not in sys.modules


@pytest.mark.parametrize(
    ("name", "said"), [("Faulty-v0", "raised in step: .*cable cut"), ("Quitter-v0", "raised in render: SystemExit: 3")]
)
def test_a_fault_leaves_no_video(name, said, painter, tmp_path):
    run = vector_run(tmp_path / "run", f"RlnasPlay/{name}", imports=(painter,))
    with pytest.raises(rlnas.EnvironmentFault, match=said):
        rlnas.play(run, tmp_path / "new" / "x.mp4", imports=[painter])
    assert not (tmp_path / "new").exists()


def test_without_a_speed_a_gif_has_the_nearest_that_it_takes(painter, tmp_path):
    run = vector_run(tmp_path / "run", "RlnasPlay/Fast-v0", imports=(painter,))
    assert rlnas.play(run, tmp_path / "x.gif", imports=painter).fps == 50
    assert rlnas.play(run, tmp_path / "x.mp4", imports=painter).fps == 100


def test_cartpole_draws_itself(tmp_path):
    pytest.importorskip("pygame")
    run = vector_run(tmp_path / "run", "CartPole-v1")
    film = rlnas.play(run, tmp_path / "x.mp4")
    fps, frames = read(film.path)
    assert (fps, film.fps, len(frames), frames[0].shape) == (50, 50, 1 + film.lengths[0], (400, 600, 3))
    assert film.scores == rlnas.evaluate(run, 1).scores


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--video", "x.avi"], "'.avi'"),
        (["--video", "x.gif", "--fps", "51"], "from 1 to 50, not 51"),
        (["--video", "x.mp4", "--episodes", "0"], "episodes must be a whole number from 1 to 1,000,000, not '0'"),
        (["--video", "x.mp4"], "there is no run"),
    ],
)
def test_what_is_refused(arguments, part, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(["play", "run", *arguments])
    message = capsys.readouterr().err
    assert stop.value.code == 2
    assert part in message
    assert len(message.splitlines()) == 1
    assert not list(tmp_path.iterdir())
