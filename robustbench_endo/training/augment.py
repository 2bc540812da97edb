"""Augmentation of a training frame with its mask, by albumentations (extra `train`).

Flips, an affine map and the light's colour. Nothing here is among the evaluated corruptions: no noise, blur, smoke,
brightness, contrast, gamma, saturation, compression, pixelation or elastic warp: robustness is not trained for here.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.errors import OptionalDependencyError
from robustbench_endo.plugins import unknown
from robustbench_endo.types import IGNORE

Augment = Callable[[NDArray[np.uint8], NDArray[np.uint8], int], tuple[NDArray[np.uint8], NDArray[np.uint8]]]
"""(image (H, W, 3), mask (H, W), seed) -> the same two, changed; a pure function of its arguments."""


def augmentation(name: str) -> Augment | None:
    """The augmentation of that name; None for `none`.

    Raises:
        UnknownNameError: no augmentation is called that.
        OptionalDependencyError: albumentations is not installed.
    """
    if name not in PIPELINES:
        raise unknown("augmentation", name, PIPELINES)
    pipeline = PIPELINES[name]
    return None if pipeline is None else _seeded(pipeline(_albumentations()))


def _surgical(library: Any) -> list[Any]:
    """What another patient, another angle of the scope and another lamp change."""
    return [
        library.HorizontalFlip(p=0.5),
        library.VerticalFlip(p=0.5),
        library.Affine(
            scale=(0.7, 1.5),
            translate_percent=(-0.15, 0.15),
            rotate=(-45, 45),
            shear=(-8, 8),
            fill_mask=IGNORE,
            p=0.9,
        ),
        library.PlanckianJitter(mode="blackbody", temperature_limit=(4500, 9000), p=0.5),
        library.HueSaturationValue(hue_shift_limit=6, sat_shift_limit=0, val_shift_limit=0, p=0.5),
    ]


def _light(library: Any) -> list[Any]:
    """For frames that already vary a lot, such as drawn scenes."""
    return [
        library.HorizontalFlip(p=0.5),
        library.VerticalFlip(p=0.5),
        library.Affine(scale=(0.9, 1.2), rotate=(-20, 20), fill_mask=IGNORE, p=0.5),
        library.PlanckianJitter(mode="blackbody", temperature_limit=(5000, 8000), p=0.3),
    ]


PIPELINES: dict[str, Callable[[Any], list[Any]] | None] = {"surgical": _surgical, "light": _light, "none": None}


def _seeded(transforms: list[Any]) -> Augment:
    compose = _albumentations().Compose(transforms)

    def augment(
        image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        compose.set_random_seed(seed)
        changed = compose(image=image, mask=mask)
        return changed["image"], changed["mask"]

    return augment


def _albumentations() -> Any:
    os.environ.setdefault("NO_ALBUMENTATIONS_UPDATE", "1")  # it asks the network for newer versions on import
    try:
        import albumentations
    except ImportError as error:
        raise OptionalDependencyError(
            "Expected albumentations for augmentation, found it not installed: install robustbench-endo[train] or "
            "train with augment='none'."
        ) from error
    return albumentations
