"""The pipelines of the package on torchvision's transforms v2: the same transforms, ranges and probabilities.

albumentations 2.x, whose transforms a pipeline file names, is no longer developed; these take over where it is not
installed or fails to import. Random numbers come from the seed of the call, never from torch's global generator.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.errors import import_optional
from robustbench_endo.errors import TrainingError

if TYPE_CHECKING:
    from robustbench_endo.training.augmentation.augmentation import Augment, Pipeline

Step = Callable[[Any, Any, np.random.Generator], tuple[Any, Any]]
"""(image, mask, generator) -> image and mask, both tv_tensors."""

_STREAM = 0x7162
"""Separates the random numbers from those of others with the same seed."""

_WHITE, _WARMER = 6000.0, 0.4
"""Temperature of unchanged colours in kelvin, and share of temperatures below it."""

_RED = (24.0432, -16.8557, 6.4928, -0.6423)
_BLUE = (-51.6746, 14.3861, -5.5184, 0.735)
"""log(red / green) and log(blue / green) of a black body as polynomials of 1000 / temperature: within 0.2 % of
the table in albumentations from 4,000 to 10,000 kelvin."""


def torchvision_augmentation(pipeline: Pipeline) -> Augment:
    """The augmentation of a pipeline, with transforms of torchvision.

    Raises:
        TrainingError: a transform or parameter that has no equivalent here.
        OptionalDependencyError: torchvision is not installed.
    """
    steps = [(entry.probability, _step(entry.name, entry.parameters, pipeline.source)) for entry in pipeline.entries]
    tv_tensors = import_optional("torchvision.tv_tensors", purpose="augmentation without albumentations", extra="train")

    def augment(
        image: NDArray[np.uint8], mask: NDArray[np.uint8], seed: int
    ) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        rng = np.random.default_rng([seed, _STREAM])
        frame = tv_tensors.Image(torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))))
        labels = tv_tensors.Mask(torch.from_numpy(mask.copy())[None])
        for probability, step in steps:
            if rng.random() < probability:
                frame, labels = step(frame, labels, rng)
        return np.ascontiguousarray(frame.permute(1, 2, 0).numpy()), labels[0].numpy()

    return augment


def _step(name: str, parameters: Mapping[str, Any], source: str) -> Step:
    if name not in STEPS:
        raise TrainingError(
            f"Expected transforms of {', '.join(STEPS)} for torchvision in {source}, got {name!r}: install "
            "robustbench-endo[train], whose albumentations has it."
        )
    try:
        return STEPS[name](**parameters)
    except TypeError as error:
        raise TrainingError(
            f"Expected parameters of {name} that torchvision has an equivalent for in {source}, got {error}: install "
            "robustbench-endo[train], whose albumentations has them."
        ) from error


def _functional() -> Any:
    return import_optional("torchvision.transforms.v2.functional", purpose="augmentation", extra="train")


def _flip(direction: str) -> Step:
    flip = getattr(_functional(), f"{direction}_flip")
    return lambda image, mask, rng: (flip(image), flip(mask))


def _affine(
    scale: tuple[float, float] = (1.0, 1.0),
    translate_percent: tuple[float, float] = (0.0, 0.0),
    rotate: tuple[float, float] = (0.0, 0.0),
    shear: tuple[float, float] = (0.0, 0.0),
    fill_mask: int = 0,
) -> Step:
    """Scale, rotation, shear and translation about the centre; scale, shear and translation differ between the axes.

    torchvision's own affine map has one scale for both axes; a perspective map without perspective has two.
    """
    functional = _functional()

    def apply(image: Any, mask: Any, rng: np.random.Generator) -> tuple[Any, Any]:
        matrix = affine_matrix(
            image.shape[-2:],
            scale=rng.uniform(*scale, 2),
            translate=rng.uniform(*translate_percent, 2),
            rotate=rng.uniform(*rotate),
            shear=rng.uniform(*shear, 2),
        )
        backward = [*np.linalg.inv(matrix)[:2].ravel().tolist(), 0.0, 0.0]
        moved = partial(functional.perspective, startpoints=None, endpoints=None, coefficients=backward)
        return moved(image, interpolation="bilinear", fill=0), moved(mask, interpolation="nearest", fill=fill_mask)

    return apply


def affine_matrix(
    size: tuple[int, int],
    scale: NDArray[np.float64],
    translate: NDArray[np.float64],
    rotate: float,
    shear: NDArray[np.float64],
) -> NDArray[np.float64]:
    """The map (3, 3) of pixel coordinates, x and y from the top left corner of the image.

    Args:
        size: (height, width) in pixels.
        scale: factors along x and y.
        translate: shares of the width and height; cut to whole pixels.
        rotate: angle in degrees, counterclockwise.
        shear: angles in degrees along x and y.

    >>> affine_matrix((10, 20), np.ones(2), np.array([0.1, 0.0]), 0.0, np.zeros(2))[0].tolist()
    [1.0, 0.0, 2.0]
    """
    height, width = size
    middle, shift = np.array([width, height]) / 2, np.trunc(translate * (width, height))
    cos, sin = math.cos(math.radians(rotate)), math.sin(math.radians(rotate))
    across, down = -np.tan(np.radians(shear))
    linear = np.array([[1, across], [down, 1]]) @ np.array([[cos, sin], [-sin, cos]]) * scale
    matrix = np.eye(3)
    matrix[:2, :2], matrix[:2, 2] = linear, middle + shift - linear @ middle
    return matrix


def _planckian(mode: str = "blackbody", temperature_limit: tuple[float, float] = (4000.0, 10000.0)) -> Step:
    """The light of a black body of another temperature; green is unchanged."""
    coldest, hottest = temperature_limit
    if mode != "blackbody" or not 4000 <= coldest <= _WHITE <= hottest <= 10000:
        raise TypeError(f"mode={mode!r} with temperature_limit={temperature_limit}")

    def apply(image: Any, mask: Any, rng: np.random.Generator) -> tuple[Any, Any]:
        limits = (coldest, _WHITE) if rng.random() < _WARMER else (_WHITE, hottest)
        factors = torch.tensor(light_factors(rng.uniform(*limits)))[:, None, None]
        return _as_image((image.as_subclass(Tensor) * factors).clamp(0, 255), image), mask

    return apply


def light_factors(temperature: float) -> tuple[float, float, float]:
    """Factors of red, green and blue in the light of a black body, from 4,000 to 10,000 kelvin.

    >>> [round(factor, 2) for factor in light_factors(4500)]
    [1.26, 1.0, 0.71]
    """
    red, blue = (math.exp(np.polyval(polynomial, 1000 / temperature)) for polynomial in (_RED, _BLUE))
    return red, 1.0, blue


def _hue(hue_shift_limit: float, sat_shift_limit: float, val_shift_limit: float) -> Step:
    """Hue turned by up to a limit, in units of 2 degrees; saturation and value are unchanged."""
    if sat_shift_limit or val_shift_limit:
        raise TypeError("a shift of saturation or value")
    adjust_hue = _functional().adjust_hue

    def apply(image: Any, mask: Any, rng: np.random.Generator) -> tuple[Any, Any]:
        return adjust_hue(image, hue_factor=float(rng.uniform(-hue_shift_limit, hue_shift_limit)) / 180), mask

    return apply


def _as_image(values: Tensor, image: Any) -> Any:
    return import_optional("torchvision.tv_tensors", "augmentation", "train").wrap(values.round().byte(), like=image)


STEPS: Mapping[str, Callable[..., Step]] = {
    "HorizontalFlip": partial(_flip, "horizontal"),
    "VerticalFlip": partial(_flip, "vertical"),
    "Affine": _affine,
    "PlanckianJitter": _planckian,
    "HueSaturationValue": _hue,
}
"""Transform of albumentations -> its equivalent."""
