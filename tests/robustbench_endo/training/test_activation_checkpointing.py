"""Activation checkpointing gives the same weights."""

from __future__ import annotations

import pytest

from robustbench_endo.errors import TrainingError
from robustbench_endo.models import build
from robustbench_endo.training import TrainConfig, train
from robustbench_endo.training.activation_checkpointing import activation_checkpointing, repeated_blocks

QUICK = {"epochs": 2, "batch_size": 4, "augment": "none"}


@pytest.mark.parametrize(("architecture", "weighting"), [("mmoe", "equal"), ("mmoe", "moco"), ("tesla", "db_mtl")])
def test_activation_checkpointing_gives_the_same_weights(tmp_path, squares, weights, architecture, weighting):
    spec, options = f"tiny-resnet/{architecture}@width=12,head_channels=8,input_size=32x40", {"weighting": weighting}
    folders = [
        train(
            spec,
            squares(8),
            config=TrainConfig(**QUICK, **options, activation_checkpointing=on),
            out=tmp_path / str(on),
        )
        for on in (False, True)
    ]
    first, second = map(weights, folders)
    assert all(float((first[name].float() - second[name].float()).abs().max()) < 1e-6 for name in first)


def test_activation_checkpointing_rejects_model_without_blocks(tmp_path, squares):
    (tmp_path / "mine.py").write_text(
        "import torch\ndef make(num_classes):\n    return torch.nn.Conv2d(3, num_classes, 3, padding=1)\n"
    )
    config = TrainConfig(**QUICK, activation_checkpointing=True)
    with pytest.raises(TrainingError, match="residual or transformer blocks"):
        train(f"{tmp_path}/mine.py:make", squares(4), config=config, out=tmp_path / "run")


def test_activation_checkpointing_restores_the_blocks(spec):
    model = build(spec, 2, 2)
    blocks = repeated_blocks(model)
    with activation_checkpointing(model):
        assert all("forward" in vars(block) for block in blocks)
    assert blocks
    assert not any("forward" in vars(block) for block in blocks)
