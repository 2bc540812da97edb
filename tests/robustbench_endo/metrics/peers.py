"""Scores of other packages on a pair of label maps, per class; NaN where not both maps have it."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

CLASSES, TOLERANCE = 4, 1.5
Labels = NDArray[np.uint8]
Scores = dict[str, list[float]]


def monai(pred: Labels, target: Labels) -> Scores:
    from monai.metrics import compute_average_surface_distance, compute_hausdorff_distance, compute_surface_dice

    hot = _one_hot(pred), _one_hot(target)
    everything = {"include_background": True}
    scores = {
        "hd": compute_hausdorff_distance(*hot, **everything),
        "hd95": compute_hausdorff_distance(*hot, percentile=95, **everything),
        "assd": compute_average_surface_distance(*hot, symmetric=True, **everything),
        "nsd": compute_surface_dice(*hot, class_thresholds=[TOLERANCE] * CLASSES, **everything),
    }
    return {name: _in_both(values[0].double().numpy(), pred, target) for name, values in scores.items()}


def torchmetrics(pred: Labels, target: Labels) -> Scores:
    """On maps made square: its distance transform confuses height and width (1.9.0)."""
    from torchmetrics.functional.segmentation import hausdorff_distance

    side = max(pred.shape)
    pred, target = (
        np.pad(m, [(0, side - length) for length in m.shape], constant_values=CLASSES) for m in (pred, target)
    )
    hd = []
    for c in range(CLASSES):
        p, t = torch.from_numpy(pred == c), torch.from_numpy(target == c)
        both = bool(p.any() and t.any())
        masks = (torch.stack((m, m))[None].long() for m in (p, t))
        hd.append(float(hausdorff_distance(*masks, num_classes=2)[0, 0]) if both else float("nan"))
    return {"hd": hd}


def deepmind(pred: Labels, target: Labels) -> Scores:
    import surface_distance as package

    scores: Scores = {"hd": [], "hd95": [], "assd": [], "nsd": []}
    for c in range(CLASSES):
        p, t = pred == c, target == c
        if not (p.any() and t.any()):
            values = [float("nan")] * 4
        else:
            surfaces = package.compute_surface_distances(t, p, (1.0, 1.0))
            forward, backward = package.compute_average_surface_distance(surfaces)
            values = [
                package.compute_robust_hausdorff(surfaces, 100),
                package.compute_robust_hausdorff(surfaces, 95),
                (forward + backward) / 2,
                package.compute_surface_dice_at_tolerance(surfaces, TOLERANCE),
            ]
        for name, value in zip(scores, values, strict=True):
            scores[name].append(float(value))
    return scores


def scikit_image(pred: Labels, target: Labels) -> Scores:
    from skimage.metrics import hausdorff_distance

    return {
        "hd": _in_both(np.array([hausdorff_distance(pred == c, target == c) for c in range(CLASSES)]), pred, target)
    }


PEERS: dict[str, Callable[[Labels, Labels], Scores]] = {
    "monai": monai,
    "torchmetrics": torchmetrics,
    "surface_distance": deepmind,
    "skimage": scikit_image,
}


def scores(name: str, pred: Labels, target: Labels) -> Scores:
    """Scores of the package ``name``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # they warn of empty masks
        return PEERS[name](pred, target)


def _one_hot(labels: Labels) -> torch.Tensor:
    return torch.stack([torch.from_numpy(labels == c) for c in range(CLASSES)])[None].float()


def _in_both(values: NDArray[np.float64], pred: Labels, target: Labels) -> list[float]:
    both = [(pred == c).any() and (target == c).any() for c in range(CLASSES)]
    return np.where(both, values, np.nan).tolist()
