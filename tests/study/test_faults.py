"""An environment that fails in a trial fails that trial, with its reason; the study goes on."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import rlnas
from rlnas.cli.main import main
from rlnas.errors import EnvironmentFault, UserError

from .helpers import rlnas as command
from .helpers import runs

MODULE = '''
import sys
import gymnasium
import numpy as np

class Corridor(gymnasium.Env):
    """Moves along a line of pixels; misbehaves after 200 steps in the trials of one architecture, or in all."""
    observation_space = gymnasium.spaces.Box(0, {high}, (1, 8, 8), np.{dtype})
    action_space = gymnasium.spaces.Discrete(2)
    steps = 0

    def reset(self, seed=None, options=None):
        super().reset(seed=seed)
        self.place = 3
        return self.look(), {{}}

    def look(self):
        image = np.zeros((1, 8, 8), np.{dtype})
        image[0, 4, self.place] = {high}
        return image

    def step(self, action):
        Corridor.steps += 1
        self.place += 2 * int(action) - 1
        over = self.place in (0, 7)
        observation, reward = self.look(), float(self.place == 7)
        if Corridor.steps > 200 and {where} in " ".join(sys.argv):
            {fault}
        return observation, reward, over, False, {{}}

gymnasium.register("Corridor-v0", lambda: Corridor())
'''

SPACE = """
name = "corridor"
input = [1, 8, 8]
layers = [
    { type = "conv", channels = 4, kernel = { choice = "k1", options = [1, 3] }, stride = 2 },
    { type = "flatten" },
    { type = "linear", features = 16 },
]
"""

CHILD = "import os; os.system('sleep 600 & echo $! > child')"
"""What starts a process and leaves it running, with all files that are open."""

OPTIONS = [
    *("--env", "Corridor-v0", "--import", "corridor", "--space", "corridor.toml", "--out", "run", "--seed", "3"),
    *("--steps", "512", "--train-steps", "512", "--top-k", "2", "--baselines", "--threads", "1", "--workers", "2"),
    *("--strategy-options", "eval_episodes=2", "--ppo-options", "rollout_steps=16", "--env-options", "num_envs=4"),
]


def run(folder: Path, fault: str, where: str = "'k1=3'", dtype: str = "float32", high: int = 1, extra: str = ""):
    (folder / "corridor.py").write_text(MODULE.format(fault=fault, where=where, dtype=dtype, high=high) + extra)
    (folder / "corridor.toml").write_text(SPACE)
    return command(["search", *OPTIONS], folder)


def test_failing_trial_is_reported_and_the_study_goes_on(tmp_path: Path) -> None:
    reason = "raised in step: RuntimeError: the motor stalled"
    finished = run(tmp_path, f"{CHILD}; raise RuntimeError('the motor stalled')")
    assert finished.returncode == 0, finished.stderr
    result = json.loads((tmp_path / "run/result.json").read_text())
    by_name = {entry["name"]: entry for entry in result["architectures"]}
    assert reason in by_name["k1=3"]["trials"][0]["reason"]
    assert by_name["k1=3"]["trials"][0]["status"] == "failed"
    assert by_name["k1=3"]["total_reward"] is None
    assert by_name["k1=1"]["trials"][0]["status"] == "done"
    assert result["best"] == "k1=1"
    assert reason in " ".join(finished.stdout.split())
    log = (tmp_path / "run/trials/k1=3/seed-3001/worker.log").read_text()
    assert "corridor.py" in log  # the line, for those who look for it
    assert not runs(int((tmp_path / "child").read_text()))


def test_a_killed_training_is_no_result_and_the_study_can_be_resumed(tmp_path: Path) -> None:
    stopped = run(tmp_path, "import os; os.kill(os.getpid(), 9)")
    assert stopped.returncode == 1
    assert "its process was killed (SIGKILL)" in stopped.stderr
    assert "can be resumed" in stopped.stderr
    assert not (tmp_path / "run/result.json").exists()
    assert run(tmp_path, "pass").returncode == 0
    result = json.loads((tmp_path / "run/result.json").read_text())
    assert {trial["status"] for entry in result["architectures"] for trial in entry["trials"]} == {"done"}


ODD = """
import threading
threading.Thread(target=threading.Event().wait).start()
import os, tempfile
sys.path.insert(0, "")
os.chdir(tempfile.mkdtemp(dir=os.environ["ELSEWHERE"]))
"""


def test_threads_and_folders_of_a_module_hold_nothing_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.setenv("ELSEWHERE", str(tmp_path / "elsewhere"))
    fault = "import os, tempfile; os.chdir(tempfile.mkdtemp(dir=os.environ['ELSEWHERE']))"
    finished = run(tmp_path, fault, where="''", extra=ODD)
    assert finished.returncode == 0, finished.stderr
    assert "Report: run/report.html\n" in finished.stdout
    assert (tmp_path / "run/report.html").exists()
    assert {path.name for path in tmp_path.iterdir()} <= {
        *("run", "elsewhere", "corridor.py", "corridor.toml", "__pycache__"),
    }
    assert [path for path in (tmp_path / "elsewhere").rglob("*") if not path.is_dir()] == []
    played = command(["evaluate", "run", "--import", "corridor", "--episodes", "2"], tmp_path)
    assert played.returncode == 0, played.stderr
    assert "over 2 full games" in played.stdout


def test_failing_search_ends_with_its_reason_and_goes_on_later(tmp_path: Path) -> None:
    failed = run(tmp_path, "raise RuntimeError('the motor stalled')", where="'search'", dtype="uint8", high=255)
    assert failed.returncode == 1
    assert "the motor stalled" in failed.stderr
    assert "Traceback" not in failed.stderr
    assert not (tmp_path / "run/result.json").exists()
    assert "corridor.py" in (tmp_path / "run/search/fault.log").read_text()
    assert run(tmp_path, "pass", dtype="uint8", high=255).returncode == 0


@pytest.mark.usefixtures("inline")
def test_damaged_trial_checkpoint_stops_the_study_and_loses_nothing(tmp_path: Path) -> None:
    def search() -> None:
        options: dict = {"steps": 512, "train_steps": 512, "top_k": 1, "baselines": [], "threads": 1, "device": "cpu"}
        rlnas.search("CartPole-v1", "mlp", "random", out=tmp_path, ppo_options={"rollout_steps": 8}, **options)

    search()
    expected = (tmp_path / "result.json").read_bytes()
    trial = tmp_path / "trials" / json.loads(expected)["best"] / "seed-1"
    for finished in (tmp_path / "result.json", trial / "result.json"):
        finished.unlink()
    whole = (trial / "checkpoint.safetensors").read_bytes()
    (trial / "checkpoint.safetensors").write_bytes(whole[:100])
    with pytest.raises(UserError, match="truncated or damaged"):
        search()
    assert not (tmp_path / "result.json").exists()
    (trial / "checkpoint.safetensors").unlink()
    search()
    assert (tmp_path / "result.json").read_bytes() == expected


@pytest.mark.usefixtures("inline")
def test_search_in_which_all_trainings_fail_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stall(*arguments: object) -> None:
        raise EnvironmentFault("the motor stalled")

    monkeypatch.setattr("rlnas.trials.inline.run_trial", stall)
    command = "search --env CartPole-v1 --space mlp-64-64 --steps 64 --baselines --threads 1 --ppo-options"
    with pytest.raises(SystemExit) as stop:
        main([*command.split(), "rollout_steps=8", "--strategy-options", "eval_episodes=1", "--out", str(tmp_path)])
    assert stop.value.code == 1
    assert "all trainings of candidates failed" in capsys.readouterr().err


def test_what_is_odd_about_an_environment_is_said_and_does_not_stop_the_study(tmp_path: Path) -> None:
    finished = run(tmp_path, "observation = observation * 2", where="''")
    assert finished.returncode == 0, finished.stderr
    result = json.loads((tmp_path / "run/result.json").read_text())
    (remark,) = result["remarks"]
    assert "'Corridor-v0' returned an observation outside its space: number (0, 4, " in remark
    assert remark in " ".join(finished.stdout.split())
    assert result["best"] is not None
