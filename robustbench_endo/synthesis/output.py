"""The folder of synthesized images: a data set in the default folder layout, and a record of its sources."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from robustbench_endo.errors import SynthesisError
from robustbench_endo.io_utils import (
    check_resumable,
    read_json,
    remove_stale_temporaries,
    writable_folder,
    write_atomically,
    write_json,
)
from robustbench_endo.synthesis.compose import SyntheticImage
from robustbench_endo.synthesis.utils import Bytes

RECORD = "synthesis.json"
CLASSES = "classes.txt"
SPLIT = "train"
_CHUNK = "robustbench_endo"
"""Key of the PNG text chunk with an image's row of the record."""

_MAX_CHANGES = 3
"""Number of changes that an error names."""


def open_folder(folder: Path, identity: Mapping[str, Any], classes: Sequence[str]) -> None:
    """Create the folder with its record, or check that it was begun with the same settings and sources.

    Args:
        folder: of the data set.
        identity: settings and checksums of the sources, for the record.
        classes: names of the mask labels.

    Raises:
        SynthesisError: images of other settings or sources, or other files.
        RunError: a folder that cannot be written, or a damaged record.
    """
    remove_stale_temporaries(folder)
    if (folder / RECORD).is_file():
        _check_identity(read_json(folder / RECORD), identity, folder)
    elif folder.is_dir() and any(folder.iterdir()):
        raise SynthesisError(
            f"Expected an empty folder for synthesized images, got {folder} with files and no {RECORD}: choose "
            "another --out."
        )
    else:
        # The record first: it says that the folder is ours, whenever the command is interrupted.
        write_json(writable_folder(folder) / RECORD, {**identity, "pictures": []})
    if not (folder / CLASSES).is_file():
        write_atomically(folder / CLASSES, "".join(f"{name}\n" for name in classes).encode())


def write_record(folder: Path, identity: Mapping[str, Any], rows: Sequence[Mapping[str, Any]]) -> None:
    """Write the record with a row for each image, in the order of their indices."""
    write_json(folder / RECORD, {**identity, "pictures": sorted(rows, key=lambda row: row["index"])})


def read_rows(folder: Path) -> dict[int, dict[str, Any]]:
    """Index -> row of the images that exist.

    Raises:
        SynthesisError: an image that is not from a synthesis.
    """
    rows = [_read_row(path) for path in sorted((folder / SPLIT).glob("**/image/*.png"))]
    return {row["index"]: row for row in rows}


def write_image(folder: Path, index: int, stem: str, image: SyntheticImage) -> dict[str, Any]:
    """Write a mask, then its image, each atomically.

    Args:
        folder: of the data set.
        index: of the image.
        stem: of the file names, before the index.
        image: with mask and record.

    Returns:
        The image's row of the record, which its PNG also contains.
    """
    subfolder = Path(SPLIT, *([image.activity] if image.activity is not None else []))
    name = f"{stem}_{index:05d}.png"
    row = {"index": index, "path": (subfolder / "image" / name).as_posix(), "activity": image.activity, **image.record}
    metadata = PngInfo()
    metadata.add_text(_CHUNK, json.dumps(row))
    _write_png(folder / subfolder / "mask" / name, image.mask, None)
    _write_png(folder / subfolder / "image" / name, image.image, metadata)
    return row


def _read_row(path: Path) -> dict[str, Any]:
    try:
        with Image.open(path) as image:
            row: dict[str, Any] = json.loads(image.info[_CHUNK])
    except (UnidentifiedImageError, OSError, ValueError, KeyError) as error:
        raise SynthesisError(
            f"Expected an image written by robust-endo synthesize in {path}, got another: remove it."
        ) from error
    return row


def _write_png(path: Path, pixels: Bytes, metadata: PngInfo | None) -> None:
    encoded = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(encoded, "PNG", pnginfo=metadata, compress_level=3)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, encoded.getvalue())


def _check_identity(record: Mapping[str, Any], identity: Mapping[str, Any], folder: Path) -> None:
    before = _flatten({name: record.get(name) for name in identity})
    now = _flatten(json.loads(json.dumps(identity)))
    changed = [name for name in {**before, **now} if before.get(name) != now.get(name)][:_MAX_CHANGES]
    check_resumable(
        {name: before.get(name) for name in changed}, {name: now.get(name) for name in changed}, folder, SynthesisError
    )


def _flatten(identity: Mapping[str, Any]) -> dict[str, Any]:
    """Settings and checksums by names such as ``settings.seed``."""
    flat: dict[str, Any] = {}
    for name, value in identity.items():
        flat |= {f"{name}.{key}": item for key, item in value.items()} if isinstance(value, dict) else {name: value}
    return flat
