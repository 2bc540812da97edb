"""From a name or a file to a function of (image, mask, seed)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.training.augmentation.contract import Augment
from robustbench_endo.training.augmentation.entries import transforms
from robustbench_endo.training.augmentation.library import albumentations_library
from robustbench_endo.training.augmentation.mixing.chains import mixed
from robustbench_endo.training.augmentation.mixing.settings import Mixing
from robustbench_endo.training.augmentation.overlapping import resembled
from robustbench_endo.training.augmentation.pipeline_file import Pipeline, read_pipeline


def augmentation(name_or_file: str, mix: bool | Mixing = False) -> Augment | None:
    """The augmentation of that name or file; None where nothing would be changed.

    Args:
        name_or_file: `surgical`, `light`, `none`, or a file ending in .toml (see docs/training_data.md).
        mix: whether the frame is mixed with chains of operations afterwards: True for the file's own [mixing] table
            (or the defaults), or other settings. The mask is that of the pipeline: mixing moves nothing.

    Raises:
        UnknownNameError: no augmentation is called that.
        TrainingError: a file that is no pipeline, or transforms that albumentations does not have or take.
        OptionalDependencyError: albumentations is not installed.
    """
    pipeline = read_pipeline(name_or_file)
    first = _seeded(pipeline) if pipeline.entries else None
    settings = mix if isinstance(mix, Mixing) else (pipeline.mixing or Mixing()) if mix else None
    return first if settings is None else _then_mixed(first, settings)


def overlaps(name_or_file: str) -> tuple[str, ...]:
    """Names of the evaluated corruptions that the pipeline resembles, sorted; mixing adds none.

    Raises:
        UnknownNameError, TrainingError: see :func:`augmentation`.
    """
    return resembled(read_pipeline(name_or_file).entries)


def _seeded(pipeline: Pipeline) -> Augment:
    compose = albumentations_library().Compose(transforms(pipeline))

    def augment(
        image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        compose.set_random_seed(seed)
        changed = compose(image=image, mask=mask)
        return changed["image"], changed["mask"]

    return augment


def _then_mixed(first: Augment | None, settings: Mixing) -> Augment:
    def augment(
        image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        if first is not None:
            image, mask = first(image, mask, seed)
        return mixed(image, settings, seed), mask

    return augment
