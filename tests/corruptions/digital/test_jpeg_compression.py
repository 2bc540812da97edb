"""JPEG compression: libjpeg at the reference size, blocks that scale with the image, and residual detail."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions.digital.jpeg_compression import JpegCompression, detail_threshold
from robustbench_endo.corruptions.kernels.jpeg.codec import jpeg_round_trip

Frames = Callable[..., Tensor]


def test_jpeg_compression_at_the_reference_size_is_libjpeg(frames: Frames) -> None:
    images = frames(1)
    assert torch.equal(JpegCompression()(images, 4, ["a"], reference_size=96).images, jpeg_round_trip(images, 10))


@pytest.mark.parametrize("factor", [0.5, 2, 3])
def test_jpeg_compression_blocks_scale_with_the_image(factor: float, frames: Frames) -> None:
    images = frames(1)
    reference_size = int(96 / factor)
    corrupted = JpegCompression()(images, 5, ["a"], reference_size=reference_size).images
    rows = corrupted[0].mean(0).diff(dim=0).abs().mean(1)
    block = int(8 * factor)
    # Interpolation spreads the step between two blocks over the pixels on either side of the edge.
    phase = torch.stack([rows[start::block].mean() for start in range(block)])
    assert int(phase.argmax()) in (block - 1, block - 2, 0)


def test_jpeg_compression_keeps_detail_above_half_the_finest_step() -> None:
    images = torch.full((1, 3, 128, 128), 0.2)
    images[..., 64, 64] = 1.0
    corrupted = JpegCompression()(images, 1, ["a"], reference_size=32).images
    assert float(corrupted[..., 64, 64].mean()) > 0.8 - detail_threshold(25)
    assert detail_threshold(7) > detail_threshold(25) > 0
