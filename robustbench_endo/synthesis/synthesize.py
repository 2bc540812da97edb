"""Pictures of instruments on tissue, written as a data set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis.backgrounds import Backgrounds
from robustbench_endo.synthesis.compose import Sources, picture
from robustbench_endo.synthesis.cutout_collection import Pool, collect
from robustbench_endo.synthesis.output import finish, open_folder, write, written
from robustbench_endo.synthesis.settings import SynthesisConfig
from robustbench_endo.types import IGNORE, Dataset

Progress = Callable[[str, int, int], None]
"""(what is being done: `instruments`, `backgrounds` or `pictures`; how many; of how many)."""


class Synthesised(NamedTuple):
    """What a call has done.

    Attributes:
        folder: the data set; its split is ``train``.
        pictures: how many of it this call has asked for, and how many of these it had to make.
        cutouts, left_out: instruments that were cut out, and pieces that could not be used.
        backgrounds: frames that served as background.
    """

    folder: Path
    pictures: int
    made: int
    cutouts: int
    left_out: int
    backgrounds: int


def synthesize(
    backgrounds: Dataset,
    instruments: Dataset,
    out: str | Path,
    count: int = 100,
    settings: SynthesisConfig | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Synthesised:
    """Write pictures with instruments of one data set on tissue of another, with masks and activities.

    After Wang et al., Rethinking Surgical Instrument Segmentation: A Background Image Can Be All You Need (MICCAI
    2022). Picture ``i`` is a function of the seed, ``i`` and the sources alone: whatever ``count``, order or
    interruption, its pixels are the same. What is in ``out`` already is kept.

    Args:
        backgrounds: frames of tissue; instruments in masks, where there are any, are painted over.
        instruments: frames with masks. Only give a split that may be trained on.
        out: folder to write: ``train/[<activity>/]image|mask``, ``classes.txt`` and ``synthesis.json`` with all
            settings, the checksums of the sources and the sources of each picture. A picture is called after its
            background, so that its default subject is the background's name.
        count: pictures.
        progress: called while sources are read and pictures made.

    Raises:
        SynthesisError: no usable background or instrument, a frame without mask, ``out`` made of something else.
        DataError: sources that cannot be read.
    """
    settings = settings or SynthesisConfig()
    if count < 1:
        raise SynthesisError(f"Expected at least 1 picture, got {count}: correct --count.")
    _check_labels(instruments, settings)
    folder = Path(out)
    pool = collect(instruments, settings, lambda done, total: progress("instruments", done, total))
    grounds = Backgrounds(backgrounds, settings, pool.size, lambda done, total: progress("backgrounds", done, total))
    sources = Sources(pool, grounds, _rule(instruments, settings), _empty(instruments, settings))
    if settings.within_subjects:
        _check_groups(pool, grounds)
    made_of = _made_of(settings, instruments, backgrounds, sources)
    open_folder(folder, made_of, instruments.classes)
    rows = written(folder)
    missing = [index for index in range(count) if index not in rows]
    for index in range(count):
        if index not in rows:
            done = picture(sources, settings, index)
            rows[index] = write(folder, index, Path(done.record["background"]).stem, done)
        progress("pictures", index + 1, count)
    finish(folder, made_of, list(rows.values()))
    return Synthesised(folder, count, len(missing), len(pool.cutouts), pool.left_out, len(grounds))


def _made_of(settings: SynthesisConfig, instruments: Dataset, backgrounds: Dataset, sources: Sources) -> dict[str, Any]:
    return {
        "made_by": f"robustbench-endo {version('robustbench-endo')}",
        "settings": settings.as_json(),
        "size": list(sources.pool.size),
        "labels": "parts" if sources.pool.joined else "types",
        "activity": sources.rule,
        "classes": list(instruments.classes),
        "instrument_frames": sources.pool.checksums,
        "background_frames": sources.backgrounds.checksums,
    }


def _rule(data: Dataset, settings: SynthesisConfig) -> str:
    if settings.activity == "source" and not data.activities:
        raise SynthesisError(
            f"Expected instrument frames with activities, got none in {data.name}: choose another activity rule."
        )
    if settings.activity != "auto":
        return settings.activity
    return "source" if data.activities else "none"


def _empty(data: Dataset, settings: SynthesisConfig) -> int:
    """What is no instrument is background, unless the data set names tissues, too."""
    if settings.instruments is None:
        return 0
    return 0 if {*range(1, len(data.classes))} <= {*settings.instruments} else IGNORE


def _check_labels(data: Dataset, settings: SynthesisConfig) -> None:
    known: Sequence[int] = range(1, len(data.classes))
    wrong = [label for label in settings.instruments or () if label not in known]
    if wrong:
        raise SynthesisError(
            f"Expected labels of instruments from 1 to {len(data.classes) - 1} ({', '.join(data.classes[1:])}), got "
            f"{wrong[0]}: correct them."
        )


def _check_groups(pool: Pool, grounds: Backgrounds) -> None:
    known = {cutout.origin.subject_id for cutout in pool.cutouts}
    alone = [grounds.subject_id(number) for number in range(len(grounds)) if grounds.subject_id(number) not in known]
    if alone:
        raise SynthesisError(
            f"Expected instruments of every background's subject, got none of {alone[0]!r} (but of "
            f"{', '.join(sorted(known)[:5])}): give a subject pattern that fits both, or do not stay within subjects."
        )
