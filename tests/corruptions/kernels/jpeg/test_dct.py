"""The transform and the quantiser of JPEG against scipy and Pillow."""

from __future__ import annotations

import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy.fft import dct

from robustbench_endo.corruptions.kernels.jpeg.dct import (
    CHROMINANCE,
    LUMINANCE,
    code_blocks,
    cosine_matrix,
    quantisation_table,
)


def test_cosine_matrix_is_the_cosine_transform_to_13_bits() -> None:
    ideal = dct(np.eye(8), axis=0, norm="ortho") * 8**0.5 * 2**13
    assert np.abs(cosine_matrix() - ideal).max() < 2
    assert np.array_equal(cosine_matrix(), np.round(cosine_matrix()))


@pytest.mark.parametrize("quality", [1, 7, 50, 90, 100])
def test_quantisation_table_is_the_one_in_the_file(quality: int) -> None:
    stream = io.BytesIO()
    Image.new("RGB", (16, 16)).save(stream, "JPEG", quality=quality)
    tables = Image.open(stream).quantization
    assert np.array_equal(quantisation_table(quality, LUMINANCE).ravel(), tables[0])
    assert np.array_equal(quantisation_table(quality, CHROMINANCE).ravel(), tables[1])


def test_code_blocks_with_steps_of_one_is_nearly_lossless() -> None:
    samples = torch.from_numpy(np.random.default_rng(0).integers(-128, 128, (2, 1, 16, 24))).int()
    decoded = code_blocks(samples, torch.ones(8, 8))
    assert decoded.dtype == torch.int32
    assert (decoded - samples).abs().max() <= 1
