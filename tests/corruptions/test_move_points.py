"""Boxes and key points against masks, the sampling grid and an exact inverse."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import Corrupt, load_suite
from robustbench_endo.corruptions.move_points import move_points
from robustbench_endo.errors import RobustEndoError

HEIGHT, WIDTH = 96, 128
BOXES = torch.tensor([[10, 12, 60, 50], [40, 30, 128, 96], [0, 0, 128, 96], [70, 8, 90, 88]], dtype=torch.float32)

CONDITIONS = [
    ("endo19", "elastic_transform", 1.6),
    ("endo19", "zoom_blur", 1.6),
    ("endo19", "zoom_blur+elastic_transform", 1.6),
    ("endo-surgical", "lens_distortion", 1.6),
    ("imagenet-c", "elastic_transform", 4.5),  # it folds the image
]


def grid_of(name: str, severity: int, suite: str = "endo19") -> Tensor:
    batch = load_suite(suite).corrupt(torch.zeros(1, 3, HEIGHT, WIDTH), name, severity, ["a"])
    assert batch.grid is not None
    return batch.grid[0]


def boxed(values: Any, box_format: str = "XYXY", **options: Any) -> Any:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    return tv_tensors.BoundingBoxes(values, format=box_format, canvas_size=(HEIGHT, WIDTH), **options)


def around(mask: Tensor) -> Tensor:
    rows, columns = mask.nonzero(as_tuple=True)
    return torch.stack([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]).float()


@pytest.mark.parametrize(("suite", "name", "tolerance"), CONDITIONS)
def test_moved_boxes_surround_the_moved_masks(suite: str, name: str, tolerance: float) -> None:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    masks = torch.zeros(len(BOXES), HEIGHT, WIDTH, dtype=torch.uint8)
    for mask, (left, top, right, bottom) in zip(masks, BOXES.int().tolist(), strict=True):
        mask[top:bottom, left:right] = 1
    image = tv_tensors.Image(torch.full((3, HEIGHT, WIDTH), 0.5))
    for severity in (1, 5):
        sample = image, tv_tensors.Mask(masks), boxed(BOXES)
        _, moved, boxes = Corrupt(name, severity, suite=suite)(*sample, ids="a")
        expected = torch.stack([around(mask) for mask in moved.as_subclass(Tensor)])
        assert (boxes.as_subclass(Tensor) - expected).abs().max() < tolerance
        assert float((boxes.as_subclass(Tensor) - BOXES).abs().max()) > 0.5


@pytest.mark.parametrize("box_format", ["XYWH", "CXCYWH"])
def test_moved_boxes_do_not_depend_on_their_format(box_format: str) -> None:
    transforms = pytest.importorskip("torchvision.transforms.v2.functional")
    image, transform = torch.full((3, HEIGHT, WIDTH), 0.5), Corrupt("elastic_transform", 5)
    other = transforms.convert_bounding_box_format(boxed(BOXES), new_format=box_format)
    _, moved = transform(image, other, ids="a")
    assert moved.format.value == box_format
    _, expected = transform(image, boxed(BOXES), ids="a")
    same = transforms.convert_bounding_box_format(moved, new_format="XYXY").as_subclass(Tensor)
    assert torch.allclose(same, expected.as_subclass(Tensor), atol=1e-4)


@pytest.mark.parametrize("box_format", ["XYWHR", "CXCYWHR", "XYXYXYXY"])
def test_rotated_boxes_move_with_their_corners(box_format: str) -> None:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    transforms = pytest.importorskip("torchvision.transforms.v2.functional")
    if not hasattr(tv_tensors, "KeyPoints"):
        pytest.skip("rotated boxes are new in torchvision 0.23")
    image, name = torch.full((3, HEIGHT, WIDTH), 0.5), "zoom_blur"
    turned = boxed([[64.0, 48.0, 40.0, 20.0, 30.0]], "CXCYWHR")
    boxes = transforms.convert_bounding_box_format(turned, new_format=box_format)
    _, moved = Corrupt(name, 5)(image, boxes, ids="a")
    assert moved.format.value == box_format
    corners = transforms.convert_bounding_box_format(turned, new_format="XYXYXYXY").as_subclass(Tensor).reshape(4, 2)
    expected = move_points(corners, grid_of(name, 5)).float()
    actual = transforms.convert_bounding_box_format(moved, new_format="XYXYXYXY").as_subclass(Tensor).reshape(4, 2)
    assert (actual - expected).abs().max() < 0.5
    assert (actual - corners).abs().max() > 2


def test_moved_keypoints_are_sampled_where_they_were() -> None:
    tv_tensors = pytest.importorskip("torchvision.tv_tensors")
    if not hasattr(tv_tensors, "KeyPoints"):
        pytest.skip("key points are new in torchvision 0.23")
    points = torch.rand(5, 3, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([100.0, 70.0]) + 14
    image, transform = torch.full((3, HEIGHT, WIDTH), 0.5), Corrupt("elastic_transform", 5)
    _, moved = transform(image, tv_tensors.KeyPoints(points, canvas_size=(HEIGHT, WIDTH)), ids="a")
    assert type(moved) is tv_tensors.KeyPoints
    assert moved.shape == points.shape
    columns, rows = moved.as_subclass(Tensor).reshape(-1, 2).floor().long().T
    sampled = (grid_of("elastic_transform", 5)[rows, columns] + 1) / 2 * torch.tensor([WIDTH, HEIGHT])
    assert (sampled.reshape(points.shape) - points).abs().max() < 1.5
    assert (moved.as_subclass(Tensor) - points).abs().max() > 1.5


def test_move_points_inverts_a_magnification() -> None:
    size = torch.tensor([WIDTH, HEIGHT])
    rows, columns = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    grid = (torch.stack([columns, rows], -1) / size * 2 - 1) / 1.25
    points = torch.tensor([[64.0, 48.0], [40.0, 30.0], [80.0, 70.0]])
    assert torch.allclose(move_points(points, grid).float(), (points - size / 2) * 1.25 + size / 2, atol=1e-3)


def test_move_points_leaves_points_in_place_where_nothing_moves() -> None:
    rows, columns = torch.meshgrid(torch.arange(HEIGHT) + 0.5, torch.arange(WIDTH) + 0.5, indexing="ij")
    grid = torch.stack([columns / WIDTH, rows / HEIGHT], -1) * 2 - 1
    points = torch.rand(20, 2) * 90
    assert torch.allclose(move_points(points, grid).float(), points, atol=1e-3)


def test_boxes_of_whole_numbers_and_none_are_accepted() -> None:
    image = torch.full((3, HEIGHT, WIDTH), 0.5)
    _, moved = Corrupt("elastic_transform", 5)(image, boxed(BOXES.long(), dtype=torch.int64), ids="a")
    assert moved.dtype == torch.int64
    _, exact = Corrupt("elastic_transform", 5)(image, boxed(BOXES), ids="a")
    assert torch.equal(moved.as_subclass(Tensor), exact.as_subclass(Tensor).round().long())
    assert Corrupt("elastic_transform", 5)(image, boxed(torch.zeros(0, 4)))[1].shape == (0, 4)


def test_boxes_of_another_canvas_or_of_a_batch_are_rejected() -> None:
    transform = Corrupt("elastic_transform", 5)
    with pytest.raises(RobustEndoError, match=r"canvas_size of the image, \(48, 64\), got \(96, 128\): set it"):
        transform(torch.rand(3, 48, 64), boxed(BOXES))
    with pytest.raises(RobustEndoError, match=r"one image with boxes or key points, got a batch of 2"):
        transform(torch.rand(2, 3, HEIGHT, WIDTH), boxed(BOXES))
