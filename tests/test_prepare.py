"""Arguments that nobody gave, and such as do not go together."""

import pytest

import rlnas
from rlnas.errors import UserError
from rlnas.prepare import default_threads, processors


def test_only_pictures_are_worth_several_threads():
    assert default_threads((4, 84, 84)) == processors()
    assert default_threads((4, 10, 10)) == default_threads((17,)) == 1


def test_trainings_that_are_looked_up_have_the_tables_seeds(tmp_path):
    arguments = ("MinAtar/Breakout-v1", "minatar-1", "random", 1)
    with pytest.raises(UserError, match="have the table's 5 seeds: leave --train-seeds out"):
        rlnas.search(*arguments, table="minatar-breakout", train_seeds=9, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()
    assert rlnas.search(*arguments, table="minatar-breakout", train_seeds=5, out=tmp_path / "run").best
