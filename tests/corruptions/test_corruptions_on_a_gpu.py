"""Corruptions on a GPU: sizes, suites, precisions and contexts that differ from those of the other tests."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption, load_suite

pytestmark = pytest.mark.gpu

SIZES = ((392, 523), (478, 850), (1009, 1306), (523, 392))
"""Cells of noise of the first two are not whole pixels; the last one is a portrait."""
IDS = ("a", "b")


def random_images(size: tuple[int, int], count: int = 1) -> Tensor:
    """Smooth random images on the CPU, (count, 3, H, W) in [0, 1]."""
    coarse = torch.rand(count, 3, 12, 16, generator=torch.Generator().manual_seed(0))
    return torch.nn.functional.interpolate(coarse, size, mode="bilinear").clamp(0, 1)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("suite_name", ["endo19", "imagenet-c", "endoarss"])
def test_suites_on_a_gpu_agree_with_the_cpu_at_odd_sizes(
    suite_name: str, size: tuple[int, int], gpu: torch.device
) -> None:
    suite, images = load_suite(suite_name), random_images(size)
    failures = {}
    for name in suite.names:
        expected = suite.corrupt(images, name, 3, IDS[:1]).images
        corrupted = suite.corrupt(images.to(gpu), name, 3, IDS[:1]).images.cpu()
        share = float(((corrupted - expected).abs() * 255 <= 1.001).double().mean())
        if share < 0.9999:
            failures[name] = share
    assert failures == {}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_corruption_on_a_gpu_computes_half_precision_in_float32(
    corruption: Corruption, dtype: torch.dtype, gpu: torch.device
) -> None:
    images = random_images((96, 131), 2).to(gpu, dtype)
    corrupted = corruption(images, 3, IDS).images
    assert corrupted.dtype == dtype
    assert corrupted.device == gpu
    assert torch.equal(corrupted, corruption(images.float(), 3, IDS).images.to(dtype))


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_corruption_on_a_gpu_ignores_the_autocast_of_the_caller(corruption: Corruption, gpu: torch.device) -> None:
    images = random_images((96, 131), 2).to(gpu)
    expected = corruption(images, 5, IDS).images
    with torch.autocast(gpu.type, torch.bfloat16):
        assert torch.equal(corruption(images, 5, IDS).images, expected)


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_corruption_on_a_gpu_depends_neither_on_the_batch_nor_on_the_call(
    corruption: Corruption, gpu: torch.device
) -> None:
    images = random_images((96, 131), 2).to(gpu)
    both = corruption(images, 3, IDS).images
    assert torch.equal(corruption(images, 3, IDS).images, both)
    one = corruption(images[1:], 3, IDS[1:]).images
    assert ((one - both[1:]).abs() * 255 <= 1e-3).double().mean() >= 0.9999
