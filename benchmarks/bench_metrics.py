"""SSIM of one-hot masks and overlap counts of a 512 x 640 map with 7 classes, one thread; other packages, too."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
from label_maps import CLASSES, Pair, regions, scene
from skimage.metrics import structural_similarity
from timing import interleave, machine, save_result

from robustbench_endo.metrics import class_counts, mask_ssim


def ssim_by_scikit_image(pred: torch.Tensor, target: torch.Tensor) -> None:
    """The same windows by scikit-image."""
    options = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False, "data_range": 1.0}
    for c in range(CLASSES):
        structural_similarity(*((m[0] == c).numpy().astype(np.float32) for m in (pred, target)), **options)


def ssim_by_torchmetrics(pred: torch.Tensor, target: torch.Tensor) -> None:
    """The same windows by torchmetrics, all classes as channels."""
    from torchmetrics.functional.image import structural_similarity_index_measure as ssim

    hot = [torch.stack([m[0] == c for c in range(CLASSES)])[None].float() for m in (pred, target)]
    ssim(*hot, gaussian_kernel=True, sigma=1.5, kernel_size=11, data_range=1.0)


def counts_by_numpy(pred: torch.Tensor, target: torch.Tensor) -> None:
    """A confusion matrix by bincount."""
    np.bincount((target.numpy().astype(np.intp) * CLASSES + pred.numpy()).ravel(), minlength=CLASSES**2)


def compared(ours: Callable[..., Any], peers: dict[str, Callable[..., Any]], pair: Pair) -> dict[str, float]:
    """Median milliseconds of ours and of each peer."""
    times: dict[str, float] = {}
    for name, peer in peers.items():
        mine, times[name] = interleave(lambda: ours(*pair, CLASSES), lambda peer=peer: peer(*pair), rounds=5)
        times["ours"] = min(mine, times.get("ours", mine))
    return times


def main() -> None:
    """Measure, print and save."""
    torch.set_num_threads(1)
    peers: dict[str, Callable[..., Any]] = {"scikit-image": ssim_by_scikit_image}
    if find_spec("torchmetrics"):
        peers["torchmetrics"] = ssim_by_torchmetrics
    result: dict[str, Any] = {"size": [512, 640], "classes": CLASSES, "unit": "ms"}
    for name, pair in (("scene", scene()), ("regions", regions())):
        result[name] = {
            "mask_ssim": compared(mask_ssim, peers, pair),
            "class_counts": compared(class_counts, {"numpy": counts_by_numpy}, pair),
        }
        print(name, result[name])
    packages = ["torch", "numba", "numpy", "scikit-image", *(["torchmetrics"] if find_spec("torchmetrics") else [])]
    print(save_result("metrics_cpu", {**machine(*packages), **result}))


if __name__ == "__main__":
    main()
