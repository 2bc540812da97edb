"""Corruptions in a kornia pipeline."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import load_suite
from robustbench_endo.errors import RobustEndoError

MODULE = "robustbench_endo.corruptions.kornia_transform"
IMAGES = torch.rand(3, 3, 48, 64, generator=torch.Generator().manual_seed(0))
MASK = torch.arange(48)[:, None] // 8 * 10.0 + torch.arange(64)[None] // 8
MASKS = MASK.expand(3, 1, 48, 64)


@pytest.fixture
def library() -> Iterator[Any]:
    augmentation = pytest.importorskip("kornia.augmentation")
    with torch.random.fork_rng():
        torch.manual_seed(7)
        yield augmentation


def corruption(*arguments: Any, **options: Any) -> Any:
    return importlib.import_module(MODULE).KorniaCorruption(*arguments, **options)


def test_kornia_corruption_gives_the_pixels_of_the_suite(library: Any) -> None:
    transform = corruption("gaussian_noise", severities=(3,), p=1.0)
    changed = transform(IMAGES)
    for image, original, noise in zip(changed, IMAGES, transform._params["noise"].tolist(), strict=True):
        expected = load_suite("endo19").corrupt(original[None], "gaussian_noise", 3, ["image"], noise)
        assert torch.equal(image, expected.images[0])


def test_kornia_pipeline_is_determined_by_the_seed_of_torch(library: Any) -> None:
    pipeline = torch.nn.Sequential(library.RandomHorizontalFlip(p=0.5), corruption("noise,blur", p=0.6))
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(pipeline(IMAGES))
    assert torch.equal(results[0], results[1])
    assert not torch.equal(results[0], results[2])


def test_kornia_parameters_repeat_a_call(library: Any) -> None:
    pipeline = library.AugmentationSequential(corruption("noise,elastic_transform", p=0.8), data_keys=["input", "mask"])
    first = pipeline(IMAGES, MASKS)
    again = pipeline(IMAGES, MASKS, params=pipeline._params)
    assert all(torch.equal(*pair) for pair in zip(first, again, strict=True))


def test_kornia_corruption_leaves_gated_images_alone(library: Any) -> None:
    transform = corruption("contrast", severities=(5,), p=0.5)
    changed = transform(torch.cat([IMAGES] * 4))
    same = [torch.equal(*pair) for pair in zip(changed, torch.cat([IMAGES] * 4), strict=True)]
    assert same == (transform._params["batch_prob"] < 0.5).tolist()
    assert len(set(same)) == 2
    assert torch.equal(corruption("contrast", p=0.0)(IMAGES), IMAGES)


def test_kornia_corruption_draws_once_for_a_batch(library: Any) -> None:
    changed = corruption("noise", p=1.0, same_on_batch=True)(IMAGES[:1].expand(3, -1, -1, -1))
    assert torch.equal(changed[0], changed[2])


@pytest.mark.parametrize("shape", [(3, 1, 48, 64), (3, 2, 48, 64)])
def test_kornia_corruption_moves_masks_with_the_image(library: Any, shape: tuple[int, ...]) -> None:
    images, masks = (MASK / 100).expand(3, 3, 48, 64), MASK.expand(shape)
    transform = corruption("elastic_transform", severities=(5,), p=1.0)
    pipeline = library.AugmentationSequential(transform, data_keys=["input", "mask"])
    changed, moved = pipeline(images, masks)
    assert moved.shape == shape
    assert float(((changed[:, :1] * 100 - moved).abs() < 0.5).float().mean()) > 0.75
    assert float((moved != masks).float().mean()) > 0.1
    assert torch.equal(moved.unique(), masks.unique())


def test_kornia_corruption_moves_points_and_boxes(library: Any) -> None:
    points = torch.tensor([[[20.0, 10.0], [50.0, 40.0]]]).expand(3, -1, -1)
    boxes = torch.tensor([[[16.0, 8.0, 47.0, 39.0]]]).expand(3, -1, -1)
    transform = corruption("zoom_blur", severities=(5,), p=1.0)
    pipeline = library.AugmentationSequential(transform, data_keys=["input", "keypoints", "bbox_xyxy"])
    _, moved, around = pipeline(IMAGES, points, boxes)
    grid = transform._grids[0]
    columns, rows = moved[0].round().long().T
    sampled: Tensor = (grid[rows, columns] + 1) / 2 * torch.tensor([64, 48]) - 0.5
    assert (sampled - points[0]).abs().max() < 0.7
    assert (around[0, 0] - torch.tensor([16.0, 8.0, 47.0, 39.0]))[:2].max() < -0.5
    assert (around[0, 0] - torch.tensor([16.0, 8.0, 47.0, 39.0]))[2:].min() > 0.5


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({"corruptions": "smok"}, "did you mean smoke"),
        ({"severities": (0, 1)}, "severities from 1 to 5"),
        ({"suite": "endo20"}, "'endo20'"),
        ({"p": 1.5}, "from 0 to 1, got 1.5"),
    ],
)
def test_kornia_corruption_rejects_bad_options(library: Any, options: dict[str, Any], text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        corruption(**options)


def test_kornia_corruption_rejects_bad_input(library: Any) -> None:
    with pytest.raises(RobustEndoError, match=r"images \(B, 3, H, W\) .* got \(3, 1, 48, 64\)"):
        corruption(p=1.0)(IMAGES[:, :1])
    with pytest.raises(RobustEndoError, match="Expected the images before their masks"):
        corruption("zoom_blur", p=1.0).apply_transform_mask(MASKS, {"noise": torch.arange(3)}, {})


def test_kornia_corruption_names_the_extra_of_a_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "kornia.augmentation", None)
    monkeypatch.delitem(sys.modules, MODULE, raising=False)
    with pytest.raises(ImportError, match=r"pip install 'robustbench-endo\[kornia\]'"):
        importlib.import_module(MODULE)
