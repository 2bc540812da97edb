"""The interface of the package imagecorruptions, so that a script only changes one import:

from robustbench_endo.corruptions.imagecorruptions_api import corrupt, get_corruption_names
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from robustbench_endo.corruptions import functional
from robustbench_endo.corruptions.errors import CorruptionError, unknown_name
from robustbench_endo.corruptions.kernels.backend import Bytes
from robustbench_endo.corruptions.severity import SEVERITIES
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite

_SUITE = "imagenet-c"
PACKAGE_NAMES = (
    *("gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression"),
    *("speckle_noise", "gaussian_blur", "spatter", "saturate"),
)
"""The corruptions of the package; its corruption numbers are indices of this tuple."""

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
    image: Bytes,
    severity: int = 1,
    corruption_name: str | None = None,
    corruption_number: int = -1,
    *,
    seed: int = 0,
    image_id: str | None = None,
    suite: str | Path | Suite = _SUITE,
) -> Bytes:
    """Corrupt one image with the package's constants, in pixels of the image.

    Args:
        image: uint8 (H, W, 3), or grey as (H, W) or (H, W, 1).
        severity: 1 to 5.
        corruption_name: a corruption of the suite, including smoke, bleeding and gamma_correction.
        corruption_number: the package's number, 0 to 18, if no name is given.
        seed: with ``image_id`` it determines all randomness; numpy's global generator is not used.
        image_id: stable name; a checksum of the image by default.
        suite: a suite, its name, or the path of its TOML file; "endo19" for severities that hold at any resolution.

    Returns:
        uint8 (H, W, 3), for a grey image too, as in the package.

    Raises:
        UnknownNameError: unknown corruption or suite.
        CorruptionError: an unsupported image, number or severity; snow, frost and fog.

    >>> import numpy as np
    >>> corrupt(np.full((48, 64, 3), 100, np.uint8), severity=5, corruption_name="brightness")[0, 0].tolist()
    [228, 228, 228]
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or not _has_image_shape(image):
        actual = f"{image.dtype} {image.shape}" if isinstance(image, np.ndarray) else type(image).__name__
        raise CorruptionError(
            f"Expected a uint8 array (H, W), (H, W, 1) or (H, W, 3), got {actual}: give np.asarray(image) with values "
            "from 0 to 255, or use robustbench_endo.corrupt, which also takes floating images, tensors and PIL images."
        )
    if severity not in SEVERITIES:
        raise CorruptionError(f"Expected a severity from 1 to 5, got {severity!r}.")
    channels = image if image.ndim == 3 else image[..., None]
    colour = np.broadcast_to(channels, (*channels.shape[:2], 3))
    loaded = suite if isinstance(suite, Suite) else load_suite(suite)
    name = _resolve_name(corruption_name, corruption_number, loaded)
    if image_id is None:
        # Hashing takes a millisecond, longer than some of the corruptions without random numbers.
        image_id = _checksum(colour) if loaded.get(name).stochastic else "image"
    return functional.corrupt(colour, name, int(severity), image_id, seed, loaded)


def get_corruption_names(subset: str = "common") -> list[str]:
    """The package's names of a subset, without snow, frost and fog.

    Args:
        subset: common, validation, all, noise, blur, weather or digital.

    Raises:
        UnknownNameError: an unknown subset.

    >>> get_corruption_names("noise")
    ['gaussian_noise', 'shot_noise', 'impulse_noise']
    """
    if subset not in _SUBSETS:
        raise unknown_name("subset", subset, _SUBSETS)
    return [name for name in PACKAGE_NAMES[_SUBSETS[subset]] if name not in _WEATHER]


def _resolve_name(name: str | None, number: int, suite: Suite) -> str:
    if name is None and not 0 <= number < len(PACKAGE_NAMES):
        raise CorruptionError(f"Expected a corruption_name or a corruption_number from 0 to 18, got {number}.")
    resolved = PACKAGE_NAMES[number] if name is None else name
    if resolved in _WEATHER and resolved not in suite.names:
        raise CorruptionError(
            f"Expected a corruption that occurs inside a patient, got {resolved!r}: smoke and spatter are the nearest."
        )
    return resolved


def _has_image_shape(image: NDArray[Any]) -> bool:
    return image.ndim == 2 or (image.ndim == 3 and image.shape[2] in (1, 3))


def _checksum(image: Bytes) -> str:
    return hashlib.blake2b(np.ascontiguousarray(image).data, digest_size=16).hexdigest()
