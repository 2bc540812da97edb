"""Corrupted copies of frames on disk, and in memory for a contact sheet."""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
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
from robustbench_endo.data.folder import FolderDataset
from robustbench_endo.data.reading import read_image
from robustbench_endo.data.resolution import at_resolution
from robustbench_endo.errors import DataError, FrameError
from robustbench_endo.evaluation.run import Progress
from robustbench_endo.results.io import write_whole
from robustbench_endo.types import Sample

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
            f"Expected to resume with pictures made from the same, got {path} with {name} "
            f"{_short(found.get(name))} instead of {_short(asdict(origin)[name])}: give another OUT."
        )
    return str(found["pixels_sha256"]), hashlib.sha256(path.read_bytes()).hexdigest()


def _said(path: Path) -> Mapping[str, Any]:
    try:
        with Image.open(path) as picture:
            said: Mapping[str, Any] = json.loads(picture.info.get(_CHUNK, "{}"))
    except (UnidentifiedImageError, OSError, ValueError) as error:
        raise DataError(f"Expected a picture written by this command in {path}, got {error}: delete it.") from error
    return said


def _short(value: object) -> str:
    return "nothing" if value is None else repr(value)[:40]


MANIFEST = "manifest.csv"

COLUMNS = ("path", "mask", *(field.name for field in fields(Origin)), "key", "pixels_sha256", "sha256")


@dataclass(frozen=True)
class Copies:
    """What is to be written.

    Attributes:
        names, severities: of the conditions.
        seed: of all randomness.
    """

    suite: Suite
    names: Sequence[str]
    severities: Sequence[int]
    seed: int
    out: Path

    @property
    def conditions(self) -> list[tuple[str, int]]:
        """Every corruption at every severity."""
        return list(product(self.names, self.severities))


def write_copies(data: FolderDataset, copies: Copies, progress: Progress) -> tuple[int, list[str]]:
    """Write ``out/<corruption>/<severity>/<id>`` as PNG, with masks in their place, and ``out/manifest.csv``.

    What is already there is kept, so an interrupted call is resumed by the same call; the manifest lists earlier
    calls, too. Each severity folder has the layout of the source and is a dataset by itself.

    Returns:
        The number of pictures, and what is wrong with the frames that could not be read.

    Raises:
        DataError: no frames, two that would become one file, or pictures in ``out`` that were made from something else.
    """
    _check_distinct(data.ids)
    total = len(data) * len(copies.conditions)
    rows: list[dict[str, object]] = []
    lost = []
    with _side_by_side() as pool:
        for index in range(len(data)):
            try:
                sample = at_resolution(data[index], copies.suite.resolution)
            except FrameError as error:
                lost.append(str(error))
                continue
            for row in pool.map(partial(_copy, sample, _checksum(sample), copies), copies.conditions):
                rows.append(row)
                progress(len(rows) + len(lost) * len(copies.conditions), total)
    _write_manifest(copies.out / MANIFEST, rows)
    return len(rows), lost


def corrupted_pictures(
    frame: Path, suite: Suite, names: Sequence[str], severities: Sequence[int], seed: int, progress: Progress
) -> Mapping[tuple[str, int], Bytes]:
    """A frame under every corruption and severity, (name, severity) -> uint8 (H, W, 3); (``clean``, 0) too.

    Raises:
        DataError: the file is not an 8-bit RGB picture.
    """
    sample = at_resolution(Sample(read_image(frame), {}, frame.name, frame.stem), suite.resolution)
    pictures = {("clean", 0): sample.image.permute(1, 2, 0).numpy()}
    for name, severity in product(names, severities):
        pictures[name, severity] = _damaged(sample, suite, name, severity, seed)[0]
        progress(len(pictures) - 1, len(names) * len(severities))
    return pictures


@contextmanager
def _side_by_side() -> Iterator[ThreadPoolExecutor]:
    """A thread a core, each of which computes by itself; what has not begun is dropped on an interruption."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    pool = ThreadPoolExecutor(os.cpu_count())
    try:
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)
        torch.set_num_threads(before)


def _damaged(sample: Sample, suite: Suite, name: str, severity: int, seed: int) -> tuple[Bytes, Bytes | None]:
    damage = suite.corrupt(sample.image[None].float() / 255, name, severity, [sample.id], seed)
    pixels: Bytes = (damage.images[0] * 255).round().byte().permute(1, 2, 0).numpy()
    if sample.mask is None:
        return pixels, None
    mask = damage.warp(sample.mask[None])
    return pixels, mask[0].numpy()


def _copy(sample: Sample, checksum: str, copies: Copies, condition: tuple[str, int]) -> dict[str, object]:
    name, severity = condition
    suite, seed = copies.suite, copies.seed
    path = PurePosixPath(name, str(severity), sample.id).with_suffix(".png")
    mask_path = path.parents[1] / "mask" / path.name
    origin = Origin(
        sample.id, name, severity, seed, suite.name, suite.fingerprint, checksum, version("robustbench-endo")
    )
    known = read_checksums(copies.out / path, origin)
    if known is None:
        pixels, mask = _damaged(sample, suite, name, severity, seed)
        if mask is not None:
            write_picture(copies.out / mask_path, mask)
        known = pixels_sha256(pixels), write_picture(copies.out / path, pixels, origin)
    return {
        "path": path.as_posix(),
        "mask": "" if sample.mask is None else mask_path.as_posix(),
        **asdict(origin),
        "key": f"{image_key(seed, sample.id, name, severity):016x}",
        "pixels_sha256": known[0],
        "sha256": known[1],
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
    listed: dict[str, Mapping[str, object]] = {}
    if path.is_file():
        with path.open(newline="", encoding="utf-8") as file:
            listed = {row["path"]: row for row in csv.DictReader(file)}
    listed.update({str(row["path"]): row for row in rows})
    text = StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(listed[place] for place in sorted(listed))
    write_whole(path, lambda file: file.write(text.getvalue().encode()))
