"""Surface distances as other packages compute them: HD, HD95, ASSD and NSD of every class present in both maps."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage

LabelMap = NDArray[np.uint8]
Masks = tuple[NDArray[np.bool_], NDArray[np.bool_]]


def by_scipy(pred: LabelMap, target: LabelMap, classes: int) -> None:
    """Euclidean distance transforms of scipy."""
    for p, t in _boundaries(pred, target, classes):
        _summary(ndimage.distance_transform_edt(~t)[p], ndimage.distance_transform_edt(~p)[t])


def by_opencv(pred: LabelMap, target: LabelMap, classes: int) -> None:
    """Precise distance transforms of OpenCV (float32) on the smallest crop around both regions."""
    import cv2

    for p, t in _boundaries(pred, target, classes):
        rows, columns = (np.flatnonzero((p | t).any(axis)) for axis in (1, 0))
        crop = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
        p, t = np.ascontiguousarray(p[crop]), np.ascontiguousarray(t[crop])
        to_target, to_pred = (
            cv2.distanceTransform(1 - m.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for m in (t, p)
        )
        _summary(to_target[p], to_pred[t])


def by_monai(pred: LabelMap, target: LabelMap, classes: int) -> None:
    """MONAI; it computes boundaries and distances anew for each of the four scores."""
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice

    hot = [torch.stack([torch.from_numpy(m == c) for c in range(classes)])[None].float() for m in (pred, target)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are absent
        compute_hausdorff_distance(*hot, include_background=True)
        compute_hausdorff_distance(*hot, include_background=True, percentile=95)
        compute_average_surface_distance(*hot, include_background=True, symmetric=True)
        compute_surface_dice(*hot, class_thresholds=[2.0] * classes, include_background=True)


def by_torchmetrics(pred: LabelMap, target: LabelMap, classes: int) -> None:
    """Hausdorff distance of torchmetrics, which has no other; for square maps (it confuses height and width)."""
    from torchmetrics.functional.segmentation import hausdorff_distance

    hot = [torch.stack([torch.from_numpy(m == c) for c in range(classes)])[None].long() for m in (pred, target)]
    hausdorff_distance(*hot, num_classes=classes, include_background=True)


def present() -> dict[str, Callable[[LabelMap, LabelMap, int], None]]:
    """The installed packages except torchmetrics, whose matrix of pixel pairs is too large for such a map."""
    known = {"scipy": ("scipy", by_scipy), "opencv": ("cv2", by_opencv), "monai": ("monai", by_monai)}
    return {name: call for name, (package, call) in known.items() if find_spec(package)}


def _boundaries(pred: LabelMap, target: LabelMap, classes: int) -> Iterator[Masks]:
    for c in range(classes):
        p, t = (mask & ~ndimage.binary_erosion(mask) for mask in (pred == c, target == c))
        if p.any() and t.any():
            yield p, t


def _summary(to_target: NDArray[np.floating], to_pred: NDArray[np.floating]) -> tuple[float, float, float, float]:
    both = np.concatenate((to_target, to_pred))
    hd95 = max(np.percentile(to_target, 95), np.percentile(to_pred, 95))
    return float(both.max()), float(hd95), float(both.mean()), float((both <= 2).mean())
