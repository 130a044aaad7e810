import pytest

from rlnas.errors import EnvironmentFault, RlnasError, UserError, unknown


def test_unknown_names_the_value_the_nearest_match_and_what_is_allowed():
    message = str(unknown("strategy", "sops", ["spos", "random", "enas"]))
    assert message == "unknown strategy 'sops'. Did you mean 'spos'? Allowed: enas, random, spos."


def test_unknown_suggests_nothing_where_nothing_is_near():
    assert "Did you mean" not in str(unknown("strategy", "xyz", ["spos", "random"]))


def test_unknown_cuts_long_lists_short():
    message = str(unknown("environment", "?", [f"Game{n:02}" for n in range(40)]))
    assert "Game11" in message
    assert "Game12" not in message
    assert "(40 in all)" in message


@pytest.mark.parametrize(("kind", "builtin"), [(UserError, ValueError), (EnvironmentFault, RuntimeError)])
def test_errors_are_caught_as_rlnas_errors_and_as_their_builtin_kind(kind, builtin):
    assert issubclass(kind, RlnasError)
    assert issubclass(kind, builtin)


def test_a_fault_of_an_environment_is_not_taken_for_bad_input():
    assert not issubclass(EnvironmentFault, UserError)
