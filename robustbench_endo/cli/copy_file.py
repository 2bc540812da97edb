"""One corrupted picture on disk: a PNG that says itself what made it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from robustbench_endo.errors import DataError
from robustbench_endo.results.store import write_whole

Bytes = NDArray[np.uint8]
_CHUNK = "robustbench_endo"


@dataclass(frozen=True)
class Origin:
    """What decides the pixels of a copy, as its file and the manifest say.

    ``image_sha256`` is that of the frame's bytes, row by row and at the suite's resolution: another decoder or another
    place on the disk does not change it. ``version`` is this package's.
    """

    image_id: str
    corruption: str
    severity: int
    seed: int
    suite: str
    suite_hash: str
    image_sha256: str
    version: str


def pixels_sha256(pixels: Bytes) -> str:
    """SHA-256 (hex) of the pixels, row by row, RGB: the same wherever the picture is made again."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()


def write_picture(path: Path, pixels: Bytes, origin: Origin | None = None) -> str:
    """Write a PNG whole or not at all; SHA-256 (hex) of the file."""
    about = PngInfo()
    if origin is not None:
        about.add_text(_CHUNK, json.dumps({**asdict(origin), "pixels_sha256": pixels_sha256(pixels)}))
    encoded = BytesIO()
    # Level 1 takes a quarter of the time of level 6 and a tenth more space.
    Image.fromarray(pixels).save(encoded, "PNG", pnginfo=about, compress_level=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: file.write(encoded.getvalue()))
    return hashlib.sha256(encoded.getvalue()).hexdigest()


def read_checksums(path: Path, origin: Origin) -> tuple[str, str] | None:
    """SHA-256 of the pixels and of the file of a copy that is there; None when it is not.

    Raises:
        DataError: the file was made from something else, or by something else.
    """
    if not path.is_file():
        return None
    found = _said(path)
    differing = [name for name, value in asdict(origin).items() if found.get(name) != value]
    if differing:
        name = differing[0]
        raise DataError(
            f"Expected to resume with pictures made from the same, found {path} with {name} "
            f"{_short(found.get(name))} instead of {_short(asdict(origin)[name])}: give another OUT."
        )
    return str(found["pixels_sha256"]), hashlib.sha256(path.read_bytes()).hexdigest()


def _said(path: Path) -> Mapping[str, Any]:
    try:
        with Image.open(path) as picture:
            said: Mapping[str, Any] = json.loads(picture.info.get(_CHUNK, "{}"))
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise DataError(f"Expected a picture written by this command in {path}, found {error}: delete it.") from error
    return said


def _short(value: object) -> str:
    return "nothing" if value is None else repr(value)[:40]
