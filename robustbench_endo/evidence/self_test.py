"""Known answers: whether this installation computes corruptions, metrics and statistics as specified.

Corruptions have recorded checksums; metrics and statistics are compared with numbers that follow from their
definitions by hand. It takes a few seconds on a CPU and needs no data and no network.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.golden import SEVERITY, checksums, recorded_checksums
from robustbench_endo.metrics import (
    CleanReference,
    class_counts,
    confidence_and_entropy,
    mask_ssim,
    surface_distances,
)
from robustbench_endo.metrics.aggregation import NUM_BINS, calibration_error
from robustbench_endo.results.resampling import clopper_pearson
from robustbench_endo.results.sign_flips import sign_flip_test
from robustbench_endo.results.verify import Check

TOLERANCE = 1e-6


def run_self_test() -> list[Check]:
    """Compare this installation with known answers.

    >>> [check.name for check in run_self_test() if not check.passed]
    []
    """
    return [_corruptions(), *(_known(name, function) for name, function in KNOWN.items())]


def _corruptions() -> Check:
    expected, actual = recorded_checksums(), checksums()
    name = f"{len(expected)} corruptions at severity {SEVERITY} have their recorded checksums"
    differing = [each for each in expected if actual.get(each) != expected[each]]
    if not differing:
        return Check(name, "")
    return Check(name, f"{', '.join(differing)} give other images than recorded: reinstall the package.")


def _known(name: str, function: Callable[[], Mapping[str, tuple[float, float]]]) -> Check:
    for value, (actual, expected) in function().items():
        if not abs(actual - expected) <= TOLERANCE:
            return Check(name, f"{value} is {actual:.9g} instead of {expected:.9g}: reinstall the package.")
    return Check(name, "")


def _rectangles() -> tuple[Tensor, Tensor]:
    """Prediction and mask (1, 40, 50): a rectangle of 10 x 20 px, predicted 4 px to the right."""
    pred, target = torch.zeros(2, 1, 40, 50, dtype=torch.uint8)
    target[:, 5:15, 5:25] = 1
    pred[:, 5:15, 9:29] = 1
    return pred, target


def _overlap() -> dict[str, tuple[float, float]]:
    """160 of 200 pixels are common."""
    counts = class_counts(*_rectangles(), 2)
    return {
        "Dice": (counts.dice()[0, 1].item(), 2 * 160 / 400),
        "IoU": (counts.iou()[0, 1].item(), 160 / 240),
    }


def _surface() -> dict[str, tuple[float, float]]:
    """The left edges, ten pixels, are 4 px from the other boundary."""
    near = surface_distances(*_rectangles(), 2, tolerance=4.0)
    half = surface_distances(*_rectangles(), 2, spacing=(0.5, 0.5), tolerance=2.0)
    return {
        "Hausdorff distance": (near.hd[0, 1].item(), 4.0),
        "95th percentile of the surface distances": (near.hd95[0, 1].item(), 4.0),
        "normalised surface distance at 4 px": (near.nsd[0, 1].item(), 1.0),
        "Hausdorff distance at 0.5 mm per pixel": (half.hd[0, 1].item(), 2.0),
    }


def _similarity() -> dict[str, tuple[float, float]]:
    """Two even images: their SSIM is that of their means, their PSNR that of an error of 1/8."""
    first, second = (torch.full((1, 3, 16, 16), value) for value in (0.5, 0.625))
    reference = CleanReference(first)
    ssim = (2 * 0.5 * 0.625 + 1e-4) / (0.5**2 + 0.625**2 + 1e-4)
    maps = torch.zeros(1, 16, 16, dtype=torch.uint8)
    return {
        "PSNR": (reference.psnr(second).item(), -10 * np.log10(1 / 64)),
        "SSIM of images, four digits": (round(reference.ssim(second).item(), 4), round(ssim, 4)),
        "SSIM of equal masks": (mask_ssim(maps, maps, 1).item(), 1.0),
    }


def _confidence() -> dict[str, tuple[float, float]]:
    """Probabilities 0.75 and 0.25; two predictions of confidence 0.8, one of them correct."""
    confidence, entropy = confidence_and_entropy(torch.tensor([[np.log(3.0), 0.0]], dtype=torch.float64))
    sums = np.zeros(NUM_BINS + 1)
    sums[NUM_BINS - 4], sums[-1] = 1 - 2 * 0.8, 2
    return {
        "confidence": (confidence.item(), 0.75),
        "entropy": (entropy.item(), -0.75 * np.log(0.75) - 0.25 * np.log(0.25)),
        "calibration error": (float(calibration_error(sums)), 0.3),
    }


def _statistics() -> dict[str, tuple[float, float]]:
    """Six subjects: all differences of one sign; none with a failure."""
    test = sign_flip_test(np.array([[1.0], [2.0], [1.5], [0.5], [1.0], [3.0]]))
    zero = np.array(0.0)
    _, high = clopper_pearson(zero, (zero, zero), 6, 0.95, 100.0)
    return {
        "p-value of six equal signs": (test.p.item(), 2.0**-5),
        "mean difference": (test.mean.item(), 1.5),
        "upper end for 0 of 6": (float(high), 100 * (1 - 0.025 ** (1 / 6))),
    }


KNOWN: Mapping[str, Callable[[], Mapping[str, tuple[float, float]]]] = {
    "overlap of two rectangles follows from their areas": _overlap,
    "surface distances of two rectangles follow from their shift": _surface,
    "similarity of two even images follows from their means": _similarity,
    "confidence, entropy and calibration error follow from their definitions": _confidence,
    "p-values and exact intervals follow from the number of subjects": _statistics,
}
"""What is compared -> a function that returns value and known answer by name."""
