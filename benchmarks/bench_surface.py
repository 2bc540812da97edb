"""Surface distances of a 512 x 640 map with 7 classes, one thread: ours against scipy's distance transform."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import ndimage
from timing import in_turn, keep, machine

from robustbench_endo.metrics import mask_ssim, surface_distances

CLASSES = 7


def label_map(seed: int) -> torch.Tensor:
    """Smooth random regions, every class present: harder than a scene with a few instruments."""
    random = np.random.default_rng(seed)
    fields = ndimage.gaussian_filter(random.normal(size=(CLASSES, 512, 640)), (0, 15, 15))
    return torch.from_numpy(fields.argmax(0).astype(np.uint8))[None]


def by_scipy(pred: NDArray[np.uint8], target: NDArray[np.uint8]) -> None:
    """HD, HD95, ASSD of every class with scipy."""
    for c in range(CLASSES):
        p, t = pred == c, target == c
        p, t = p & ~ndimage.binary_erosion(p), t & ~ndimage.binary_erosion(t)
        there, back = ndimage.distance_transform_edt(~t)[p], ndimage.distance_transform_edt(~p)[t]
        both = np.concatenate((there, back))
        both.max(), both.mean(), max(np.percentile(there, 95), np.percentile(back, 95))


def main() -> None:
    """Print the table and keep it."""
    torch.set_num_threads(1)
    pred, target = label_map(0), label_map(1)
    ours, scipy = in_turn(
        lambda: surface_distances(pred, target, CLASSES), lambda: by_scipy(pred[0].numpy(), target[0].numpy())
    )
    ssim, _ = in_turn(lambda: mask_ssim(pred, target, CLASSES), lambda: None)
    print(f"surface distances: ours {ours:.1f} ms, scipy {scipy:.1f} ms ({scipy / ours:.0f}x); mask SSIM {ssim:.1f} ms")
    result = {"size": [512, 640], "classes": CLASSES, "ours_ms": ours, "scipy_ms": scipy, "mask_ssim_ms": ssim}
    print(keep("surface_cpu", {**machine("torch", "numba", "numpy", "scipy"), **result}))


if __name__ == "__main__":
    main()
