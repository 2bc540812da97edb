"""From a frame's id to the patient or sequence that it belongs to."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import Literal

from robustbench_endo.errors import DataError

SubjectSource = Literal["layout", "regex", "file names", "none", "independent frames"]
"""Where the subjects of a data set come from; ``none``: it gives none, and all frames are one subject."""

ALL_FRAMES = "all"
"""The subject of all frames of a data set that gives none."""

NO_SUBJECTS = (
    "The data give no subjects: all frames are treated as one subject; give --subject-regex or "
    "--assume-independent-frames."
)
INDEPENDENT_FRAMES = "Every frame is treated as its own subject (--assume-independent-frames)."

_LAST_DIGITS = re.compile(r"^(.*?)[_\-. ]*\d+\D*$")


def subject_of(image_id: str, pattern: str | None = None) -> str:
    """Patient or sequence of a frame, the unit of resampling.

    Args:
        image_id: posix path of the frame.
        pattern: regular expression searched in the path; the subject is its first group, or the entire match without
            groups. By default the subject is the file name before its last run of digits; ``all`` where nothing
            precedes them.

    Raises:
        DataError: a pattern that is no regular expression or does not match the path.

    >>> subject_of("test/1/image/OP1_img_07.png")
    'OP1_img'
    >>> subject_of("patient03/video1/000.png", r"(patient[0-9]+)/")
    'patient03'
    """
    if pattern is None:
        return _default_subject(PurePosixPath(image_id).stem)
    try:
        match = re.search(pattern, image_id)
    except (re.error, OverflowError, RecursionError) as error:
        raise DataError(
            f"Expected a regular expression for the subjects, got {pattern!r} ({error}): correct it."
        ) from error
    subject = None if match is None else match.group(1) if match.re.groups else match.group(0)
    if not subject:
        raise DataError(f"Expected every frame to match the subject pattern {pattern!r}, got {image_id!r}: correct it.")
    return subject


def names_give_subjects(image_ids: Sequence[str]) -> bool:
    """Whether file names before their last digits identify patients or sequences.

    They do where several such prefixes occur and most of the frames share theirs with others, or where the only prefix
    has a number itself (``OP3_img_01``). Names without digits, hashes, and one prefix such as ``frame_`` give none.

    >>> names_give_subjects(["OP1_00.png", "OP1_01.png", "OP2_00.png", "OP2_01.png"])
    True
    >>> names_give_subjects(["liver.png", "snare.png"]), names_give_subjects(["frame_00.png", "frame_01.png"])
    (False, False)
    """
    counts = Counter(map(subject_of, image_ids))
    if len(counts) == 1:
        return any(character.isdigit() for character in next(iter(counts)))
    single = sum(count == 1 for count in counts.values())
    return 2 * single <= len(image_ids)


def subject_note(dataset: object) -> str | None:
    """The sentence to show with intervals of a data set without subjects, or of independent frames; else None.

    Args:
        dataset: with the attribute ``subject_source``, or the value of it.
    """
    source = dataset if isinstance(dataset, str) else getattr(dataset, "subject_source", "layout")
    return {"none": NO_SUBJECTS, "independent frames": INDEPENDENT_FRAMES}.get(source)


def _default_subject(stem: str) -> str:
    match = _LAST_DIGITS.match(stem)
    if match is None:
        return stem
    return match.group(1) or ALL_FRAMES
