"""Decoding of image and mask files, with checks of their modes."""

from __future__ import annotations

import re
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import ExifTags, Image, UnidentifiedImageError
from torch import Tensor

from robustbench_endo.errors import DataError, FrameError, RobustEndoError

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
_FORMATS = ("PNG", "JPEG", "BMP", "TIFF", "WEBP", "GIF", "PPM")
"""Formats that are read: others, such as PostScript, are programs that Pillow would start an interpreter for."""

MAX_PIXELS = 89_478_485
"""Largest image, as in Pillow: a small file can have a header that asks for all memory."""

_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF orientation -> what turns the image upright."""
_SWAPPING = (5, 6, 7, 8)

Bytes = NDArray[np.uint8]


class UnsuitableFrameError(FrameError):
    """An intact file that cannot be used: left out and listed, unless most files of a data set are of the same kind."""


class LossyMaskError(UnsuitableFrameError):
    """A JPEG file as a mask, whose values are blurred."""


class SeveralFramesError(UnsuitableFrameError):
    """An animation or a file of several pages, where one image is expected."""


class Header(NamedTuple):
    """Pillow's mode, (height, width) and orientation of an image file.

    Attributes:
        mode: Pillow's name of the channels.
        size: height and width of the upright image.
        turned: whether its EXIF orientation turns or mirrors it.
    """

    mode: str
    size: tuple[int, int]
    turned: bool = False


def read_image(path: Path) -> Tensor:
    """An image as uint8 (3, H, W) in RGB.

    Grey and palette images, and images with an opaque alpha channel, are converted, which loses nothing. An image with
    an EXIF orientation is turned upright, as viewers do.

    Raises:
        FrameError: the file is damaged or missing, has several frames or too many pixels, transparent pixels, more than
            8 bits or another colour space.
    """
    with _open(path) as image:
        check_image_mode(path, image.mode)
        upright = _upright(image)
        if "transparency" in image.info and image.mode != "RGB":
            upright = upright.convert("RGBA")
        mode = upright.mode
        pixels = _pixels(upright, None if mode in _COLOUR_MODES else "RGBA" if mode == "LA" else "RGB")
    if pixels.shape[2] == 4 and (pixels[..., 3] != 255).any():
        raise UnsuitableFrameError(
            f"Expected 8-bit RGB in {path}, got a {_MODES['RGBA']} image with transparent pixels: convert the frames "
            "to 8-bit RGB."
        )
    return torch.from_numpy(pixels[..., :3].copy()).permute(2, 0, 1).contiguous()


def read_mask(path: Path) -> Tensor:
    """A label image as uint8 (H, W).

    One 8-bit channel (grey, palette or black-and-white) is read as it is. Three equal channels, an opaque alpha channel
    and 16-bit pixels with values up to 255 are converted, which loses nothing. A mask with an EXIF orientation is
    turned, as a frame is.

    Raises:
        FrameError: the file is damaged or missing, has several frames, or is lossy (JPEG), coloured, transparent, or
            has values above 255.
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
            raise LossyMaskError(
                f"Expected a lossless mask, got the JPEG file {path}, whose values are blurred: write masks as PNG, or "
                "give ranges such as --label-map 0-127=background,128-255=instrument."
            )
        if image.mode not in (*_MASK_MODES, *_COLOUR_MODES, *_ALPHA_MODES, *_DEEP_MODES):
            raise UnsuitableFrameError(_mask_message(path, _describe(image.mode)))
        deep = image.mode in _DEEP_MODES
        pixels = _pixels(_upright(image))
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
            return _pixels(_upright(image)).astype(np.uint8)
        pixels = _pixels(_upright(image))[..., :3]
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
        pixels = _pixels(_upright(image), None if image.mode in _COLOUR_MODES else "RGB")
    return pixels[..., :3]


def read_header(path: Path) -> Header | None:
    """The header of an image file, without decoding it; None when even the header cannot be read.

    Raises:
        UnsuitableFrameError: the file has several frames or too many pixels.
    """
    try:
        with _open(path) as image:
            orientation = _orientation(image)
            return Header(image.mode, _upright_size(image, orientation), orientation in _TURNS)
    except UnsuitableFrameError:
        raise
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


@contextmanager
def _open(path: Path) -> Iterator[Image.Image]:
    """An image of one frame, not decoded yet; every error of the block is one about the file.

    Raises:
        UnsuitableFrameError: the file has several frames or too many pixels.
        FrameError: it is no image or damaged.
    """
    try:
        _check_regular(path)
        with Image.open(path, formats=_FORMATS) as image:
            _check_pixels(path, image.width * image.height)
            if (frames := getattr(image, "n_frames", 1)) > 1:
                raise SeveralFramesError(
                    f"Expected one image in {path}, got {frames} (an animation, or several pages): save the frame as "
                    "a file of its own."
                )
            yield image
    except RobustEndoError:
        raise
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_large(path, re.sub(r"\D*(\d+)?.*", r"\1", str(error)) or "more") from error
    except UnidentifiedImageError as error:
        raise FrameError(
            f"Cannot read the image {path}: not an image in a known format. Replace or remove the frame."
        ) from error
    except FileNotFoundError as error:
        raise FrameError(f"Cannot read the image {path}: no such file. Replace or remove the frame.") from error
    except Exception as error:  # decoders raise errors of any type for damaged files
        raise FrameError(f"Cannot decode the image {path}: {_reason(error)}. Replace or remove the frame.") from error


def _check_regular(path: Path) -> None:
    """Raise :class:`FrameError` for a folder, pipe or device: reading a pipe would wait for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise FrameError(f"Cannot read the image {path}: not a regular file. Replace or remove the frame.")


def _check_pixels(path: Path, pixels: int) -> None:
    if pixels > MAX_PIXELS:
        raise _too_large(path, str(pixels))


def _too_large(path: Path, pixels: str) -> UnsuitableFrameError:
    return UnsuitableFrameError(
        f"Expected at most {MAX_PIXELS} pixels in {path}, got {pixels}: reduce the frame, with its mask."
    )


def _upright(image: Image.Image) -> Image.Image:
    """The decoded image, turned as its EXIF orientation says."""
    image.load()  # Pillow turns TIFF files here, and removes their orientation
    turn = _TURNS.get(_orientation(image))
    return image if turn is None else image.transpose(turn)


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation, 1 to 8; 1 where there is none or it cannot be read."""
    try:
        # A PNG would be decoded to look for a block after its pixels.
        exif: Any = image.getexif() if image.format != "PNG" or "exif" in image.info else {}
        value = exif.get(ExifTags.Base.Orientation, 1)
    except Exception:  # noqa: BLE001  # damaged metadata of intact pixels
        return 1
    return value if isinstance(value, int) else 1


def _upright_size(image: Image.Image, orientation: int) -> tuple[int, int]:
    """Height and width after :func:`_upright`."""
    width, height = image.size
    if image.format == "TIFF":  # whose size some versions of Pillow have swapped already
        tags: Any = image.tag_v2  # type: ignore[attr-defined]
        width, height = tags[256], tags[257]
    return (width, height) if orientation in _SWAPPING else (height, width)


def _pixels(image: Image.Image, mode: str | None = None) -> Bytes:
    return np.asarray(image.convert(mode) if mode else image)


def _reason(error: Exception) -> str:
    """The first line of an error, or its type."""
    text = " ".join(str(error).split()).rstrip(".")
    return text[:200] or type(error).__name__
