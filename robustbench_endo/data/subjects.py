"""From a file name to the patient or sequence it belongs to."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from robustbench_endo.errors import DataError

_LAST_DIGITS = re.compile(r"^(.*?)[_\-. ]*\d+\D*$")


def subject_of(image_id: str, pattern: str | None = None) -> str:
    """The unit of resampling of a frame.

    Args:
        image_id: posix path relative to the data root.
        pattern: regular expression searched in the id; its first subject (or the whole match) is the answer. By
            default the file name before its last run of digits: ``OP1_img_07`` -> ``OP1_img``.

    Raises:
        DataError: a pattern that is no regular expression or does not match the id.
    """
    stem = PurePosixPath(image_id).stem
    if pattern is None:
        match = _LAST_DIGITS.match(stem)
        return match.group(1) if match and match.group(1) else stem if not match else "all"
    try:
        found = re.search(pattern, image_id)
    except re.error as error:
        raise DataError(f"Expected a regular expression for the subjects, got {pattern!r} ({error}).") from error
    if found is None:
        raise DataError(f"Expected every frame to match the subject pattern {pattern!r}, got {image_id!r}: correct it.")
    return found.group(1) if found.groups() else found.group(0)
