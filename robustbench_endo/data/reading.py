"""Decoding of image and mask files, with checks of their modes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from robustbench_endo.errors import DataError, FrameError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")
VIDEO_SUFFIXES = (".avi", ".mp4", ".mkv", ".mov", ".m4v", ".mpg", ".mpeg", ".webm", ".wmv", ".ts", ".mts")

_MODES = {"L": "grey", "1": "black-and-white", "RGBA": "RGBA", "LA": "grey with alpha", "P": "palette", "CMYK": "CMYK"}
_MASK_MODES = ("L", "P", "1")
_COLOUR_MODES = ("RGB", "RGBA")

Bytes = NDArray[np.uint8]


class Header(NamedTuple):
    """Pillow's mode and (height, width) of an image file."""

    mode: str
    size: tuple[int, int]


def read_image(path: Path) -> Tensor:
    """An 8-bit RGB image as uint8 (3, H, W).

    Raises:
        FrameError: the file is damaged or missing.
        DataError: the file is intact but not 8-bit RGB.
    """
    with _open(path) as image:
        check_image_mode(path, image.mode)
        pixels = _decode(path, image)
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).contiguous()


def read_mask(path: Path) -> Tensor:
    """A single-channel 8-bit label image (grey, palette or black-and-white) as uint8 (H, W).

    Raises:
        FrameError: the file is damaged or missing.
        DataError: the file is intact but has colours or more than 8 bits.
    """
    with _open(path) as image:
        check_mask_mode(path, image.mode)
        pixels = _decode(path, image)
    return torch.from_numpy(pixels.astype(np.uint8))


def read_levels(path: Path) -> Bytes:
    """The grey values of an image with one channel or three equal ones, as uint8 (H, W).

    Raises:
        FrameError: the file is damaged or missing.
        DataError: the file is intact but coloured, or has more than 8 bits.
    """
    with _open(path) as image:
        if image.mode not in _COLOUR_MODES:
            check_mask_mode(path, image.mode)
            return _decode(path, image).astype(np.uint8)
        pixels = _decode(path, image)[..., :3]
    if (pixels != pixels[..., :1]).any():
        raise DataError(
            f"Expected grey values in the mask {path}, got a coloured image: use the masks as they were published."
        )
    return pixels[..., 0]


def read_colours(path: Path) -> Bytes:
    """The colours of an image of any 8-bit mode, without its alpha, as uint8 (H, W, 3).

    Raises:
        FrameError: the file is damaged or missing.
        DataError: the file is intact but has more than 8 bits.
    """
    with _open(path) as image:
        if image.mode.startswith(("I", "F")):
            check_image_mode(path, image.mode)
        pixels = _decode(path, image) if image.mode in _COLOUR_MODES else _decode(path, image, "RGB")
    return pixels[..., :3]


def read_header(path: Path) -> Header | None:
    """The header of an image file, without decoding it; None when even the header cannot be read."""
    try:
        with _open(path) as image:
            return Header(image.mode, (image.height, image.width))
    except FrameError:
        return None


def check_image_mode(path: Path, mode: str) -> None:
    """Raise :class:`DataError` unless ``mode`` is 8-bit RGB."""
    if mode != "RGB":
        raise DataError(f"Expected 8-bit RGB in {path}, got {_describe(mode)}: convert the frames to 8-bit RGB.")


def check_mask_mode(path: Path, mode: str) -> None:
    """Raise :class:`DataError` unless ``mode`` is a single 8-bit channel."""
    if mode not in _MASK_MODES:
        raise DataError(
            f"Expected one 8-bit channel of class indices in the mask {path}, got {_describe(mode)}: "
            "write masks as 8-bit grey or palette PNG, 0 = background, 255 = ignore."
        )


def _describe(mode: str) -> str:
    return "16-bit or deeper pixels" if mode.startswith(("I", "F")) else f"a {_MODES.get(mode, mode)} image"


def _open(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except (UnidentifiedImageError, OSError) as error:
        reason = "no such file" if isinstance(error, FileNotFoundError) else "not an image in a known format"
        raise FrameError(f"Cannot read the image {path}: {reason}. Replace or remove the frame.") from error


def _decode(path: Path, image: Image.Image, mode: str | None = None) -> Bytes:
    try:
        return np.asarray(image.convert(mode) if mode else image)
    except (OSError, SyntaxError, ValueError) as error:
        raise FrameError(f"Cannot decode the image {path}: {error}. Replace or remove the frame.") from error
