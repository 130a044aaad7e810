import pytest

from rlnas.errors import UserError
from rlnas.spaces import (
    CATALOGUE,
    Activation,
    Choice,
    Conv,
    Flatten,
    Linear,
    MaxPool,
    Repeat,
    Resize,
    Space,
    load_space,
)
from rlnas.spaces.toml import dump_toml

GOOD = """\
name = "mine"
input = [4, 84, 84]

[[layers]]
type = "conv"
channels = 16
kernel = {choice = "k1", options = [3, 5]}
stride = 4

[[layers]]
type = "flatten"

[[layers]]
type = "linear"
features = 64
"""


@pytest.fixture
def load(tmp_path):
    """Loads a space from the text of a file."""

    def load(text: str) -> Space:
        (tmp_path / "space.toml").write_text(text)
        return load_space(str(tmp_path / "space.toml"))

    return load


def stored_toml(space: Space) -> str:
    """The stored form of a space as TOML: layers have the names of version 0.1."""

    def value(x: object) -> str:
        if isinstance(x, dict):
            return "{" + ", ".join(f"{key} = {value(item)}" for key, item in x.items()) + "}"
        if isinstance(x, list):
            return f"[{', '.join(map(value, x))}]"
        return f'"{x}"' if isinstance(x, str) else str(x)

    data = space.to_dict()
    lines = [f"{key} = {value(data[key])}" for key in ("name", "input")]
    for layer in data["layers"]:
        lines += ["", "[[layers]]", *(f"{key} = {value(x)}" for key, x in layer.items())]
    return "\n".join(lines)


def test_a_file_is_a_space(load):
    layers = [Conv(16, kernel=Choice("k1", [3, 5]), stride=4), Flatten(), Linear(64)]
    assert load(GOOD) == Space("mine", (4, 84, 84), layers)


@pytest.mark.parametrize("name", CATALOGUE)
def test_every_space_of_the_catalogue_survives_a_file(load, name):
    assert load(dump_toml(load_space(name))) == load_space(name)


def test_all_parameters_survive_a_file(load):
    layers = [
        Conv(Choice("c", [4, 8]), kernel=2, stride=Choice("s", [1, 2]), padding="same", pad_mode="reflect"),
        MaxPool(Choice("p", [1, 2]), stride=2, padding="valid"),
        Resize(5, 6, channels=9, shrink="crop"),
        Flatten(),
        Linear(Choice("f", [3, 7]), activation="none", norm=Choice("n", ["none", "layer"])),
        Repeat([Activation("silu"), Linear(7)], times=Choice("d", [1, 2])),
    ]
    space = Space("all", (2, 12, 12), layers)
    assert load(dump_toml(space)) == space
    assert 'type = "resize"' in dump_toml(space)


def test_the_names_of_version_0_1_are_read(load):
    text = stored_toml(load_space("paper-1"))
    assert 'type = "fit"' in text
    assert load(text) == load_space("paper-1")


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("input = [4, 84, 84]", "input = [4, 84", r"not valid TOML.*line \d"),
        ('type = "conv"', 'type = "cnov"', r"line 5: layer 1: unknown layer type 'cnov'. Did you mean 'conv'"),
        ("stride = 4", "stride = 0", r"line 8: layer 1: conv: stride must be a whole number"),
        (
            "stride = 4",
            "strid = 4",
            r"line 8: layer 1: unknown parameter of a conv layer: 'strid'. Did you mean 'stride'",
        ),
        ("channels = 16", "chanels = 16", r"line 6: layer 1: unknown parameter.*'chanels'. Did you mean 'channels'"),
        ("channels = 16\n", "", r"line 4: layer 1: a conv layer lacks a parameter"),
        ("options = [3, 5]", "options = [3, 3]", r"line 4: layer 1: choice 'k1' lists an option twice"),
        ("options = [3, 5]", "values = [3, 5]", r"line 4: layer 1: conv: a choice reads"),
        ("features = 64", 'features = "64"', r"line 15: layer 3: linear: features must be a whole number"),
        ("kernel = {", 'padding = "valid"\nkernel = {', r"line 14: .*different shapes reach layer 3 \(linear\)"),
        ('[[layers]]\ntype = "flatten"\n', "", r"line 11: .*architecture k1=3 is impossible: layer 2: linear needs"),
        ('name = "mine"', 'nmae = "mine"', r"space.toml: unknown key of a space: 'nmae'. Did you mean 'name'"),
        ('name = "mine"\n', "", r"space.toml: a space needs 'name'"),
    ],
)
def test_a_fault_is_reported_with_its_line(load, old, new, fault):
    assert GOOD.count(old) == 1
    text = GOOD.replace(old, new)
    with pytest.raises(UserError, match=fault):
        load(text)


def test_layers_in_one_line_are_reported_without_a_line(load):
    with pytest.raises(UserError, match=r"space.toml: layer 1: unknown layer type 'cnov'"):
        load('name = "mine"\ninput = [3]\nlayers = [{type = "cnov"}]')


def test_a_file_that_cannot_be_read_is_refused(tmp_path):
    with pytest.raises(UserError, match=r"space file .*none.toml' cannot be read"):
        load_space(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(UserError, match="cannot be read"):
        load_space(tmp_path / "binary.toml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"name = {'1' * 5_000}", "not valid TOML"),
        (f"name = {'[' * 100_000}", "one another"),
        (f"layers = {'[' * 100_000}{']' * 100_000}", "one another"),
        (
            GOOD
            + "\n"
            + "[[layers]]\ntype = 'residual'\nlayers = "
            + "[{type='residual',layers=" * 60
            + "[]"
            + "}]" * 60,
            "",
        ),
        (GOOD + "\n[[layers]]\ntype = 'repeat'\ntimes = 1000000000\nlayers = [{type='linear',features=4}]", "at most"),
    ],
)
def test_a_file_that_would_never_end_is_refused(tmp_path, text, message):
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(UserError, match=rf"mine\.toml.*{message}"):
        load_space(tmp_path / "mine.toml")
