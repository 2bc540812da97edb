"""The folder of synthesised pictures: the data sets' own layout, and what made it."""

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
from robustbench_endo.results.io import write_json, write_whole
from robustbench_endo.synthesis.compose import Picture
from robustbench_endo.synthesis.utils import Bytes

RECORD = "synthesis.json"
CLASSES = "classes.txt"
SPLIT = "train"
_CHUNK = "robustbench_endo"


def open_folder(folder: Path, made_of: Mapping[str, Any], classes: Sequence[str]) -> None:
    """Make the folder, or find one whose pictures were made of the same; write what they are made of.

    Raises:
        SynthesisError: pictures made of something else, or a folder that cannot be written.
    """
    before = _read(folder / RECORD)
    wanted = json.loads(json.dumps(made_of))
    if before is not None:
        _check_same({name: before.get(name) for name in wanted}, wanted, folder)
        return
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise SynthesisError(
                f"Expected an empty folder for synthesised pictures, got {folder} with files and no {RECORD}: "
                "choose another --out."
            )
        write_whole(folder / CLASSES, lambda file: file.write("".join(f"{name}\n" for name in classes).encode()))
        write_json(folder / RECORD, {**wanted, "pictures": []})
    except OSError as error:
        raise SynthesisError(
            f"Expected a folder that can be written, got {folder} ({error.strerror}): choose another --out."
        ) from error


def finish(folder: Path, made_of: Mapping[str, Any], pictures: Sequence[Mapping[str, Any]]) -> None:
    """Write the record with a row for each picture, in the order of their indices."""
    write_json(folder / RECORD, {**made_of, "pictures": sorted(pictures, key=lambda row: row["index"])})


def written(folder: Path) -> dict[int, dict[str, Any]]:
    """The rows of the pictures that are there, by index.

    Raises:
        SynthesisError: a file is not one of ours.
    """
    found = [_row(path) for path in sorted((folder / SPLIT).glob("**/image/*.png"))]
    return {row["index"]: row for row in found}


def _row(path: Path) -> dict[str, Any]:
    try:
        with Image.open(path) as picture:
            row: dict[str, Any] = json.loads(picture.info[_CHUNK])
    except (UnidentifiedImageError, OSError, ValueError, KeyError) as error:
        raise SynthesisError(
            f"Expected a picture written by robust-endo synthesize in {path}, got another: remove it."
        ) from error
    return row


def write(folder: Path, index: int, stem: str, made: Picture) -> dict[str, Any]:
    """Write mask, then picture, each whole or not at all; the picture says itself what is in it. Its row."""
    place = Path(SPLIT, *([made.activity] if made.activity is not None else []))
    name = f"{stem}_{index:05d}.png"
    row = {"index": index, "path": (place / "image" / name).as_posix(), "activity": made.activity, **made.record}
    about = PngInfo()
    about.add_text(_CHUNK, json.dumps(row))
    _write_png(folder / place / "mask" / name, made.mask, None)
    _write_png(folder / place / "image" / name, made.image, about)
    return row


def _write_png(path: Path, pixels: Bytes, about: PngInfo | None) -> None:
    encoded = BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(encoded, "PNG", pnginfo=about, compress_level=3)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: file.write(encoded.getvalue()))


def _read(path: Path) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        raise SynthesisError(f"Expected JSON in {path}, got damage: choose another --out.") from error
    return content


def _check_same(before: Mapping[str, Any], wanted: Mapping[str, Any], folder: Path) -> None:
    for name in wanted:
        if before[name] == wanted[name]:
            continue
        found, expected = before[name], wanted[name]
        if isinstance(found, dict) and isinstance(expected, dict):
            name, found, expected = next(
                (f"{name}.{key}", found.get(key), expected.get(key))
                for key in sorted({*found, *expected})
                if found.get(key) != expected.get(key)
            )
        raise SynthesisError(
            f"Expected to go on with pictures made of the same, got {folder} with {name} = {_short(found)} instead "
            f"of {_short(expected)}: choose another --out."
        )


def _short(value: object) -> str:
    return repr(value)[:48]
