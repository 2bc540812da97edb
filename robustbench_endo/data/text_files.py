"""Small text files next to frames: class names, lists of frames, keys of masks."""

from __future__ import annotations

from pathlib import Path
from unicodedata import category

from robustbench_endo.errors import DataError

MAX_BYTES = 10_000_000
"""Largest file that is read: class names and lists of frames need far less."""


def read_text(path: Path) -> str:
    """The content of a text file in UTF-8, with or without a byte order mark.

    Raises:
        DataError: no regular file, another encoding, null characters, or more than :data:`MAX_BYTES`.
    """
    try:
        if not path.is_file():
            raise DataError(f"Cannot read {path}: no regular file. Replace or remove it.")
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"Cannot read {path}: more than {MAX_BYTES} bytes. Replace or remove it.")
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"Cannot read {path}: {error}. Save it as text in UTF-8.") from error
    if "\0" in text:
        raise DataError(f"Cannot read {path}: it has null characters. Save it as text in UTF-8.")
    return text


def has_controls(text: str) -> bool:
    """Whether a text has control characters, line breaks or bytes that are not UTF-8, which no report can store.

    >>> has_controls("Zunge 3.png"), has_controls("a\\0b")
    (False, True)
    """
    return any(category(character) in ("Cc", "Cs", "Zl", "Zp") for character in text)
