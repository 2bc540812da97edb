"""A conventional robustness evaluation: corrupted copies on disk, one pass over them per condition and model.

One process corrupts with imagecorruptions and writes PNG; a DataLoader reads them with Pillow; the network uses all
cores; MONAI and scikit-image score. In its favour: models are loaded only once, masks stay in memory, and no results
are written.
"""

from __future__ import annotations

import shutil
import time
import warnings
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import imagecorruptions
import numpy as np
import torch
import torch.nn.functional as F
from monai.metrics import (
    compute_average_surface_distance,
    compute_dice,
    compute_hausdorff_distance,
    compute_surface_dice,
)
from PIL import Image
from skimage.metrics import structural_similarity
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from robustbench_endo.types import Sample

BATCH, TOLERANCE = 8, 2.0


class ImageFolder(Dataset[tuple[Tensor, Tensor]]):
    """The images of a folder with their masks."""

    def __init__(self, folder: Path, masks: Sequence[Tensor]) -> None:
        self.files, self.masks = sorted(folder.glob("*.png")), masks

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        image = np.asarray(Image.open(self.files[index]).convert("RGB"))
        return torch.from_numpy(image.copy()).permute(2, 0, 1).float() / 255, self.masks[index]


def evaluate(
    models: Mapping[str, nn.Module],
    samples: Sequence[Sample],
    conditions: Sequence[tuple[str, int]],
    classes: int,
    folder: Path,
) -> dict[str, float]:
    """Evaluate all models at all conditions; seconds per phase: corrupt (and write), forward (and read), metrics."""
    seconds: dict[str, float] = defaultdict(float)
    masks = [sample.mask for sample in samples if sample.mask is not None]
    for name, severity in conditions:
        start = time.perf_counter()
        copies = folder / f"{name}_{severity}"
        corrupt_to_disk(samples, name, severity, copies)
        seconds["corrupt"] += time.perf_counter() - start
        for model in models.values():
            pass_over(model, DataLoader(ImageFolder(copies, masks), batch_size=BATCH), classes, seconds)
        shutil.rmtree(copies)
    return dict(seconds)


def corrupt_to_disk(samples: Sequence[Sample], name: str, severity: int, folder: Path) -> None:
    """Write the samples at a condition; ``clean`` unchanged."""
    folder.mkdir(parents=True)
    for number, sample in enumerate(samples):
        image = sample.image.permute(1, 2, 0).contiguous().numpy()
        if name != "clean":
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                image = imagecorruptions.corrupt(image, corruption_name=name, severity=severity)
        Image.fromarray(np.asarray(image, np.uint8)).save(folder / f"{number:05d}.png")


@torch.inference_mode()
def pass_over(
    model: nn.Module, loader: DataLoader[tuple[Tensor, Tensor]], classes: int, seconds: dict[str, float]
) -> None:
    """One model over one folder."""
    start = time.perf_counter()
    for images, masks in loader:
        logits = F.interpolate(model(images)["segmentation"], masks.shape[1:], mode="bilinear", align_corners=False)
        labels = logits.argmax(1)
        predicted = time.perf_counter()
        seconds["forward"] += predicted - start
        score(labels, masks.long(), classes)
        start = time.perf_counter()
        seconds["metrics"] += start - predicted


def score(labels: Tensor, masks: Tensor, classes: int) -> None:
    """Dice, HD, HD95, ASSD and NSD by MONAI, SSIM of the one-hot masks by scikit-image."""
    hot = [F.one_hot(maps, classes).permute(0, 3, 1, 2).float() for maps in (labels, masks)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of classes that are absent
        compute_dice(*hot)
        compute_hausdorff_distance(*hot)
        compute_hausdorff_distance(*hot, percentile=95)
        compute_average_surface_distance(*hot, symmetric=True)
        compute_surface_dice(*hot, class_thresholds=[TOLERANCE] * (classes - 1))
    for pred, target in zip(*(maps.numpy() for maps in hot), strict=True):
        structural_similarity(
            pred,
            target,
            channel_axis=0,
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1.0,
        )
