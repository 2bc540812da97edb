"""Video compression."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions import Noise, corrupt, load_suite
from robustbench_endo.corruptions.errors import CorruptionError, OptionalDependencyError
from robustbench_endo.corruptions.surgical import video_compression
from robustbench_endo.corruptions.surgical.codec_frames import to_planes_420
from robustbench_endo.corruptions.surgical.video_compression import VideoCompressionParams, compress, stream_rate

NOISE = Noise((5,), torch.device("cpu"))
FRAME = np.add.outer(np.arange(70), np.arange(90))[..., None].repeat(3, 2).astype(np.uint8)
FRAME[20:40, 30:60] = (200, 40, 30)
TEXTURE = np.random.default_rng(0).integers(60, 200, (32, 48, 3)).astype(np.uint8).repeat(4, 0).repeat(4, 1)


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


def coded_bits(codec: str, crf: float, count: int) -> list[int]:
    """Bits of the first frames of a clip of TEXTURE, moved by two pixels from frame to frame."""
    av = pytest.importorskip("av")
    encoder = video_compression._encoder(av, VideoCompressionParams(crf, codec), TEXTURE.shape[:2])
    packets = []
    for index in range(count):
        frame = video_compression._clip_frame(av, to_planes_420(TEXTURE), [index, 0])
        frame.pts = index
        packets += encoder.encode(frame)
    return [8 * packet.size for packet in packets + encoder.encode(None)]


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_video_compression_meets_the_bits_of_its_rate(codec: str) -> None:
    av = pytest.importorskip("av")
    params = VideoCompressionParams(0.0, codec, 8000.0)
    crf = video_compression._rate_factor(av, params, to_planes_420(TEXTURE))
    (bits,) = coded_bits(codec, crf, 1)
    assert 0.9 * 8000 < stream_rate(bits, TEXTURE.shape[0] * TEXTURE.shape[1]) <= 8000
    by_crf = compress(TEXTURE, VideoCompressionParams(crf, codec), NOISE)
    assert np.array_equal(compress(TEXTURE, params, NOISE), by_crf)


def test_video_compression_rate_is_that_of_a_laparoscopic_video() -> None:
    """EndoVis 2015 (352 x 288, 25 frames/s, x264 veryfast, an I frame per second): bits of I frames and the rate."""
    pixels = 352 * 288
    for size, measured in ((19869, 325), (12763, 183), (7906, 98), (4595, 51), (2451, 26)):
        assert stream_rate(8 * size, pixels) * pixels / (1920 * 1080) == pytest.approx(measured, rel=0.08)


def test_video_compression_loses_more_at_a_lower_rate_and_repeats_itself() -> None:
    pytest.importorskip("av")
    errors = []
    for rate in (15_000.0, 6000.0, 2500.0, 1.0):
        first, again = (compress(TEXTURE, VideoCompressionParams(20.0, "libx264", rate), NOISE) for _ in range(2))
        assert np.array_equal(first, again)
        errors.append(np.abs(first.astype(int) - TEXTURE).mean())
    assert errors == sorted(errors)
    assert len(set(errors)) == 4
    lowest = compress(TEXTURE, VideoCompressionParams(51.0), NOISE)  # a rate of 1 kbit/s is beyond the encoder
    assert np.array_equal(compress(TEXTURE, VideoCompressionParams(20.0, "libx264", 1.0), NOISE), lowest)


def test_video_compression_at_a_rate_from_a_suite_file_and_a_call(tmp_path: Path) -> None:
    pytest.importorskip("av")
    file = tmp_path / "rates.toml"
    file.write_text('extends = "endo-surgical"\n[video_compression]\nbitrate = [5500, 2800, 1800, 900, 450]\n')
    params = load_suite(file).get("video_compression").severities
    assert [entry.bitrate for entry in params] == [5500, 2800, 1800, 900, 450]
    by_file = corrupt(FRAME, "video_compression", 3, suite=file)
    by_call = corrupt(FRAME, "video_compression", 3, suite="endo-surgical", parameters={"bitrate": 1800})
    assert np.array_equal(by_file, by_call)
    assert not np.array_equal(by_file, corrupt(FRAME, "video_compression", 3, suite="endo-surgical"))
    with pytest.raises(CorruptionError, match="bitrate: expected values from 0 to 1e\\+06, got -1"):
        corrupt(FRAME, "video_compression", 3, suite="endo-surgical", parameters={"bitrate": -1})
