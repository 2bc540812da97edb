"""Properties of every corruption of the surgical extension."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import Corruption, Noise
from robustbench_endo.corruptions.base import parameter_units
from robustbench_endo.corruptions.parameter_ranges import check_parameter
from robustbench_endo.corruptions.surgical import SURGICAL_CORRUPTIONS
from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.metrics import CleanReference

Frames = Callable[..., Tensor]
WITH_BYTES = [item for item in SURGICAL_CORRUPTIONS if "apply_bytes" in vars(type(item))]
each_corruption = pytest.mark.parametrize("corruption", SURGICAL_CORRUPTIONS, ids=lambda item: item.name)


@pytest.fixture(autouse=True)
def need_pyav(request: pytest.FixtureRequest) -> None:
    if "video_compression" in request.node.name:
        pytest.importorskip("av")


@pytest.fixture(scope="module")
def scenes() -> Tensor:
    data = SyntheticScenes(split="test", frames=3, size=(128, 160))
    return torch.stack([data[i].image for i in range(3)]).float() / 255


@each_corruption
def test_surgical_corruption_keeps_shape_and_range_and_its_input(corruption: Corruption, frames: Frames) -> None:
    images = frames(1, 80, 96)[..., :65, :81]
    before = images.clone()
    batch = corruption(images, 5, ["a"])
    assert batch.images.shape == images.shape
    assert 0 <= batch.images.min() <= batch.images.max() <= 1
    assert torch.equal(images, before)
    assert not torch.equal(batch.images, images)
    assert (batch.grid is not None) == corruption.moves
    assert batch.opacity is None or 0 <= batch.opacity.min() <= batch.opacity.max() <= 1


@each_corruption
def test_surgical_corruption_of_a_batch_equals_its_items_in_any_thread(corruption: Corruption, frames: Frames) -> None:
    images = frames(2)
    batch = corruption(images, 3, ["a", "b"]).images
    with ThreadPoolExecutor(2) as workers:
        items = list(workers.map(lambda i: corruption(images[i : i + 1], 3, ["ab"[i]]).images, (0, 1)))
    assert torch.equal(torch.cat(items), batch)


@each_corruption
def test_surgical_corruption_severity_lowers_the_mean_ssim(corruption: Corruption, scenes: Tensor) -> None:
    clean = CleanReference(scenes)
    means = [float(clean.ssim(corruption(scenes, severity, ["a", "b", "c"]).images).mean()) for severity in range(6)]
    assert means == sorted(means, reverse=True)
    assert len(set(means)) == 6


@each_corruption
def test_surgical_corruption_is_finite_on_black_and_white_frames(corruption: Corruption) -> None:
    for value in (0.0, 1.0):
        assert corruption(torch.full((1, 3, 33, 40), value), 5, ["a"]).images.isfinite().all()


@each_corruption
def test_surgical_corruption_replicates_differ_where_it_is_stochastic(corruption: Corruption, frames: Frames) -> None:
    images = frames(1, 64, 64)
    first, *others = (corruption(images, 3, ["a"], replicate=replicate).images for replicate in range(5))
    assert any(not torch.equal(first, other) for other in others) == corruption.stochastic


@each_corruption
def test_surgical_corruption_parameters_have_units_and_are_in_range(corruption: Corruption) -> None:
    for params in corruption.severities:
        units = parameter_units(type(params))
        assert set(units) == set(vars(params))
        for name, value in vars(params).items():
            check_parameter(value, name, units[name], "test")


@each_corruption
def test_surgical_corruption_on_other_devices_takes_the_same_values(
    corruption: Corruption, frames: Frames, request: pytest.FixtureRequest
) -> None:
    images = frames(1, 64, 80)
    expected = corruption(images, 3, ["a"]).images
    request.getfixturevalue("plain_torch")
    assert torch.allclose(corruption(images, 3, ["a"]).images, expected, atol=1 / 255)


@pytest.mark.parametrize("corruption", WITH_BYTES, ids=lambda item: item.name)
def test_surgical_corruption_of_bytes_is_within_a_level_of_that_of_values(
    corruption: Corruption, frames: Frames
) -> None:
    images = frames(1, 64, 80)
    noise = Noise((7,), images.device)
    frame = (images[0] * 255).round().byte().permute(1, 2, 0).contiguous().numpy()
    coded = corruption.apply_bytes(frame, corruption.severities[2], noise)
    assert coded is not None
    values = corruption.apply(images, corruption.severities[2], noise)
    assert isinstance(values, Tensor)
    apart = torch.from_numpy(coded).permute(2, 0, 1) - (values[0] * 255).round()
    assert apart.abs().max() <= 1
