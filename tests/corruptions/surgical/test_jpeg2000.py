"""JPEG 2000."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from PIL import features

from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.surgical.jpeg2000 import Jpeg2000, compress

FRAME = np.random.default_rng(0).integers(0, 256, (64, 80, 3), dtype=np.uint8)


def test_jpeg2000_error_grows_with_the_ratio() -> None:
    errors = [np.abs(compress(FRAME, ratio).astype(int) - FRAME).mean() for ratio in (2.0, 8.0, 32.0)]
    assert errors == sorted(errors)
    assert len(set(errors)) == 3


def test_jpeg2000_of_bytes_equals_that_of_values() -> None:
    values = torch.from_numpy(FRAME).permute(2, 0, 1)[None].float() / 255
    coded = Jpeg2000()(values, 2, ["a"]).images[0].permute(1, 2, 0) * 255
    assert np.array_equal(coded.round().numpy(), compress(FRAME, 70.0))


def test_jpeg2000_without_openjpeg_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(features, "check", lambda name: False)
    with pytest.raises(CorruptionError, match="expected Pillow with OpenJPEG, got one without"):
        compress(FRAME, 10.0)
