"""Corrupted copies of frames on disk, and in memory for a contact sheet."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Mapping, Sequence
from io import BytesIO, StringIO
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.corruptions import Suite
from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.reading import read_image
from robustbench_endo.data.resolution import at_resolution
from robustbench_endo.evaluation.evaluate import Progress
from robustbench_endo.evaluation.warp import warp_masks
from robustbench_endo.results.store import write_whole
from robustbench_endo.types import Sample

Bytes = NDArray[np.uint8]
COLUMNS = ("path", "image_id", "corruption", "severity", "seed", "suite", "suite_hash", "sha256")


def write_copies(
    source: Path,
    out: Path,
    suite: Suite,
    names: Sequence[str],
    severities: Sequence[int],
    seed: int,
    progress: Progress,
) -> int:
    """Write ``out/<corruption>/<severity>/<id>`` as PNG, with masks in their place, and ``out/manifest.csv``.

    What is already there is kept, so an interrupted call is resumed by the same call. Each severity folder has the
    layout of the source and is a dataset by itself.

    Returns:
        The number of pictures.

    Raises:
        DataError: no frames in ``source``, or one that cannot be read.
    """
    data = FolderDataset(source)
    total = len(data) * len(names) * len(severities)
    rows = []
    for index in range(len(data)):
        sample = at_resolution(data[index], suite.resolution)
        for name in names:
            for severity in severities:
                path = PurePosixPath(name, str(severity), sample.id).with_suffix(".png")
                content = _copy(sample, suite, name, severity, seed, out, path)
                digest = hashlib.sha256(content).hexdigest()
                rows.append((path, sample.id, name, severity, seed, suite.name, suite.fingerprint, digest))
                progress(len(rows), total)
    _write_manifest(out / "manifest.csv", rows)
    return len(rows)


def corrupted_pictures(
    frame: Path, suite: Suite, names: Sequence[str], severities: Sequence[int], seed: int, progress: Progress
) -> Mapping[tuple[str, int], Bytes]:
    """A frame under every corruption and severity, (name, severity) -> uint8 (H, W, 3); (``clean``, 0) too.

    Raises:
        DataError: the file is not an 8-bit RGB picture.
    """
    sample = at_resolution(Sample(read_image(frame), None, None, frame.name, frame.stem), suite.resolution)
    pictures = {("clean", 0): sample.image.permute(1, 2, 0).numpy()}
    for name, severity in ((name, severity) for name in names for severity in severities):
        pictures[name, severity] = _damaged(sample, suite, name, severity, seed)[0]
        progress(len(pictures) - 1, len(names) * len(severities))
    return pictures


def _damaged(sample: Sample, suite: Suite, name: str, severity: int, seed: int) -> tuple[Bytes, Bytes | None]:
    damage = suite.corrupt(sample.image[None].float() / 255, name, severity, [sample.id], seed)
    pixels: Bytes = (damage.images[0] * 255).round().byte().permute(1, 2, 0).numpy()
    if sample.mask is None:
        return pixels, None
    mask = sample.mask[None] if damage.grid is None else warp_masks(sample.mask[None], damage.grid)
    return pixels, mask[0].numpy()


def _copy(sample: Sample, suite: Suite, name: str, severity: int, seed: int, out: Path, path: PurePosixPath) -> bytes:
    place = out / path
    if place.is_file():
        return place.read_bytes()
    pixels, mask = _damaged(sample, suite, name, severity, seed)
    if mask is not None:
        _write(out / path.parents[1] / "mask" / path.name, _png(mask))
    content = _png(pixels)
    _write(place, content)
    return content


def _png(pixels: Bytes) -> bytes:
    encoded = BytesIO()
    Image.fromarray(pixels).save(encoded, "PNG")
    return encoded.getvalue()


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, lambda file: file.write(content))


def _write_manifest(path: Path, rows: Sequence[tuple[object, ...]]) -> None:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(rows)
    _write(path, text.getvalue().encode())
