"""Video compression."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions import Noise
from robustbench_endo.corruptions.errors import CorruptionError, OptionalDependencyError
from robustbench_endo.corruptions.surgical.video_compression import VideoCompressionParams, compress

NOISE = Noise((5,), torch.device("cpu"))
FRAME = np.add.outer(np.arange(70), np.arange(90))[..., None].repeat(3, 2).astype(np.uint8)
FRAME[20:40, 30:60] = (200, 40, 30)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_video_compression_repeats_itself_and_loses_more_at_a_higher_crf(codec: str) -> None:
    pytest.importorskip("av")
    low, high, again = (compress(FRAME, VideoCompressionParams(crf, codec), NOISE) for crf in (10.0, 45.0, 45.0))
    assert low.shape == FRAME.shape
    assert np.array_equal(high, again)
    assert np.abs(low.astype(int) - FRAME).mean() < 3
    assert np.abs(high.astype(int) - FRAME).mean() > np.abs(low.astype(int) - FRAME).mean() + 0.5


@pytest.mark.parametrize("codec", ["h264_unknown", "mjpeg", "aac"])
def test_video_compression_by_an_unusable_codec_is_one_sentence(codec: str) -> None:
    pytest.importorskip("av")
    with pytest.raises(CorruptionError, match=f"constant rate factor, got '{codec}': use libx264"):
        compress(FRAME, VideoCompressionParams(30.0, codec), NOISE)


def test_video_compression_without_pyav_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(OptionalDependencyError, match=r"Expected PyAV .* install robustbench-endo\[video\]"):
        compress(FRAME, VideoCompressionParams(30.0), NOISE)
