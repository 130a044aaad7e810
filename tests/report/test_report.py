import json
import re

import pytest

from rlnas.errors import UserError
from rlnas.report import write_report
from rlnas.spaces import load_space

from .helpers import ENV, read, result, search, single, space, study, study_json, trial, write


def test_headline_names_best_and_baseline_with_scores(tmp_path):
    page = read(study(tmp_path))
    assert page.title == f"k=5 scored 7.25 on {ENV} with a single training seed; the hand-made nature-cnn scored 5.50"
    assert "10M environment steps" in page.text
    assert "500k steps each" in page.text
    assert "With a single training seed the difference to nature-cnn is +1.75." in page.text


@pytest.mark.parametrize(
    ("own", "theirs", "said"),
    [
        ([7.0, 7.2, 7.1], [5.0, 5.1, 5.3], "scored 7.10 on {env}, 1.97 more than the hand-made nature-cnn"),
        ([4.0, 4.2, 4.1], [5.0, 5.1, 5.3], "scored 4.10 on {env}, 1.03 less than the hand-made nature-cnn"),
        ([7.0, 9.0, 4.1], [5.0, 5.1, 5.3], "on {env}; the hand-made nature-cnn scored 5.13: no significant difference"),
        ([7.0, 7.0], [5.0, 5.0], "scored 7.00 on {env}; the hand-made nature-cnn scored 5.00"),
    ],
)
def test_a_headline_states_a_lead_only_where_its_interval_does_not_hold_0(own, theirs, said, tmp_path):
    page = read(study(tmp_path, {"k=5": own, "k=2": [1.0] * len(own), "nature-cnn": theirs}))
    assert page.title.endswith(said.format(env=ENV))


def test_no_random_network_is_led_by_a_single_seed(tmp_path):
    text = read(study(tmp_path, random_networks=["k=2"])).text
    assert "1 random architecture scores 3.00; the best found scored 7.25." in text
    assert not re.search(r"\bleads?\b", text)


def test_one_seed_shows_nothing_sure_and_what_gives_more_is_said(tmp_path):
    looked_up = {"source": "gone", "checksum": "", "seeds": [1]}
    for name, changes, hint in (
        ("live", {}, "rlnas resume RUN --confirm-seeds 5"),
        ("table", {"table": looked_up}, "of a table that has them"),
    ):
        text = read(study(tmp_path / name, **changes)).text
        assert "this shows nothing sure" in text
        assert f"Several seeds ({hint})" in text


def test_several_seeds_give_mean_deviation_and_difference(tmp_path):
    page = read(study(tmp_path, {"k=5": [6.0, 8.0], "k=2": [3.0, 3.0], "nature-cnn": [5.0, 6.0]}))
    assert "the best found scored 7.00 ± 1.41 and nature-cnn 5.50 ± 0.71" in page.text
    # Welch's interval for 1.47 degrees of freedom.
    assert "+1.50 [−5.42, +8.42] (95% interval): the interval contains 0" in page.text
    assert "higher than one of nature-cnn with probability 0.88 [0.30, 0.99]" in page.text
    assert "nothing sure" not in page.text


def test_the_lead_over_a_random_architecture_is_told_or_said_to_be_unknown(tmp_path):
    unknown = "random architecture is not known: a search with --random-networks 3"
    assert unknown in read(study(tmp_path / "none")).text
    text = read(study(tmp_path / "some", random_networks=["k=2"])).text
    assert "1 random architecture scores" in text
    assert "is not known" not in text
    text = read(study(tmp_path / "warm", warm_start=True)).text
    assert "random architecture is not known." in text  # for a warm start there are none to ask for
    assert "is not known" not in read(study(tmp_path / "random", strategy="random")).text


