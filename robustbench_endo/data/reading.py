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
_ALPHA_MODES = ("RGBA", "LA")
_DEEP_MODES = ("I", "I;16", "I;16L", "I;16B", "I;16N")
_IMAGE_MODES = ("RGB", "RGBA", "L", "LA", "P", "1")
"""Modes of frames that are converted to RGB without loss, those with alpha where it is opaque."""
_LOSSY_FORMATS = ("JPEG", "MPO")

Bytes = NDArray[np.uint8]


class UnsuitableFrameError(FrameError):
    """An intact file that cannot be used: left out and listed, unless most files of a data set are of the same kind."""


class Header(NamedTuple):
    """Pillow's mode and (height, width) of an image file."""

    mode: str
    size: tuple[int, int]


def read_image(path: Path) -> Tensor:
    """An image as uint8 (3, H, W) in RGB.

    Grey and palette images, and images with an opaque alpha channel, are converted, which loses nothing.

    Raises:
        FrameError: the file is damaged or missing, or has transparent pixels, more than 8 bits or another colour space.
    """
    with _open(path) as image:
        check_image_mode(path, image.mode)
        if "transparency" in image.info and image.mode != "RGB":
            image = image.convert("RGBA")
        pixels = _decode(path, image, None if image.mode in _COLOUR_MODES else "RGBA" if image.mode == "LA" else "RGB")
    if pixels.shape[2] == 4 and (pixels[..., 3] != 255).any():
        raise UnsuitableFrameError(
            f"Expected 8-bit RGB in {path}, got a {_MODES['RGBA']} image with transparent pixels: convert the frames "
            "to 8-bit RGB."
        )
    return torch.from_numpy(pixels[..., :3].copy()).permute(2, 0, 1).contiguous()


def read_mask(path: Path) -> Tensor:
    """A label image as uint8 (H, W).

    One 8-bit channel (grey, palette or black-and-white) is read as it is. Three equal channels, an opaque alpha channel
    and 16-bit pixels with values up to 255 are converted, which loses nothing.

    Raises:
        FrameError: the file is damaged or missing, lossy (JPEG), coloured, transparent, or has values above 255.
    """
    return torch.from_numpy(_read_grey(path, lossless=True))


def read_grey(path: Path) -> Bytes:
    """The values of a mask as :func:`read_mask` reads them, of lossy files too, as uint8 (H, W).

    Raises:
        FrameError: see :func:`read_mask`.
    """
    return _read_grey(path, lossless=False)


def _read_grey(path: Path, *, lossless: bool) -> Bytes:
    with _open(path) as image:
        if lossless and image.format in _LOSSY_FORMATS:
            raise UnsuitableFrameError(
                f"Expected a lossless mask, got the JPEG file {path}, whose values are blurred: write masks as PNG, or "
                "give ranges such as --label-map 0-127=background,128-255=instrument."
            )
        if image.mode not in (*_MASK_MODES, *_COLOUR_MODES, *_ALPHA_MODES, *_DEEP_MODES):
            raise UnsuitableFrameError(_mask_message(path, _describe(image.mode)))
        deep = image.mode in _DEEP_MODES
        pixels = np.asarray(_decode(path, image))
    if pixels.ndim == 3:
        return _one_channel(path, pixels)
    if deep and (pixels.min() < 0 or pixels.max() > 255):
        raise UnsuitableFrameError(_mask_message(path, "16-bit or deeper pixels with values above 255"))
    return pixels.astype(np.uint8)


def _one_channel(path: Path, pixels: Bytes) -> Bytes:
    """The first of equal channels; those with alpha have 2 or 4 channels."""
    channels = pixels.shape[2]
    if channels in (2, 4) and (pixels[..., -1] != 255).any():
        raise UnsuitableFrameError(_mask_message(path, "transparent pixels"))
    colours = pixels[..., : channels - 1] if channels in (2, 4) else pixels
    if (colours != colours[..., :1]).any():
        raise UnsuitableFrameError(
            f"Expected class indices in the mask {path}, got colours ({_colours_in(colours)}): name them, as in "
            "--label-map #000000=background,#ff0000=instrument."
        )
    return colours[..., 0].copy()


def _colours_in(pixels: Bytes) -> str:
    """The most frequent colours, as #rrggbb."""
    packed = pixels.astype(np.uint32) @ np.array([1 << 16, 1 << 8, 1], np.uint32)
    values, counts = np.unique(packed, return_counts=True)
    order = np.argsort(-counts, kind="stable")[:4]
    more = f" and {len(values) - 4} more" if len(values) > 4 else ""
    return ", ".join(f"#{int(value):06x}" for value in values[order]) + more


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
    """Raise :class:`FrameError` where an image of ``mode`` cannot be converted to 8-bit RGB without loss."""
    if mode not in _IMAGE_MODES:
        raise UnsuitableFrameError(
            f"Expected 8-bit RGB in {path}, got {_describe(mode)}: convert the frames to 8-bit RGB."
        )


def check_mask_mode(path: Path, mode: str) -> None:
    """Raise :class:`FrameError` unless ``mode`` is a single 8-bit channel."""
    if mode not in _MASK_MODES:
        raise UnsuitableFrameError(_mask_message(path, _describe(mode)))


def _mask_message(path: Path, got: str) -> str:
    return (
        f"Expected one 8-bit channel of class indices in the mask {path}, got {got}: "
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
