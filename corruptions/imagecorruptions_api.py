"""The interface of the package imagecorruptions, so that a script changes one import:

from robustbench_endo.corruptions.imagecorruptions_api import corrupt, get_corruption_names
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions.errors import CorruptionError, unknown_name
from robustbench_endo.corruptions.functional import corrupt as corrupt_pictures
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite

_SUITE = "imagenet-c"
_NUMBERED = (
    *("gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression"),
    *("speckle_noise", "gaussian_blur", "spatter", "saturate"),
)
"""The package's numbers are places in this list."""

_WEATHER = ("snow", "frost", "fog")
_SUBSETS = {
    "common": slice(0, 15),
    "validation": slice(15, 19),
    "all": slice(0, 19),
    "noise": slice(0, 3),
    "blur": slice(3, 7),
    "weather": slice(7, 11),
    "digital": slice(11, 15),
}


def corrupt(
    image: NDArray[np.uint8],
    severity: int = 1,
    corruption_name: str | None = None,
    corruption_number: int = -1,
    *,
    seed: int = 0,
    image_id: str | None = None,
    suite: str | Path | Suite = _SUITE,
) -> NDArray[np.uint8]:
    """CorruptedBatch one picture with the package's constants, in pixels of the picture.

    Args:
        image: uint8 (H, W, 3), or grey as (H, W) or (H, W, 1).
        severity: 1 to 5.
        corruption_name: a corruption of the suite; smoke, bleeding and gamma_correction, too.
        corruption_number: the package's number, 0 to 18, where no name is given.
        seed: with ``image_id`` it decides all randomness; the global generator of numpy does not.
        image_id: stable name; a checksum of the picture when it has none.
        suite: a suite, its name, or a path to its TOML file; "endo19" for severities that hold at any resolution.

    Returns:
        uint8 (H, W, 3), three equal channels or not, as the package does.

    Raises:
        CorruptionError: a picture of another kind, unknown name, number or severity; snow, frost and fog.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or not _is_picture(image):
        found = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise CorruptionError(f"Expected a uint8 array (H, W), (H, W, 1) or (H, W, 3), got {found}.")
    if severity not in (1, 2, 3, 4, 5):
        raise CorruptionError(f"Expected a severity from 1 to 5, got {severity!r}.")
    picture = image if image.ndim == 3 else image[..., None]
    colour = np.broadcast_to(picture, (*picture.shape[:2], 3))
    chosen = suite if isinstance(suite, Suite) else load_suite(suite)
    name = _name(corruption_name, corruption_number, chosen)
    return corrupt_pictures(colour, name, int(severity), image_id or _checksum(colour), seed, chosen)


def get_corruption_names(subset: str = "common") -> list[str]:
    """The package's names of a subset, without snow, frost and fog.

    Args:
        subset: common, validation, all, noise, blur, weather or digital.

    Raises:
        CorruptionError: an unknown subset.
    """
    if subset not in _SUBSETS:
        raise unknown_name("subset", subset, _SUBSETS)
    return [name for name in _NUMBERED[_SUBSETS[subset]] if name not in _WEATHER]


def _name(name: str | None, number: int, suite: Suite) -> str:
    if name is None and not 0 <= number < len(_NUMBERED):
        raise CorruptionError(f"Expected a corruption_name or a corruption_number from 0 to 18, got {number}.")
    wanted = _NUMBERED[number] if name is None else name
    if wanted in _WEATHER and wanted not in suite.names:
        raise CorruptionError(
            f"Expected a corruption that occurs inside a patient, got {wanted!r}: smoke and spatter are the nearest."
        )
    return wanted


def _is_picture(image: NDArray[Any]) -> bool:
    return image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3))


def _checksum(image: NDArray[np.uint8]) -> str:
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).hexdigest()