def confirmed(path, scores):
    """A study of two seeds, the best and the hand-made network with confirmation seeds; `None` is a failed training."""
    study(path, {"k=5": [6.0, 8.0], "k=2": [3.0, 3.0], "nature-cnn": [5.0, 6.0]})
    study_json(path, 2, confirm_seeds=len(scores["k=5"]))
    data = json.loads((path / "result.json").read_text())
    failed = {"status": "failed", "reason": "It rained."}
    unread = {"total_reward": None, "reward_mean": None}
    data["confirmation"] = [
        {
            "name": name,
            **unread,
            "trials": [trial(path, name, n, s, **({} if s else failed)) for n, s in enumerate(own, 3)],
        }
        for name, own in scores.items()
    ]
    write(path / "result.json", data)
    return path


def test_confirmation_seeds_have_the_last_word(tmp_path):
    page = read(confirmed(tmp_path, {"k=5": [4.0, 5.0], "nature-cnn": [5.0, 5.5]}))
    assert page.title == f"k=5 scored 4.50 on {ENV}; the hand-made nature-cnn scored 5.25: no significant difference"
    assert "2 confirmation seeds." in page.text
    assert "the best found scored 4.50 ± 0.71 and nature-cnn 5.25 ± 0.35" in page.text
    assert "too high" not in page.text
    assert "with the seeds that had, it scored 7.00 ± 1.41." in page.text
    assert "does not score higher than nature-cnn" in page.text
    assert "2 confirmation seeds: mean ± standard deviation" in page.text
    rows = [f"{name}{seed} (confirmation)" for name in ("k=5 (best)", "nature-cnn (hand-made)") for seed in (3, 4)]
    assert [page.text.count(row) for row in rows] == [1] * 4
    assert page.text.count("(confirmation)") == 4
    table = page.text[page.text.index("Networks: score and cost") :]
    assert "k=5 (best)7.00 ± 1.414.50 ± 0.71" in table
    assert "nature-cnn (hand-made)5.50 ± 0.715.25 ± 0.35−0.75 [" in table


def test_what_is_odd_about_the_games_is_said_at_the_top(tmp_path):
    path = study(tmp_path, {"k=5": [6.0, 8.0]})
    data = json.loads((path / "result.json").read_text())
    write(path / "result.json", data | {"remarks": ["Half of the steps only reset."]})
    assert "Half of the steps only reset." in read(path).text


def test_without_confirmation_seeds_the_score_of_the_best_is_too_high(tmp_path):
    text = read(study(tmp_path, {"k=5": [6.0, 8.0], "k=2": [3.0, 3.0], "nature-cnn": [5.0, 6.0]})).text
    assert "its score is too high: rlnas resume RUN --confirm-seeds 5" in text


def test_one_confirmation_seed_is_named_and_shows_nothing_sure(tmp_path):
    page = read(confirmed(tmp_path, {"k=5": [4.0], "nature-cnn": [5.0]}))
    assert page.title == f"k=5 scored 4.00 on {ENV} with a single training seed; the hand-made nature-cnn scored 5.00"
    assert "Several seeds (rlnas resume RUN --confirm-seeds 5)" in page.text
    assert "1 confirmation seed; reward mean" in page.text
    assert "with the seeds that had, it scored 7.00 ± 1.41." in page.text


def test_a_failure_of_the_confirmation_leaves_no_score(tmp_path):
    page = read(confirmed(tmp_path, {"k=5": [4.0, None], "nature-cnn": [5.0, 5.5]}))
    assert page.title == f"k=5 was the best on {ENV}, but has no score with the confirmation seeds"
    assert "k=5, seed 4: failed: It rained." in page.text
    assert "k=5 has a score with 1 of 2 seeds only, so it has no mean and is not confirmed." in page.text
    assert "with the seeds that had, it scored 7.00 ± 1.41." in page.text


def test_a_confirmation_under_way_is_not_used_yet(tmp_path):
    study(tmp_path, {"k=5": [6.0, 8.0], "k=2": [3.0, 3.0], "nature-cnn": [5.0, 6.0]})
    study_json(tmp_path, 2, confirm_seeds=2)
    (tmp_path / "result.json").unlink()
    trial(tmp_path, "k=5", 3, 4.0)
    page = read(tmp_path)
    assert page.title.startswith("So far: k=5 scored 7.00")
    assert "3 of 10 trainings not done: k=5, seed 4 (not begun); nature-cnn, seed 3 (not begun)" in page.text
    assert "too high" not in page.text


