"""From a frame's id to the patient or sequence that it belongs to."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from robustbench_endo.errors import DataError

_LAST_DIGITS = re.compile(r"^(.*?)[_\-. ]*\d+\D*$")


def subject_of(image_id: str, pattern: str | None = None) -> str:
    """Patient or sequence of a frame, the unit of resampling.

    Args:
        image_id: posix path relative to the data root.
        pattern: regular expression searched in the id; the subject is its first group, or the entire match without
            groups. By default the subject is the file name before its last run of digits; ``all`` where nothing
            precedes them.

    Raises:
        DataError: a pattern that is no regular expression or does not match the id.

    >>> subject_of("test/1/image/OP1_img_07.png")
    'OP1_img'
    >>> subject_of("patient03/video1/000.png", r"(patient[0-9]+)/")
    'patient03'
    """
    if pattern is None:
        return _default_subject(PurePosixPath(image_id).stem)
    try:
        match = re.search(pattern, image_id)
    except re.error as error:
        raise DataError(
            f"Expected a regular expression for the subjects, got {pattern!r} ({error}): correct it."
        ) from error
    if match is None:
        raise DataError(f"Expected every frame to match the subject pattern {pattern!r}, got {image_id!r}: correct it.")
    return match.group(1) if match.groups() else match.group(0)


def _default_subject(stem: str) -> str:
    match = _LAST_DIGITS.match(stem)
    if match is None:
        return stem
    return match.group(1) or "all"
