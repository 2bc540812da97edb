"""Decoding of frames and masks; a picture that is not what it should be says so."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from PIL import Image, UnidentifiedImageError
from torch import Tensor

from robustbench_endo.errors import DataError, FrameError

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".webp")

_KINDS = {"L": "grey", "1": "black-and-white", "RGBA": "RGBA", "LA": "grey with alpha", "P": "palette", "CMYK": "CMYK"}
_MASK_MODES = ("L", "P", "1")
_COLOUR_MODES = ("RGB", "RGBA")


def read_image(path: Path) -> Tensor:
    """An 8-bit RGB picture as uint8 (3, H, W).

    Raises:
        FrameError: the file is damaged or gone.
        DataError: the file is whole but not 8-bit RGB.
    """
    with _opened(path) as picture:
        check_image_mode(path, picture.mode)
        pixels = _decoded(path, picture)
    return torch.from_numpy(pixels.copy()).permute(2, 0, 1).contiguous()


def read_mask(path: Path) -> Tensor:
    """A single-channel 8-bit label picture (grey, palette or black-and-white) as uint8 (H, W).

    Raises:
        FrameError: the file is damaged or gone.
        DataError: the file is whole but has colours or more than 8 bits.
    """
    with _opened(path) as picture:
        check_mask_mode(path, picture.mode)
        pixels = _decoded(path, picture)
    return torch.from_numpy(pixels.astype(np.uint8))


def read_levels(path: Path) -> np.ndarray:
    """The grey values of a picture that may say them three times over, as uint8 (H, W).

    Raises:
        FrameError: the file is damaged or gone.
        DataError: the file is whole but coloured, or has more than 8 bits.
    """
    with _opened(path) as picture:
        if picture.mode not in _COLOUR_MODES:
            check_mask_mode(path, picture.mode)
            return _decoded(path, picture).astype(np.uint8)
        pixels = _decoded(path, picture)[..., :3]
    if (pixels != pixels[..., :1]).any():
        raise DataError(
            f"Expected grey values in the mask {path}, got a coloured picture: use the masks as they were given out."
        )
    return pixels[..., 0]


def read_colours(path: Path) -> np.ndarray:
    """The colours of a picture of any 8-bit kind, without its alpha, as uint8 (H, W, 3).

    Raises:
        FrameError: the file is damaged or gone.
        DataError: the file is whole but has more than 8 bits.
    """
    with _opened(path) as picture:
        if picture.mode.startswith(("I", "F")):
            check_image_mode(path, picture.mode)
        pixels = _decoded(path, picture) if picture.mode in _COLOUR_MODES else _decoded(path, picture, "RGB")
    return pixels[..., :3]


def header(path: Path) -> tuple[str, tuple[int, int]] | None:
    """Mode and (height, width) without decoding; None when even the header cannot be read."""
    try:
        with _opened(path) as picture:
            return picture.mode, (picture.height, picture.width)
    except FrameError:
        return None


def check_image_mode(path: Path, mode: str) -> None:
    """Raise :class:`DataError` unless ``mode`` is 8-bit RGB."""
    if mode != "RGB":
        raise DataError(f"Expected 8-bit RGB in {path}, got {_kind(mode)}: convert the frames to 8-bit RGB.")


def check_mask_mode(path: Path, mode: str) -> None:
    """Raise :class:`DataError` unless ``mode`` is a single 8-bit channel."""
    if mode not in _MASK_MODES:
        raise DataError(
            f"Expected one 8-bit channel of class indices in the mask {path}, got {_kind(mode)}: "
            "write masks as 8-bit grey or palette PNG, 0 = background, 255 = ignore."
        )


def _kind(mode: str) -> str:
    return "16-bit or deeper pixels" if mode.startswith(("I", "F")) else f"a {_KINDS.get(mode, mode)} picture"


def _opened(path: Path) -> Image.Image:
    try:
        return Image.open(path)
    except (UnidentifiedImageError, OSError) as error:
        found = "no such file" if isinstance(error, FileNotFoundError) else "a file that no decoder knows"
        raise FrameError(f"Expected a picture in {path}, got {found}: replace or remove the frame.") from error


def _decoded(path: Path, picture: Image.Image, mode: str | None = None) -> np.ndarray:
    try:
        return np.asarray(picture.convert(mode) if mode else picture)
    except (OSError, SyntaxError, ValueError) as error:
        raise FrameError(f"Expected a whole picture in {path}, got {error}: replace or remove the frame.") from error
