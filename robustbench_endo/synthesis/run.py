"""Synthesis of training images with instruments on tissue, written as a data set."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis.backgrounds import Backgrounds
from robustbench_endo.synthesis.compose import SynthesisSources, compose
from robustbench_endo.synthesis.config import SynthesisConfig, resolve_instrument_labels
from robustbench_endo.synthesis.cutout_collection import CutoutCollection, collect_cutouts
from robustbench_endo.synthesis.output import open_folder, read_rows, write_image, write_record
from robustbench_endo.types import IGNORE, Dataset

Progress = Callable[[str, int, int], None]
"""Called with (phase: ``instruments``, ``backgrounds`` or ``images``; number done; total)."""


@dataclass(frozen=True)
class SynthesisResult:
    """Result of a synthesis.

    Attributes:
        folder: the data set; its split is ``train``.
        images: number of requested images.
        created: number of images that did not exist before.
        cutouts: number of instruments that were cut out.
        n_unusable: number of connected components that could not be used.
        backgrounds: number of frames that can be backgrounds.
    """

    folder: Path
    images: int
    created: int
    cutouts: int
    n_unusable: int
    backgrounds: int


def synthesize(
    backgrounds: Dataset,
    instruments: Dataset,
    out: str | Path,
    count: int = 100,
    settings: SynthesisConfig | None = None,
    progress: Progress = lambda phase, done, total: None,
) -> SynthesisResult:
    """Write images with instruments of one data set on tissue of another, with masks and activities.

    After Wang et al., Rethinking Surgical Instrument Segmentation: A Background Image Can Be All You Need (MICCAI
    2022). Image ``i`` is a function of the seed, ``i`` and the sources: its pixels depend neither on ``count`` nor on
    order or interruptions. Images that exist in ``out`` are not computed again.

    Args:
        backgrounds: frames of tissue; instruments in their masks, if any, are inpainted.
        instruments: frames with masks. Only give a split that may be trained on.
        out: folder to write: ``train/[<activity>/]image|mask``, ``classes.txt`` and ``synthesis.json`` with all
            settings, the checksums of the sources and the sources of each image. An image is named after its
            background, so that its default subject is the background's name.
        count: number of images.
        settings: None for the defaults. Its sources, ``out`` and ``count`` are those of the command line and not used.
        progress: called while sources are read and images composed.

    Raises:
        SynthesisError: no usable background or instrument, a frame without mask, ``out`` with other content.
        DataError: sources that cannot be read.
        RunError: a folder that cannot be written.

    >>> import tempfile
    >>> from robustbench_endo.data import load_dataset
    >>> scenes = load_dataset("synthetic", split="train", frames=2, size=(48, 64))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     result = synthesize(scenes, scenes, folder, 1, SynthesisConfig(instrument_labels=(1, 2, 3, 4, 5)))
    >>> result.images, result.created
    (1, 1)
    """
    settings = settings or SynthesisConfig()
    if count < 1:
        raise SynthesisError(f"Expected at least 1 image, got {count}: correct --count.")
    folder = Path(out)
    labels = settings.instrument_labels
    selected = None if labels is None else resolve_instrument_labels(labels, instruments.classes)
    sources = _read_sources(backgrounds, instruments, selected, settings, progress)
    identity = _identity(settings, selected, instruments, sources)
    open_folder(folder, identity, instruments.classes)
    rows = read_rows(folder)
    missing = [index for index in range(count) if index not in rows]
    for index in range(count):
        if index not in rows:
            image = compose(sources, settings, index)
            rows[index] = write_image(folder, index, Path(image.record["background"]).stem, image)
        progress("images", index + 1, count)
    write_record(folder, identity, list(rows.values()))
    collection = sources.collection
    return SynthesisResult(
        folder, count, len(missing), len(collection.cutouts), collection.n_unusable, len(sources.backgrounds)
    )


def _read_sources(
    backgrounds: Dataset,
    instruments: Dataset,
    labels: tuple[int, ...] | None,
    config: SynthesisConfig,
    progress: Progress,
) -> SynthesisSources:
    collection = collect_cutouts(instruments, labels, config, partial(progress, "instruments"))
    tissue = Backgrounds(
        backgrounds,
        labels,
        collection.size,
        config.limit_backgrounds,
        config.seed,
        partial(progress, "backgrounds"),
    )
    rule = _activity_rule(instruments, config)
    if config.within_subjects:
        _check_subjects(collection, tissue)
    return SynthesisSources(collection, tissue, rule, _background_label(instruments, labels))


def _identity(
    config: SynthesisConfig, labels: tuple[int, ...] | None, instruments: Dataset, sources: SynthesisSources
) -> dict[str, Any]:
    """Everything that determines the images, for ``synthesis.json``."""
    recorded = {**config.recorded_settings(), "instruments": None if labels is None else list(labels)}
    return {
        "made_by": f"robustbench-endo {version('robustbench-endo')}",
        "settings": recorded,
        "size": list(sources.collection.size),
        "labels": "parts" if sources.collection.merge_labels else "types",
        "activity": sources.rule,
        "classes": list(instruments.classes),
        "instrument_frames": sources.collection.checksums,
        "background_frames": sources.backgrounds.checksums,
    }


def _activity_rule(data: Dataset, config: SynthesisConfig) -> str:
    if config.activity == "source" and not data.activities:
        raise SynthesisError(
            f"Expected instrument frames with activities, got none in {data.name}: choose another activity rule."
        )
    if config.activity != "auto":
        return config.activity
    return "source" if data.activities else "none"


def _background_label(data: Dataset, instruments: tuple[int, ...] | None) -> int:
    """Label of pixels without instrument: 0, or 255 (ignored) if the data set also labels tissue."""
    if instruments is None:
        return 0
    return 0 if {*range(1, len(data.classes))} <= {*instruments} else IGNORE


def _check_subjects(collection: CutoutCollection, backgrounds: Backgrounds) -> None:
    known = {cutout.origin.subject_id for cutout in collection.cutouts}
    subjects = [backgrounds.subject_id(number) for number in range(len(backgrounds))]
    unknown = [subject for subject in subjects if subject not in known]
    if unknown:
        raise SynthesisError(
            f"Expected instruments of every background's subject, got none of {unknown[0]!r} (but of "
            f"{', '.join(sorted(known)[:5])}): give a subject pattern that fits both, or do not stay within subjects."
        )