def test_worse_than_the_baseline_is_said(tmp_path):
    page = read(study(tmp_path, {"k=5": [7.25], "k=2": [3.0], "nature-cnn": [9.0]}))
    assert "difference to nature-cnn is −1.75. The best found does not score higher than nature-cnn." in page.text


def test_same_run_same_bytes(tmp_path):
    a, b = (write_report(study(tmp_path / name)).read_bytes() for name in "ab")
    assert a == b
    assert write_report(tmp_path / "a").read_bytes() == a


def test_layers_with_shapes_and_costs(tmp_path):
    text = read(study(tmp_path)).text
    network = space()
    for number in (network.cost(network.architecture("k=5")).parameters, 1_684_128):
        assert f"{number:,}" in text
    assert "kernel 5" in text
    assert "4×11×11" in text
    assert "64×7×7" in text


def test_ranking_ties_and_fits(tmp_path):
    text = read(study(tmp_path)).text
    assert "2 architectures share the proxy score at the cut" in text
    assert "2 fits over 3 paths: each 0 to 1 times, median 1; 1 path never fitted." in text


def test_failed_trial_is_said_with_its_reason(tmp_path):
    study(tmp_path, {"k=5": [7.0, 8.0], "k=2": [9.0, 9.0], "nature-cnn": [5.0, 6.0]})
    summaries = {
        "k=5": [trial(tmp_path, "k=5", i, 7.0) for i in (1, 2)],
        "k=2": [
            trial(tmp_path, "k=2", 1, 9.0),
            trial(tmp_path, "k=2", 2, None, status="failed", reason="out of <mem>"),
        ],
    }
    (tmp_path / "trials" / "k=2" / "seed-2" / "result.json").unlink()
    result(tmp_path, "k=5", summaries)
    page = read(tmp_path)
    assert page.title.startswith("k=5 scored 7.00")
    assert "k=2, seed 2: failed: out of <mem>" in page.text
    assert "k=2 has a score with 1 of 2 seeds only" in page.text


def test_every_training_failed(tmp_path):
    study_json(tmp_path)
    search(tmp_path)
    failed = {n: [trial(tmp_path, n, 1, None, status="failed", reason="bad")] for n in ("k=5", "k=2", "nature-cnn")}
    result(tmp_path, None, failed)
    page = read(tmp_path)
    assert page.title == f"Nothing found on {ENV}: every training failed"
    assert "nature-cnn, seed 1: failed: bad" in page.text


def test_no_game_finished(tmp_path):
    study_json(tmp_path)
    search(tmp_path)
    result(tmp_path, None, {name: [trial(tmp_path, name, 1, None)] for name in ("k=5", "k=2", "nature-cnn")})
    page = read(tmp_path)
    assert page.title == f"Nothing found on {ENV}: no game finished within the budget"
    assert "k=5, seed 1: no game finished in 501k steps" in page.text


def test_baseline_without_a_score(tmp_path):
    page = read(study(tmp_path, {"k=5": [7.25], "k=2": [3.0], "nature-cnn": [None]}))
    assert page.title.endswith("; the hand-made nature-cnn has no score")


def test_study_that_has_just_begun(tmp_path):
    study_json(tmp_path)
    page = read(tmp_path)
    assert "is not finished: no network has a score yet" in page.title
    assert "no ranking yet: 0 of 10M steps" in page.text
    assert "No training has begun." in page.text


def test_study_with_results_missing(tmp_path):
    study_json(tmp_path)
    search(tmp_path)
    trial(tmp_path, "k=5", 1, 4.0)
    write(tmp_path / "trials" / "k=2" / "seed-1" / "trial.json", {})
    page = read(tmp_path)
    assert (
        page.title
        == f"So far: k=5 scored 4.00 on {ENV} with a single training seed; the hand-made nature-cnn has no score"
    )
    assert "2 of 3 trainings not done: k=2, seed 1 (unfinished); nature-cnn, seed 1 (not begun)." in page.text


