"""Corrupted copies of frames on disk with their origin, and in memory for a contact sheet."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from functools import partial
from importlib.metadata import version
from io import BytesIO, StringIO
from itertools import product
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngInfo

from robustbench_endo.corruptions import Suite, image_key
from robustbench_endo.corruptions.functional import corrupt_levels
from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.reading import read_image
from robustbench_endo.data.resolution import at_resolution
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.io_utils import remove_stale_temporaries, write_atomically
from robustbench_endo.types import Sample

Bytes = NDArray[np.uint8]
Progress = Callable[[int, int], None]

_PNG_KEY = "robustbench_endo"

MANIFEST = "manifest.csv"


@dataclass(frozen=True)
class Origin:
    """Everything that determines the pixels of a copy, stored in its file and in the manifest.

    Attributes:
        image_id: of the frame.
        corruption, severity, seed: of the copy.
        suite, suite_hash: of the corruption.
        image_sha256: of the pixels of the frame, row by row, at the resolution of the suite; independent of the file
            format and the location of the frame.
        version: of this package.
    """

    image_id: str
    corruption: str
    severity: float
    seed: int
    suite: str
    suite_hash: str
    image_sha256: str
    version: str


COLUMNS = ("path", "mask", *(field.name for field in fields(Origin)), "key", "pixels_sha256", "sha256")
"""Columns of the manifest."""


@dataclass(frozen=True)
class CopySettings:
    """What is written.

    Attributes:
        suite: of the corruptions.
        conditions: corruptions and severities.
        seed: of the corruptions.
        out: folder of the copies.
    """

    suite: Suite
    conditions: Sequence[tuple[str, float]]
    seed: int
    out: Path


def write_copies(data: FolderDataset, settings: CopySettings, progress: Progress) -> tuple[int, list[str]]:
    """Write ``out/<corruption>/<severity>/<id>`` as PNG, with masks, and ``out/manifest.csv``.

    Existing copies are not computed again, so that the same call resumes an interrupted one; the manifest also lists
    the copies of earlier calls. Each severity folder has the layout of the source and is itself a data set.

    Returns:
        The number of images, and the errors of the frames that could not be read.

    Raises:
        DataError: no frames, two frames of one file name, or copies in ``out`` with another origin.
    """
    _check_distinct(data.ids)
    remove_stale_temporaries(settings.out)
    total = len(data) * len(settings.conditions)
    rows: list[dict[str, object]] = []
    failures = []
    with _thread_pool() as pool:
        for index in range(len(data)):
            try:
                sample = at_resolution(data[index], settings.suite.resolution)
            except FrameError as error:
                failures.append(str(error))
                continue
            for row in pool.map(partial(_copy, sample, _checksum(sample), settings), settings.conditions):
                rows.append(row)
                progress(len(rows) + len(failures) * len(settings.conditions), total)
    _write_manifest(settings.out / MANIFEST, rows)
    return len(rows), failures


def corrupted_images(
    frame: Path, suite: Suite, names: Sequence[str], severities: Sequence[float], seed: int, progress: Progress
) -> Mapping[tuple[str, float], Bytes]:
    """A frame under every corruption and severity, (name, severity) -> uint8 (H, W, 3); (``clean``, 0) too.

    Raises:
        DataError: the file is not an 8-bit RGB image.
    """
    sample = at_resolution(Sample(read_image(frame), {}, frame.name, frame.stem), suite.resolution)
    images: dict[tuple[str, float], Bytes] = {("clean", 0): sample.image.permute(1, 2, 0).numpy()}
    for name, severity in product(names, severities):
        images[name, severity] = _corrupt(sample, suite, name, severity, seed)[0]
        progress(len(images) - 1, len(names) * len(severities))
    return images


def pixels_sha256(pixels: Bytes) -> str:
    """SHA-256 (hex) of the pixels, row by row, RGB."""
    return hashlib.sha256(np.ascontiguousarray(pixels).data).hexdigest()


def write_image(path: Path, pixels: Bytes, origin: Origin | None = None) -> str:
    """Write a PNG atomically; SHA-256 (hex) of the file."""
    text = PngInfo()
    if origin is not None:
        text.add_text(_PNG_KEY, json.dumps({**asdict(origin), "pixels_sha256": pixels_sha256(pixels)}))
    encoded = BytesIO()
    # Level 1 takes a quarter of the time of level 6 and a tenth more space.
    Image.fromarray(pixels).save(encoded, "PNG", pnginfo=text, compress_level=1)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, encoded.getvalue())
    return hashlib.sha256(encoded.getvalue()).hexdigest()


def read_checksums(path: Path, origin: Origin) -> tuple[str, str] | None:
    """SHA-256 of the pixels and of the file of an existing copy; None without one.

    Raises:
        DataError: the copy has another origin, or was written by another program.
    """
    if not path.is_file():
        return None
    stored = _read_origin(path)
    for name, value in asdict(origin).items():
        if stored.get(name) != value:
            raise DataError(
                f"Cannot resume {path}: {name} changed from {_short(stored.get(name))} to {_short(value)}. Use another "
                "OUT or delete the folder."
            )
    return str(stored["pixels_sha256"]), hashlib.sha256(path.read_bytes()).hexdigest()


def _read_origin(path: Path) -> Mapping[str, Any]:
    try:
        with Image.open(path) as image:
            content: Mapping[str, Any] = json.loads(image.info.get(_PNG_KEY, "{}"))
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise DataError(f"Cannot read {path}: no image of this command ({error}). Delete it.") from error
    return content


def _short(value: object) -> str:
    return "nothing" if value is None else repr(value)[:40]


@contextmanager
def _thread_pool() -> Iterator[ThreadPoolExecutor]:
    """One single-threaded worker per core; queued work is dropped on an interruption."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)


