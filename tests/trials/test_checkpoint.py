"""Checkpoints as files; damaged ones are in tests/cli/test_refuses.py."""

import json
from pathlib import Path

import pytest
import torch

from rlnas.errors import EnvironmentFault, UserError
from rlnas.trials.checkpoint import DATA, FORMAT, HEAD, fitting, load_checkpoint, pack, save_checkpoint


def test_a_checkpoint_gives_back_what_it_was_given_and_to_its_owner_only(tmp_path):
    tied = torch.arange(6.0).view(2, 3)
    tensors = {
        "weight": tied,
        "same": tied,
        "part": tied[1],
        "strided": torch.arange(24.0).view(1, 2, 3, 4).contiguous(memory_format=torch.channels_last),
        "step": torch.tensor(3, dtype=torch.int64),
    }
    file = tmp_path / "checkpoint.safetensors"
    save_checkpoint(file, "me", tensors, {"seconds": 1.5})
    found, data = load_checkpoint(file, "me")
    assert data == {"seconds": 1.5}
    assert found.keys() == tensors.keys()
    for name, tensor in tensors.items():
        assert found[name].dtype == tensor.dtype
        assert torch.equal(found[name], tensor)
    with pytest.raises(UserError, match="belongs to other settings"):
        load_checkpoint(file, "you")


@pytest.mark.parametrize("number", [3, 4])
def test_a_checkpoint_of_version_0_1_is_refused(tmp_path, number):
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(pack({"weight": torch.ones(2)}, {"format": f"rlnas-checkpoint-{number}", "owner": "me"}))
    with pytest.raises(UserError, match=r"written by rlnas 0\.1, .* Delete it to train that part again"):
        load_checkpoint(file, "me")


def test_plain_data_may_be_larger_than_what_the_format_allows_beside_tensors(tmp_path):
    file, games = tmp_path / "checkpoint.safetensors", "1.0, " * 21_000_000  # 105 MB
    save_checkpoint(file, "me", {"weight": torch.ones(2)}, {"games": games})
    found, data = load_checkpoint(file, "me")
    assert data == {"games": games}
    assert torch.equal(found["weight"], torch.ones(2))


def test_a_flipped_bit_in_any_byte_is_found(tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    save_checkpoint(file, "me", {"weight": torch.ones(2)}, {"seconds": 1.5})
    whole = file.read_bytes()
    for place, byte in enumerate(whole):
        file.write_bytes(whole[:place] + bytes([byte ^ 1 << place % 8]) + whole[place + 1 :])
        with pytest.raises(UserError, match=r"checkpoint.*safetensors"):
            load_checkpoint(file, "me")
    file.write_bytes(whole)
    load_checkpoint(file, "me")


def test_the_same_checkpoint_has_the_same_bytes(tmp_path):
    for name in "abcdef":
        save_checkpoint(tmp_path / name, "me", {"weight": torch.ones(2)}, {"seconds": 1.5})
    assert len({path.read_bytes() for path in tmp_path.iterdir()}) == 1


PLAIN = torch.frombuffer(bytearray(b'{"seconds": 1.5}'), dtype=torch.uint8)


@pytest.mark.parametrize("tensors", [{}, {DATA: PLAIN[:-1]}, {DATA: torch.ones(2)}, {DATA: PLAIN}])
def test_a_checkpoint_without_its_checksum_is_refused(tmp_path, tensors):
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(pack({"weight": torch.ones(2), **tensors}, {HEAD: json.dumps({"format": FORMAT, "owner": "me"})}))
    with pytest.raises(UserError, match="the checkpoint is truncated or damaged"):
        load_checkpoint(file, "me")


@pytest.mark.parametrize("text", [b"[1]", b"[" * 9_999, b"{", b"nan"])
def test_plain_data_that_are_no_object_are_refused(tmp_path, monkeypatch, text):
    file = tmp_path / "checkpoint.safetensors"
    monkeypatch.setattr("rlnas.trials.checkpoint.json.dumps", lambda data: text.decode("latin-1"))
    save_checkpoint(file, "me", {"weight": torch.ones(2)}, {})
    with pytest.raises(UserError, match="the checkpoint is truncated or damaged"):
        load_checkpoint(file, "me")


@pytest.mark.parametrize("content", [b"", b"x", b"\xff" * 100, b"\x02" + b"\0" * 7 + b"[]"])
def test_what_is_no_checkpoint_is_refused(tmp_path, content):
    file = tmp_path / "checkpoint.safetensors"
    file.write_bytes(content)
    with pytest.raises(UserError, match="the checkpoint"):
        load_checkpoint(file, "me")


@pytest.mark.parametrize("error", [KeyError("seconds"), TypeError("a text"), RuntimeError("sizes\nmore"), ValueError()])
def test_what_does_not_fit_names_the_file(error):
    with (
        pytest.raises(UserError, match=r"the checkpoint 'a/b' does not fit its network: [^\n]+\.$"),
        fitting(Path("a/b")),
    ):
        raise error


def test_a_fault_of_the_environment_stays_one():
    with pytest.raises(EnvironmentFault), fitting(Path("a")):
        raise EnvironmentFault("the motor stalled")