def test_a_network_whose_seeds_are_not_all_done_is_not_the_best_so_far(tmp_path):
    study_json(tmp_path, seeds=2)
    search(tmp_path)
    for name, seed, score in [("k=5", 1, 4.0), ("k=5", 2, 5.0), ("k=2", 1, 9.0)]:
        trial(tmp_path, name, seed, score)
    assert read(tmp_path).title.startswith("So far: k=5 scored 4.50")


def test_search_under_way_draws_the_fit_from_its_path_log(tmp_path):
    study_json(tmp_path)
    search(tmp_path)
    (tmp_path / "search" / "episodes.parquet").unlink()
    (tmp_path / "search" / "ranking.json").unlink()
    page = read(tmp_path)
    assert "no ranking yet: 2,048 of 10M steps" in page.text
    assert ("aria-label", "Learning curve of the supernet") in page.attributes


def test_many_long_ids(tmp_path):
    space_ = load_space("paper-large")
    names = [space_.architecture([i % 4, i % 5] + [0, 0] * 8).id for i in range(20)]
    study_json(tmp_path, space=space_.to_dict(), env="E")
    write(tmp_path / "search" / "ranking.json", [{"architecture": n, "proxy": 9.0 - i} for i, n in enumerate(names)])
    page = read(tmp_path)
    assert names[3] in page.text
    assert "# is the rank" in page.text
    assert "The first" not in page.text


def test_single_trial(tmp_path):
    folder = single(tmp_path / "trials" / "k=3" / "seed-4", "k=3", space())
    trial(tmp_path, "k=3", 4, 6.125)
    page = read(folder)
    assert page.title == f"k=3 scored 6.12 on {ENV} with a single training seed"
    assert "500k environment steps with seed 4" in page.text
    assert "Search" not in page.text


def test_the_command_that_repeats_a_run_breaks_before_its_options(tmp_path):
    folder = single(tmp_path, "k=3", space())
    text = write_report(folder, "rlnas train --arch k=3 --out NEW").read_text()
    assert "rlnas train <span>--arch k=3</span> <span>--out NEW</span>" in text
    assert "The space tiny&lt;i&gt; is not in the catalogue" in text
    assert "repeats it" not in write_report(folder).read_text()


def test_single_trial_of_a_fixed_network(tmp_path):
    folder = single(tmp_path / "trials" / "nature-cnn" / "seed-4", "fixed", load_space("nature-cnn"))
    trial(tmp_path, "nature-cnn", 4, None)
    assert read(folder).title == f"nature-cnn finished no game of {ENV}"


def test_single_trial_not_finished(tmp_path):
    page = read(single(tmp_path, "k=3", space()))
    assert page.title == f"k=3 on {ENV}: not finished"
    assert "rlnas resume" in page.text


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.write_text(""), lambda path: None])
def test_no_run_is_refused(tmp_path, make):
    make(tmp_path / "x")
    with pytest.raises(UserError, match="is no run of rlnas"):
        write_report(tmp_path / "x")
    assert not (tmp_path / "x" / "report.html").exists()


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("study.json", "{}"),
        ("study.json", "[]"),
        ("study.json", "{"),
        ("result.json", '{"schema": 1}'),
        ("result.json", '{"schema": 99}'),
        ("result.json", "[]"),
        ("search/paths.jsonl", "{"),
        ("search/paths.jsonl", '{"path": "k=5", "steps": 1, "returns": ["1"]}'),
        ("search/paths.jsonl", "[" * 100_000),
        ("search/episodes.parquet", "x"),
        ("study.json", "[" * 100_000),
        ("result.json", '{"schema": ' * 100_000),
        ("trials/k=5/seed-1/result.json", '{"curve": "x"}'),
    ],
)
def test_damaged_runs_are_named(tmp_path, file, content):
    study(tmp_path)
    (tmp_path / file).write_text(content)
    with pytest.raises(UserError, match=re.escape(str(tmp_path))):
        write_report(tmp_path)
