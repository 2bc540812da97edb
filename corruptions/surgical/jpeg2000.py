"""JPEG 2000 compression."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image, features
from torch import Tensor

from robustbench_endo.corruptions.base import Category, Corruption, Region
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.surgical.codec_frames import round_trip


@dataclass(frozen=True)
class Jpeg2000Params:
    """Parameters of :class:`Jpeg2000`.

    Attributes:
        ratio: bytes of the frame over those of the code stream.
    """

    ratio: Annotated[float, "compression ratio"]


@dataclass(frozen=True)
class Jpeg2000(Corruption):
    """A lossy JPEG 2000 code stream (9/7 wavelet) at a ratio, coded and decoded by OpenJPEG.

    OpenJPEG runs on the host: a batch on a GPU is copied there and back once.

    >>> Jpeg2000().severities[2]
    Jpeg2000Params(ratio=110.0)
    """

    name: ClassVar[str] = "jpeg2000"
    category: ClassVar[Category] = "digital"
    cause: ClassVar[str] = "Lossy DICOM archives and tele-surgery links that code every frame as JPEG 2000."
    citation: ClassVar[str] = "ITU-T T.800, ISO/IEC 15444-1 (JPEG 2000)."
    bounded: ClassVar[bool] = True
    stochastic: ClassVar[bool] = False

    severities: tuple[Jpeg2000Params, ...] = (
        Jpeg2000Params(40.0),
        Jpeg2000Params(70.0),
        Jpeg2000Params(110.0),
        Jpeg2000Params(170.0),
        Jpeg2000Params(260.0),
    )
    region: Region = "frame"

    def apply(self, images: Tensor, params: Jpeg2000Params, noise: Noise) -> Tensor:
        """decode(encode(``images``)).

        Raises:
            CorruptionError: Pillow was built without OpenJPEG.
        """
        return round_trip(images, lambda frame, _: compress(frame, params.ratio))

    def apply_bytes(self, frame: NDArray[np.uint8], params: Jpeg2000Params, noise: Noise) -> NDArray[np.uint8] | None:
        """:meth:`apply` to 8-bit levels, which are what the codec takes."""
        return compress(frame, params.ratio)


def compress(frame: NDArray[np.uint8], ratio: float) -> NDArray[np.uint8]:
    """A frame (H, W, 3) after a JPEG 2000 code stream of 1 / ``ratio`` of its bytes."""
    if not features.check("jpg_2000"):
        raise CorruptionError(
            "Corruption jpeg2000: expected Pillow with OpenJPEG, got one without: install the wheel of Pillow."
        )
    stream = io.BytesIO()
    levels = min(6, int(np.log2(min(frame.shape[:2]))))
    Image.fromarray(np.ascontiguousarray(frame)).save(
        stream,
        "JPEG2000",
        quality_mode="rates",
        quality_layers=[ratio],
        irreversible=True,
        num_resolutions=levels,
        no_jp2=True,
    )
    return np.array(Image.open(stream).convert("RGB"))
