"""Checkpoints as files; damaged ones are in tests/cli/test_refuses.py."""

import pytest
import torch

from rlnas.errors import UserError
from rlnas.study.checkpoint import load_checkpoint, pack, save_checkpoint


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


def test_a_checkpoint_of_the_format_before_is_read(tmp_path):
    file = tmp_path / "checkpoint.safetensors"
    metadata = {"format": "rlnas-checkpoint-3", "owner": "me", "data": '{"seconds": 1.5}'}
    file.write_bytes(pack({"weight": torch.ones(2)}, metadata))
    found, data = load_checkpoint(file, "me")
    assert data == {"seconds": 1.5}
    assert list(found) == ["weight"]


def test_plain_data_may_be_larger_than_what_the_format_allows_beside_tensors(tmp_path):
    file, games = tmp_path / "checkpoint.safetensors", "1.0, " * 21_000_000  # 105 MB
    save_checkpoint(file, "me", {"weight": torch.ones(2)}, {"games": games})
    found, data = load_checkpoint(file, "me")
    assert data == {"games": games}
    assert torch.equal(found["weight"], torch.ones(2))
