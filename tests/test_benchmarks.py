"""The scripts behind the figures of the docs still run."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def run(script: str, *arguments: str) -> str:
    """What a script prints."""
    command = [sys.executable, "-m", f"benchmarks.{script}", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True).stdout


def test_the_sweep_trains_what_is_missing_and_prints_the_table(tmp_path):
    sweep = ["--out", str(tmp_path), "--games", "Breakout", "--settings", "default", "epochs=4", "--steps", "4096"]
    told = run("minatar_sweep", *sweep)
    rows = [line for line in told.splitlines() if line.startswith("| Breakout")]
    assert [row.split(" | ")[1] for row in rows] == ["default", "epochs=4"]
    assert all(row.endswith(" (2) |") for row in rows)
    data = (tmp_path / "sweep.csv").read_text()
    assert data.startswith("game,setting,seed,total_reward\nBreakout,default,1,")
    assert data.count("\n") == 5
    assert run("minatar_sweep", *sweep, "--only-report") == told
    assert (tmp_path / "sweep.csv").read_text() == data


def test_one_folder_serves_the_control_tasks_one_after_another(tmp_path, monkeypatch):
    pytest.importorskip("stable_baselines3")
    monkeypatch.syspath_prepend(ROOT)
    control = importlib.import_module("benchmarks.control")
    monkeypatch.setattr(control, "train_sb3", lambda *arguments: [1.0])
    monkeypatch.setattr(control, "train_rlnas", lambda *arguments: [2.0])
    monkeypatch.setattr(control.common, "machine", dict)
    begun = []
    monkeypatch.setattr(control.rlnas, "train", lambda env, *arguments, out, **options: begun.append(out))
    for env in ("CartPole-v1", "RlnasX/Pendulum-v1"):
        folders = ["--out", str(tmp_path / "out"), "--scratch", str(tmp_path / "scratch")]
        monkeypatch.setattr(sys, "argv", ["control", "--env", env, "--steps", "8", "--seeds", "1", *folders])
        control.main()
    assert len({*begun}) == len(begun) == 2
    names = {f"{env}-8-{peer}-1.json" for env in ("cartpole-v1", "pendulum-v1") for peer in ("rlnas", "sb3")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names


def test_the_numbers_of_the_results_pages(tmp_path, monkeypatch, capsys):
    monkeypatch.syspath_prepend(ROOT)
    numbers = importlib.import_module("benchmarks.results_page")

    def rows(source: str) -> list[list[str]]:
        monkeypatch.setattr(sys, "argv", ["results_page", source])
        numbers.main()
        return [line.strip("| ").split(" | ") for line in capsys.readouterr().out.splitlines()]

    assert ["total_reward", "p of 12 architectures", "0.423"] in rows("minatar-breakout")
    assert ["1000000", "24", "1", "False", "1", "0.492", "0.154", "0.74"] in rows("minatar-space-invaders")
    breakout = rows("minatar-2-breakout")
    for row in (["10k, seed 1", "0.352", "7.32", "6.68"], ["spos with seed 1", "0.592", "0.591"]):
        assert row in breakout
    assert ["total_reward", "k2", "p", "0.366"] in rows("ale-breakout")
    scores = "strategy,search_seed,kendall,score\na,1,0.5,4\na,2,0.7,6\na,mean,0.6,5\nb,1,0.1,1\nb,2,0.3,3\n"
    for metric in ("total-reward", "reward-mean"):
        (tmp_path / f"proxies-{metric}.csv").write_text(scores)
    ((metric, first, second, *cells), _) = rows(str(tmp_path))[1:]
    assert (metric, first, second) == ("total-reward", "a", "b")
    assert [float(cell) for cell in cells] == pytest.approx([0.4, -0.208, 1.01, 3, -3.08, 9.08], abs=0.01)


def test_short_trials_are_timed():
    small = ["--trials", "2", "--best", "1", "--first", "2048", "--steps", "4096", "--workers", "2"]
    told = run("short_trials", *small)
    assert [line.split(" | ")[:2] for line in told.splitlines()[3:5]] == [["| first", "2"], ["| second", "1"]]
    assert "cores busy" in told


@pytest.fixture
def peers(monkeypatch):
    pytest.importorskip("stable_baselines3")
    monkeypatch.syspath_prepend(ROOT)
    return importlib.import_module("benchmarks.peers")


@pytest.mark.parametrize("name", ["cartpole", "minatar", "minatar-2"])
def test_the_peers_have_our_network_and_settings(peers, name):
    settings = peers.CASES[name].settings(seed=3)
    space, ppo = settings.load_space(), settings.algorithm_options
    env = peers.make_env(settings.env, settings.env_settings, num_envs=1)
    network = peers.Network(space, space.architecture(settings.architecture), settings.heads(env.actions))
    count = sum(weights.numel() for weights in network.parameters())
    model = peers.build_peer("sb3", settings)
    assert sum(weights.numel() for weights in model.policy.parameters()) == count
    found = model.n_steps, model.n_epochs, model.batch_size, model.n_envs, model.gamma, model.seed
    batch = ppo.minibatch(settings.env_settings.num_envs)
    assert found == (ppo.rollout_steps, ppo.epochs, batch, settings.env_settings.num_envs, ppo.gamma, 3)


def test_ours_computes_in_the_precision_asked_for(peers):
    if "bf16" not in importlib.import_module("benchmarks.throughput").precisions():
        pytest.skip("this processor has no bf16")
    settings = peers.CASES["minatar"].settings(precision="bf16")
    assert settings.precision == "bf16"
    assert peers.measure_rlnas(settings, 0, with_floor=False)["steps"] == 2048


def test_a_library_is_timed_from_its_second_iteration_on(peers, monkeypatch):
    from benchmarks.sb3_ppo import IterationClock
    from stable_baselines3 import PPO

    model = PPO("MlpPolicy", "CartPole-v1", n_steps=8, batch_size=8, n_epochs=1, device="cpu")
    monkeypatch.setattr(peers, "build_peer", lambda side, settings: model)
    found = peers.measure_peer("sb3", peers.CASES["cartpole"].settings(), 0)
    assert found["steps"] == 8
    assert len(found["spans"]) == peers.LEAST
    assert model.num_timesteps == 8 * (1 + peers.LEAST) + 1  # one more: it stops after a step
    clock = IterationClock(1, peers.LEAST)
    clock.marks = [0, 5, 5.3, 5.6, 5.9]
    assert clock._on_step()
    clock.marks.append(6.2)
    assert not clock._on_step()


def test_ours_is_timed_as_long_as_wanted(peers):
    found = peers.measure_rlnas(peers.CASES["cartpole"].settings(), 0.3, with_floor=False)
    assert found["steps"] == 256
    assert sum(end - start for start, end in found["spans"]) >= 0.3
    assert len(found["spans"]) >= peers.LEAST


@pytest.mark.parametrize(("side", "printed"), [("cleanrl", "SPS: 300\n"), ("leanrl", "\r {n}/9 [\r speed {n}/9 [")])
def test_a_script_is_timed_by_what_it_prints_once_an_iteration(peers, tmp_path, side, printed):
    script = peers.SCRIPTS[side]
    path = tmp_path / script.path
    path.parent.mkdir()
    start = "import sys\nassert '--no-cuda' in sys.argv\n"

    def measure(iterations: int):
        text = "".join(printed.format(n=n) for n in range(iterations))
        path.write_text(f"{start}print('noise')\nprint({text!r}, file=sys.stderr)\nprint('the end')\n")
        return peers.measure_script(script, tmp_path, sys.executable, 1, 0)

    assert len(measure(1 + peers.LEAST)["spans"]) == peers.LEAST
    with pytest.raises(peers.CannotRunError, match="the end"):
        measure(peers.LEAST)


def test_ratios_are_medians_of_the_rounds_and_a_script_that_cannot_run_is_left_out(
    tmp_path, monkeypatch, peers, capsys
):
    throughput = importlib.import_module("benchmarks.throughput")
    steps = {"rlnas": iter((300, 300, 100)), "two": iter((400, 400, 400)), "sb3": iter((100, 200, 100))}

    def measure(side, precision, name, args, seed):
        if side not in steps:
            raise peers.CannotRunError("no envpool")
        parts = [{"emulator": 0.1, "inference": 0.2, "update": 0.2}] if side == "rlnas" else []
        found = {"steps": next(steps[side]), "spans": [(0, 1), (1, 2)], "parts": parts}
        # Of two runs, what counts is the time in which both are timed.
        return [found, found | {"spans": [(1, 3)]}] if side == "two" else [found]

    monkeypatch.setattr(throughput, "measure", measure)
    monkeypatch.setattr(throughput, "can_run", lambda name: True)
    file = tmp_path / "out.json"
    options = [
        "--case",
        "atari",
        "--precision",
        "fp32",
        "--side-by-side",
        "--leanrl",
        str(tmp_path),
        "--json",
        str(file),
    ]
    monkeypatch.setattr(sys, "argv", ["throughput", *options])
    throughput.main()
    told = capsys.readouterr().out
    assert "LeanRL ppo_atari_envpool is left out: no envpool" in told
    rows = [line.strip("| ").split(" | ") for line in told.splitlines() if line.startswith("| atari")]
    assert rows == [
        ["atari", "2", "rlnas, fp32", "300", "Stable-Baselines3", "100", "**1.50**", "1.00 to 3.00"],
        [
            "atari",
            "2",
            f"{throughput.TITLES['two']}, fp32",
            "600",
            "Stable-Baselines3",
            "100",
            "**6.00**",
            "3.00 to 6.00",
        ],
    ]
    found = json.loads(file.read_text())["cases"]["atari"]
    assert found["ratios"][0] == {"ours": "rlnas, fp32", "peer": "Stable-Baselines3", "min": 1, "median": 1.5, "max": 3}
    assert found["milliseconds_per_step"]["rlnas, fp32"]["time_over_floor"] == pytest.approx(2)


def test_maps_are_measured_in_bf16_too_where_asked_for(monkeypatch, peers):
    throughput = importlib.import_module("benchmarks.throughput")
    monkeypatch.setattr(
        throughput, "measure", lambda side, precision, *_: [{"steps": 4, "spans": [(0, 1)], "parts": []}]
    )
    monkeypatch.setattr(throughput, "can_run", lambda name: True)
    found = {}
    monkeypatch.setattr(throughput, "show", found.update)
    options = ["--case", "cartpole", "minatar", "--precision", "fp32", "bf16", "--rounds", "1"]
    monkeypatch.setattr(sys, "argv", ["throughput", *options])
    throughput.main()
    ours = {name: [title for title in case["rates"] if "rlnas" in title] for name, case in found.items()}
    assert ours == {"cartpole": ["rlnas, fp32"], "minatar": ["rlnas, fp32", "rlnas, bf16"]}
