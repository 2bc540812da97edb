"""Properties of every corruption."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption, load_suite

Frames = Callable[..., Tensor]
each_corruption = pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
IDS = ("a.png", "b.png")


@each_corruption
def test_corruption_keeps_shape_dtype_device_and_range(corruption: Corruption, frames: Frames) -> None:
    images = frames()
    batch = corruption(images, 5, IDS)
    assert batch.images.shape == images.shape
    assert batch.images.dtype == images.dtype
    assert batch.images.device == images.device
    assert 0 <= batch.images.min() <= batch.images.max() <= 1
    assert not torch.equal(batch.images, images)


@each_corruption
def test_corruption_grid_and_opacity_have_their_shape_and_range(corruption: Corruption, frames: Frames) -> None:
    batch = corruption(frames(), 3, IDS)
    if batch.grid is not None:
        assert batch.grid.shape == (2, 96, 128, 2)
        assert batch.grid.isfinite().all()
    if batch.opacity is not None:
        assert batch.opacity.shape == (2, 1, 96, 128)
        assert 0 <= batch.opacity.min() <= batch.opacity.max() <= 1


@each_corruption
def test_corruption_does_not_modify_its_input(corruption: Corruption, frames: Frames) -> None:
    images = frames()
    before = images.clone()
    corruption(images, 4, IDS)
    assert torch.equal(images, before)


@each_corruption
def test_corruption_at_severity_0_is_the_identity_in_a_new_tensor(corruption: Corruption, frames: Frames) -> None:
    images = frames()
    untouched = corruption(images, 0, IDS).images
    assert torch.equal(untouched, images)
    assert untouched.data_ptr() != images.data_ptr()


@pytest.mark.parametrize("suite", ["endo19", "endoarss", "imagenet-c"])
def test_corruption_replicates_differ_exactly_where_it_is_stochastic(suite: str, frames: Frames) -> None:
    corruptions = load_suite(suite).corruptions
    # Several draws, because that of the gamma correction is a coin toss.
    differing = {
        item.name
        for item in corruptions
        for replicate in range(1, 6)
        if not torch.equal(item(frames(), 3, IDS).images, item(frames(), 3, IDS, replicate=replicate).images)
    }
    stochastic = {item.name for item in corruptions if item.stochastic}
    # With the parameters of endoarss the gamma correction always darkens.
    assert differing == stochastic - ({"gamma_correction"} if suite == "endoarss" else set())


@pytest.mark.parametrize("suite", ["endo19", "endoarss", "imagenet-c"])
def test_corruption_moves_the_geometry_exactly_where_it_says_so(suite: str, frames: Frames) -> None:
    for corruption in load_suite(suite).corruptions:
        moved = [corruption(frames(), severity, IDS).grid is not None for severity in (1, 5)]
        assert moved == [corruption.moves] * 2, corruption.name


@each_corruption
def test_corruption_does_not_depend_on_the_global_generator(corruption: Corruption, frames: Frames) -> None:
    first = corruption(frames(), 3, IDS).images
    torch.manual_seed(1)
    torch.rand(10)
    assert torch.equal(corruption(frames(), 3, IDS).images, first)


@each_corruption
@pytest.mark.parametrize("severity", [1, 5])
def test_corruption_of_a_batch_equals_its_items(corruption: Corruption, severity: int, frames: Frames) -> None:
    images = frames(3)
    batch = corruption(images, severity, ("a", "b", "c"))
    backwards = corruption(images.flip(0), severity, ("c", "b", "a")).images.flip(0)
    assert torch.equal(batch.images, backwards)
    item = corruption(images[1:2], severity, ("b",))
    for full, part in [(batch.images, item.images), (batch.grid, item.grid), (batch.opacity, item.opacity)]:
        assert (full is None) == (part is None)
        assert full is None or torch.equal(full[1:2], part)


@each_corruption
def test_corruption_does_not_depend_on_threads(corruption: Corruption, frames: Frames) -> None:
    images = frames(4)
    expected = corruption(images, 3, ("a", "b", "c", "d")).images

    def one(i: int) -> Tensor:
        return corruption(images[i : i + 1], 3, ("abcd"[i],)).images

    threads = torch.get_num_threads()
    try:
        for count in (1, 2, 4):
            torch.set_num_threads(count)
            with ThreadPoolExecutor(count) as workers:
                assert torch.equal(torch.cat(list(workers.map(one, range(4)))), expected)
    finally:
        torch.set_num_threads(threads)


@each_corruption
def test_corruption_does_not_depend_on_the_memory_layout(corruption: Corruption, frames: Frames) -> None:
    images = frames()
    interleaved = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(corruption(interleaved, 3, IDS).images, corruption(images, 3, IDS).images)


@each_corruption
@pytest.mark.parametrize("severity", [1, 5])
def test_corruption_is_finite_on_extreme_frames(corruption: Corruption, severity: int) -> None:
    stripes = torch.zeros(1, 3, 47, 65)
    stripes[..., ::2] = 1
    for images in (torch.zeros(1, 3, 48, 64), torch.ones(1, 3, 48, 64), torch.full((1, 3, 32, 32), 0.5), stripes):
        corrupted = corruption(images, severity, ["a"]).images
        assert corrupted.isfinite().all()
        assert 0 <= corrupted.min() <= corrupted.max() <= 1


@pytest.mark.slow
@each_corruption
def test_corruption_of_a_frame_of_4k_video_is_in_range(corruption: Corruption, frames: Frames) -> None:
    images = frames(1, 1088, 1920)[..., :1080, :].repeat(1, 1, 2, 2)
    corrupted = corruption(images, 3, ["a"]).images
    assert corrupted.shape == (1, 3, 2160, 3840)
    assert corrupted.isfinite().all()
    assert 0 <= corrupted.min() <= corrupted.max() <= 1
    assert not torch.equal(corrupted, images)


@each_corruption
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_corruption_computes_other_precisions_in_float32(
    corruption: Corruption, dtype: torch.dtype, frames: Frames
) -> None:
    images = frames().to(dtype)
    corrupted = corruption(images, 3, IDS).images
    assert corrupted.dtype == dtype
    exact = corruption(images.float(), 3, IDS).images
    assert torch.equal(corrupted, exact.to(dtype))


@each_corruption
@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_corruption_on_a_gpu_agrees_with_the_cpu(corruption: Corruption, frames: Frames) -> None:
    images = frames()
    on_gpu = corruption(images.cuda(), 3, IDS).images.cpu()
    apart = (on_gpu - corruption(images, 3, IDS).images).abs() > 1.001 / 255
    assert apart.float().mean() <= 1e-4


@each_corruption
def test_corruption_describes_itself(corruption: Corruption) -> None:
    entry = next(item for item in load_suite("endo19").describe() if item["name"] == corruption.name)
    assert entry["category"] == corruption.category
    assert len(entry["cause"]) > 20
    assert len(entry["citation"]) > 10
    assert len(entry["severities"]) == 5
    without_unit = set(entry["severities"][0]) - set(entry["units"])
    assert all(isinstance(entry["severities"][0][name], bool) for name in without_unit)
