"""All cut-outs of a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis.cutout import Cutout, Origin, Source, cut_out, labels_are_parts, pieces
from robustbench_endo.synthesis.harmonization import mean_colour, sharpness_ladder
from robustbench_endo.synthesis.settings import SynthesisConfig
from robustbench_endo.synthesis.utils import (
    Bytes,
    Flags,
    activity_name,
    checksum,
    chosen_frames,
    field_of_view,
    instrument_labels,
    luma,
    pixels,
)
from robustbench_endo.types import Dataset, Sample

_ASKED = 50
"""Masks that say whether labels are parts of instruments or types of them."""


@dataclass(frozen=True)
class Pool:
    """Cut-outs, and how they were found.

    Attributes:
        size: (height, width) of the pictures to be made.
        joined: whether touching labels were taken as one instrument.
        checksums: frame id -> SHA-256 of its pixels and mask.
        left_out: pieces that could not be used.
    """

    cutouts: tuple[Cutout, ...]
    size: tuple[int, int]
    joined: bool
    checksums: dict[str, str]
    left_out: int


def collect(data: Dataset, settings: SynthesisConfig, progress: Callable[[int, int], None]) -> Pool:
    """Cut the instruments out of the frames of a data set.

    Raises:
        SynthesisError: a frame without mask, no instrument in any mask, none that enters from the border.
    """
    indices = chosen_frames(len(data), settings.limit, settings.seed)
    joined = _joined(data, indices, settings)
    size = settings.size
    cutouts: list[Cutout] = []
    checksums: dict[str, str] = {}
    seen = 0
    for done, index in enumerate(indices, 1):
        sample = data[index]
        labels = _labels(data, sample, settings)
        size = size or labels.shape
        found = list(_cutouts(data, sample, labels, joined, settings.allow_floating, size))
        cutouts += [cutout for cutout in found if cutout is not None]
        seen += len(found)
        checksums[sample.id] = checksum(sample)
        progress(done, len(indices))
    if not cutouts or size is None:
        raise _none(data, seen)
    return Pool(tuple(cutouts), (int(size[0]), int(size[1])), joined, checksums, seen - len(cutouts))


def _cutouts(
    data: Dataset, sample: Sample, labels: Bytes, joined: bool, allow_floating: bool, size: tuple[int, ...]
) -> Iterator[Cutout | None]:
    """A cut-out for each piece, None for one that cannot be used."""
    image = pixels(sample)
    view = field_of_view(image)
    found = pieces(labels, view, joined)
    if not found:
        return
    factor = min(size[0], size[1]) / min(labels.shape)
    tissue = view & (labels == 0)
    source = Source(image, labels, mean_colour(image, tissue) / 255, _sharpness(image, tissue, factor))
    for number, piece in enumerate(found):
        usable = piece.enters or (allow_floating and not piece.through)
        origin = Origin(sample.id, sample.subject_id, activity_name(data, sample), number)
        yield cut_out(source, piece, factor, origin) if usable else None


def _sharpness(image: Bytes, tissue: Flags, factor: float) -> tuple[float, ...]:
    size = round(image.shape[1] * factor), round(image.shape[0] * factor)
    small = luma(np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BICUBIC))) / 255
    where = np.asarray(Image.fromarray(tissue.astype(np.uint8)).resize(size, Image.Resampling.NEAREST), bool)
    return sharpness_ladder(small, where)


def _joined(data: Dataset, indices: list[int], settings: SynthesisConfig) -> bool:
    if settings.labels != "auto":
        return settings.labels == "parts"
    asked = [data[index] for index in indices[:_ASKED]]
    return labels_are_parts([_labels(data, sample, settings) for sample in asked])


def _labels(data: Dataset, sample: Sample, settings: SynthesisConfig) -> Bytes:
    labels = instrument_labels(sample, settings.instruments)
    if labels is None:
        raise SynthesisError(
            f"Expected a mask for every instrument frame, got none for {sample.id} in {data.name}: instruments are "
            "cut out along their masks, so give a folder with image/ and mask/."
        )
    return labels


def _none(data: Dataset, seen: int) -> SynthesisError:
    if seen:
        return SynthesisError(
            f"Expected instruments that enter from the border of the view, got {seen} in {data.name} that do not: "
            "--allow-floating uses them all the same."
        )
    return SynthesisError(
        f"Expected instruments in the masks of {data.name}, got none (of at least 0.4 % of a frame): check the masks "
        "and which labels are instruments."
    )
