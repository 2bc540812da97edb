"""Bounding boxes and key points moved with an image, by the inverse of its sampling grid."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.interpolation.remap import identity_grid

_ITERATIONS = 30
_PER_EDGE = 33
"""Points on each edge of a box; odd, so that one of them is its middle."""


def move_points(points: Tensor, grid: Tensor) -> Tensor:
    """Positions in the corrupted image of points of the original.

    Args:
        points: (N, 2), x and y in pixels from the top left corner of the image, of any type.
        grid: (H, W, 2), where each output pixel was sampled, see :class:`.base.CorruptedBatch`.

    Returns:
        float64 (N, 2), which may lie outside the image. Where the image folds or tears, the position whose sample is
        nearest to the point.

    >>> import torch
    >>> grid = torch.stack(torch.meshgrid(torch.linspace(-0.25, 1.25, 4), torch.tensor([-0.5, 0.5]), indexing="xy"), -1)
    >>> move_points(torch.tensor([[3.0, 0.5]]), grid)  # all was sampled one pixel further to the right
    tensor([[2.0000, 0.5000]], dtype=torch.float64)
    """
    height, width = grid.shape[:2]
    half = torch.tensor([width / 2, height / 2], dtype=torch.float64)
    positions = grid.detach().cpu().double()
    shift = ((positions - identity_grid(height, width, positions.device)[0].double()) * half).permute(2, 0, 1)[None]
    target = points.detach().cpu().double()
    moved, nearest = target.clone(), target.clone()
    smallest = torch.full((len(target),), torch.inf, dtype=torch.float64)
    for _ in range(_ITERATIONS):
        at = (moved / half - 1)[None, None]
        sampled = torch.nn.functional.grid_sample(shift, at, padding_mode="border", align_corners=False)[0, :, 0].T
        residual = moved + sampled - target
        distance = residual.norm(dim=1)
        better = distance < smallest
        nearest[better], smallest[better] = moved[better], distance[better]
        moved = moved - residual
    return nearest


def move_keypoints(keypoints: Any, grid: Tensor) -> Any:
    """``tv_tensors.KeyPoints`` moved with the image; points may leave the canvas, as in torchvision."""
    from torchvision import tv_tensors

    _check_canvas(keypoints, grid)
    flat = keypoints.as_subclass(Tensor).reshape(-1, 2)
    return tv_tensors.wrap(_of_type(move_points(flat, grid).reshape(keypoints.shape), keypoints), like=keypoints)


def move_boxes(boxes: Any, grid: Tensor) -> Any:
    """``tv_tensors.BoundingBoxes`` of any format around what they contained, clamped to the canvas.

    An axis-aligned box stays one: the smallest around its moved edges. A rotated box turns with the line between the
    middles of its left and right edge.
    """
    from torchvision import tv_tensors
    from torchvision.transforms.v2 import functional as transforms

    _check_canvas(boxes, grid)
    rotated = boxes.format.value.endswith("R") or boxes.format.value == "XYXYXYXY"
    plain = tv_tensors.wrap(boxes.as_subclass(Tensor).double(), like=boxes)
    corners = transforms.convert_bounding_box_format(plain, new_format="XYXYXYXY" if rotated else "XYXY")
    points = corners.as_subclass(Tensor)
    if not rotated:
        points = points[:, [0, 1, 2, 1, 2, 3, 0, 3]]
    edges = _edges(points.reshape(-1, 4, 2))
    moved = move_points(edges.reshape(-1, 2), grid).reshape(edges.shape)
    around = _rotated(moved) if rotated else torch.cat((moved.amin((1, 2)), moved.amax((1, 2))), 1)
    result = transforms.clamp_bounding_boxes(
        transforms.convert_bounding_box_format(tv_tensors.wrap(around, like=corners), new_format=boxes.format)
    )
    return tv_tensors.wrap(_of_type(result.as_subclass(Tensor), boxes), like=boxes)


def _check_canvas(part: Any, grid: Tensor) -> None:
    if tuple(part.canvas_size) != tuple(grid.shape[:2]):
        raise CorruptionError(
            f"Expected {type(part).__name__} with the canvas_size of the image, {tuple(grid.shape[:2])}, got "
            f"{tuple(part.canvas_size)}: set it, or resize boxes and image by one transform."
        )


def _of_type(values: Tensor, part: Tensor) -> Tensor:
    """Values of the type and on the device of a part, rounded if it has whole numbers."""
    return (values if part.is_floating_point() else values.round()).to(part.dtype).to(part.device)


def _edges(corners: Tensor) -> Tensor:
    """Points (N, 4, P, 2) on the edges from each of the corners (N, 4, 2) to the next one."""
    along = torch.linspace(0, 1, _PER_EDGE, dtype=corners.dtype)[:, None]
    start, end = corners[:, :, None], corners.roll(-1, 1)[:, :, None]
    return start * (1 - along) + end * along


def _rotated(edges: Tensor) -> Tensor:
    """Corners (N, 8) of rectangles around moved edges (top, right, bottom, left)."""
    middle = edges[:, :, _PER_EDGE // 2]
    across = torch.nn.functional.normalize(middle[:, 1] - middle[:, 3], dim=1)
    down = torch.stack((-across[:, 1], across[:, 0]), 1)
    points = edges.flatten(1, 2)
    (left, right), (top, bottom) = (
        (positions.amin(1, keepdim=True), positions.amax(1, keepdim=True))
        for positions in ((points * axis[:, None]).sum(2) for axis in (across, down))
    )
    ends = ((left, top), (right, top), (right, bottom), (left, bottom))
    return torch.cat([x * across + y * down for x, y in ends], 1)
