"""Structural similarity by Triton: in its interpreter compared with plain torch, and the programs of a launch."""

from __future__ import annotations

import pytest
import torch


@pytest.mark.slow
@pytest.mark.parametrize("check", ["check_mask_ssim", "check_compare_images"])
def test_ssim_in_triton_agrees_with_plain_torch(check: str, triton_failures: dict[str, str]) -> None:
    assert triton_failures[check] == ""


def test_tiles_cover_all_pixels_with_a_score() -> None:
    ssim_triton = pytest.importorskip("robustbench_endo.metrics.ssim_triton", reason="Triton is not installed")
    assert ssim_triton._tiles(11, 11, (32, 64)) == (1, 1)
    assert ssim_triton._tiles(42, 64, (32, 64)) == (1, 1)
    assert ssim_triton._tiles(43, 65, (32, 64)) == (2, 2)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_ssim_in_triton_gives_the_same_bytes_for_an_image_and_its_batch() -> None:
    from robustbench_endo.metrics import ssim_triton

    images = torch.rand(2, 3, 3, 90, 200, device="cuda")
    labels = (images[:, :, 0] * 4).byte()
    compared, scores = ssim_triton.compare_images(*images), ssim_triton.mask_ssim(*labels, 4)
    for i in range(3):
        item = slice(i, i + 1)
        assert torch.equal(ssim_triton.compare_images(*images[:, item])[:, 0], compared[:, i])
        assert torch.equal(ssim_triton.mask_ssim(*labels[:, item], 4)[0], scores[i])
