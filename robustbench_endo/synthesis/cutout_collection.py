"""All cut-outs of a data set."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis.config import SynthesisConfig
from robustbench_endo.synthesis.cutout import (
    Cutout,
    Origin,
    SourceFrame,
    cut_out,
    find_instruments,
    labels_are_parts,
)
from robustbench_endo.synthesis.field_of_view import field_of_view
from robustbench_endo.synthesis.harmonization import mean_colour, sharpness_ladder
from robustbench_endo.synthesis.utils import (
    Bytes,
    Flags,
    activity_name,
    checksum,
    instrument_mask,
    luma,
    resize,
    select_frames,
    to_array,
)
from robustbench_endo.types import Dataset, Sample

_INSPECTED_MASKS = 50
"""Number of masks that decide whether labels are parts or types of instruments."""


@dataclass(frozen=True)
class CutoutCollection:
    """The cut-outs of a data set.

    Attributes:
        cutouts: in the order of the frames.
        size: (height, width) of the synthesized images.
        merge_labels: whether touching labels were treated as one instrument.
        checksums: frame id -> SHA-256 of its pixels and mask.
        n_unusable: number of components that could not be used.
    """

    cutouts: tuple[Cutout, ...]
    size: tuple[int, int]
    merge_labels: bool
    checksums: dict[str, str]
    n_unusable: int


def collect_cutouts(
    data: Dataset,
    instruments: tuple[int, ...] | None,
    config: SynthesisConfig,
    progress: Callable[[int, int], None],
) -> CutoutCollection:
    """Cut the instruments out of the frames of a data set.

    Args:
        data: frames with masks.
        instruments: labels of instruments; None: all but 0 and 255.
        config: size, limit, seed and rules.
        progress: called with (frames done, frames in total).

    Raises:
        SynthesisError: a frame without mask, no instrument in any mask, none that enters from the border.
    """
    indices = select_frames(len(data), config.limit_instruments, config.seed)
    merge_labels = _merge_labels(data, indices, instruments, config)
    size: tuple[int, ...] | None = config.size
    cutouts: list[Cutout] = []
    checksums: dict[str, str] = {}
    n_components = 0
    for done, index in enumerate(indices, 1):
        sample = data[index]
        labels = _require_mask(data, sample, instruments)
        size = size or labels.shape
        candidates = list(_cut_frame(data, sample, labels, merge_labels, config.allow_floating, size))
        cutouts += [cutout for cutout in candidates if cutout is not None]
        n_components += len(candidates)
        checksums[sample.id] = checksum(sample)
        progress(done, len(indices))
    if not cutouts or size is None:
        raise _no_cutout_error(data, n_components)
    n_unusable = n_components - len(cutouts)
    return CutoutCollection(tuple(cutouts), (int(size[0]), int(size[1])), merge_labels, checksums, n_unusable)


def _cut_frame(
    data: Dataset, sample: Sample, labels: Bytes, merge_labels: bool, allow_floating: bool, size: Sequence[int]
) -> Iterator[Cutout | None]:
    """A cut-out per component, None for one that cannot be used."""
    image = to_array(sample)
    view = field_of_view(image)
    components = find_instruments(labels, view, merge_labels)
    if not components:
        return
    factor = min(size[0], size[1]) / min(labels.shape)
    tissue = view & (labels == 0)
    source = SourceFrame(image, labels, mean_colour(image, tissue) / 255, _sharpness(image, tissue, factor))
    for number, component in enumerate(components):
        usable = component.enters or (allow_floating and not component.crosses)
        origin = Origin(sample.id, sample.subject_id, activity_name(data, sample), number)
        yield cut_out(source, component, factor, origin) if usable else None


def _sharpness(image: Bytes, tissue: Flags, factor: float) -> tuple[float, ...]:
    """Sharpness of the tissue at the scale of the synthesized images, for each blur."""
    size = round(image.shape[0] * factor), round(image.shape[1] * factor)
    brightness = luma(resize(image, size, Image.Resampling.BICUBIC)) / 255
    area = resize(tissue.astype(np.uint8), size, Image.Resampling.NEAREST).astype(bool)
    return sharpness_ladder(brightness, area)


def _merge_labels(
    data: Dataset, indices: Sequence[int], instruments: tuple[int, ...] | None, config: SynthesisConfig
) -> bool:
    if config.labels != "auto":
        return config.labels == "parts"
    samples = (data[index] for index in indices[:_INSPECTED_MASKS])
    return labels_are_parts([_require_mask(data, sample, instruments) for sample in samples])


def _require_mask(data: Dataset, sample: Sample, instruments: tuple[int, ...] | None) -> Bytes:
    labels = instrument_mask(sample, instruments)
    if labels is None:
        raise SynthesisError(
            f"Expected a mask for every instrument frame, got none for {sample.id} in {data.name}: instruments are "
            "cut out along their masks, so give a folder with image/ and mask/."
        )
    return labels


def _no_cutout_error(data: Dataset, n_components: int) -> SynthesisError:
    if n_components:
        return SynthesisError(
            f"Expected instruments that enter from the border of the view, got {n_components} in {data.name} that do "
            "not: use them with --allow-floating."
        )
    return SynthesisError(
        f"Expected instruments in the masks of {data.name}, got none (of at least 0.4 % of a frame): check the masks "
        "and which labels are instruments."
    )
