"""Trainings whose encoders compute in bf16."""

import json

import pytest
import torch

import rlnas
from rlnas.errors import UserError
from rlnas.study import load_network

STEPS = 8_192


@pytest.fixture
def bf16(monkeypatch):
    """A processor with the instructions; torch computes the same without them, slowly."""
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx512_bf16": True})


def train(out, **options):
    return rlnas.train("MinAtar/Breakout-v1", "minatar-1", "k1=1,k2=1", steps=STEPS, out=out, **options)


def test_a_training_in_bf16_says_so_differs_and_goes_on_as_if_it_had_not_been_stopped(tmp_path, bf16):
    whole = train(tmp_path / "whole", precision="bf16", checkpoint_steps=4_096)

    class Stopped(Exception):
        pass

    def stop(progress):
        if progress.done > 4_096:
            raise Stopped

    with pytest.raises(Stopped):
        train(tmp_path / "halves", precision="bf16", checkpoint_steps=4_096, watch=stop)
    rlnas.resume(tmp_path / "halves")
    plain = train(tmp_path / "plain", checkpoint_steps=4_096)
    results = [json.loads((tmp_path / name / "result.json").read_text()) for name in ("whole", "halves")]
    assert results[0] == results[1]
    settings, network = load_network(whole.path)
    assert settings.precision == "bf16"
    assert network.bf16
    other = load_network(plain.path)[1]
    assert not other.bf16
    assert not network.policy.weight.equal(other.policy.weight)


def test_what_computes_otherwise_or_cannot_be_computed_is_refused(tmp_path, monkeypatch):
    with pytest.raises(UserError, match="unknown precision 'fp16'"):
        train(tmp_path / "run", precision="fp16")
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"avx2": True})
    with pytest.raises(UserError, match="no instructions for bf16"):
        train(tmp_path / "run", precision="bf16")
    assert not (tmp_path / "run").exists()