def _corrupt(sample: Sample, suite: Suite, name: str, severity: float, seed: int) -> tuple[Bytes, Bytes | None]:
    corrupted = corrupt_levels(sample.image[None], suite, name, severity, [sample.id], seed)
    pixels: Bytes = corrupted.images[0].permute(1, 2, 0).contiguous().numpy()
    if sample.mask is None:
        return pixels, None
    mask = corrupted.warp(sample.mask[None])
    return pixels, mask[0].numpy()


def _copy(sample: Sample, checksum: str, settings: CopySettings, condition: tuple[str, float]) -> dict[str, object]:
    name, severity = condition
    suite, seed = settings.suite, settings.seed
    path = PurePosixPath(name, str(severity), sample.id).with_suffix(".png")
    flat = len(PurePosixPath(sample.id).parts) == 1  # masks are next to the frames
    mask_path = path.with_name(f"{path.stem}_mask.png") if flat else path.parents[1] / "mask" / path.name
    origin = Origin(
        sample.id, name, severity, seed, suite.name, suite.fingerprint, checksum, version("robustbench-endo")
    )
    checksums = read_checksums(settings.out / path, origin)
    if checksums is None:
        pixels, mask = _corrupt(sample, suite, name, severity, seed)
        if mask is not None:
            write_image(settings.out / mask_path, mask)
        checksums = pixels_sha256(pixels), write_image(settings.out / path, pixels, origin)
    return {
        "path": path.as_posix(),
        "mask": "" if sample.mask is None else mask_path.as_posix(),
        **asdict(origin),
        "key": f"{image_key(seed, sample.id, name):016x}",
        "pixels_sha256": checksums[0],
        "sha256": checksums[1],
    }


def _checksum(sample: Sample) -> str:
    digest = hashlib.sha256(pixels_sha256(sample.image.permute(1, 2, 0).numpy()).encode())
    if sample.mask is not None:
        digest.update(sample.mask.numpy().tobytes())
    return digest.hexdigest()


def _check_distinct(ids: Iterable[str]) -> None:
    names = Counter(PurePosixPath(name).with_suffix(".png").as_posix() for name in ids)
    name, count = names.most_common(1)[0]
    if count > 1:
        raise DataError(f"Expected frames of different names, got {count} that would become {name}: rename them.")


def _write_manifest(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    by_path: dict[str, Mapping[str, object]] = {}
    if path.is_file():
        try:
            with path.open(newline="", encoding="utf-8") as file:
                by_path = {row["path"]: {name: row[name] for name in COLUMNS} for row in csv.DictReader(file)}
        except (OSError, UnicodeDecodeError, csv.Error, KeyError) as error:
            raise DataError(f"Cannot read {path}: no manifest of this command ({error!r}). Delete it.") from error
    by_path.update({str(row["path"]): row for row in rows})
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(by_path[name] for name in sorted(by_path))
    write_atomically(path, text.getvalue().encode())
