"""The outcome of the project's own tests, from a JUnit XML file or from the output of pytest."""

from __future__ import annotations

import hashlib
import re
import xml.etree.ElementTree as ET  # nosec B405  # documents with a type declaration are refused before
from pathlib import Path
from typing import Any

from robustbench_endo.errors import DataError

MAX_BYTES, MAX_NAMES = 200_000_000, 50
OUTCOMES = ("passed", "failed", "skipped", "errors")

_ANSI = re.compile(rb"\x1b\[[0-9;]*[A-Za-z]")
_LAST_LINE = re.compile(r"^=* ?((?:\d+ \w+(?:, )?)+) in [\d.:]+ ?s.*$", re.M)
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S.*?)(?: - .*)?$", re.M)


def read_test_log(path: str | Path) -> tuple[bytes, dict[str, Any]]:
    """The content of a log of tests, and its summary.

    Raises:
        DataError: no such file, or neither JUnit XML nor the output of pytest.
    """
    path = Path(path)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise DataError(f"Expected a log of tests of at most 200 MB, got {path}: give the file of --junitxml.")
        content = path.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, DataError):
            raise
        reason = getattr(error, "strerror", None) or error
        raise DataError(f"Cannot read {str(path)[:200]}: {reason}. Give the log of make test.") from error
    return content, summarise_log(content, path.name)


def summarise_log(content: bytes, name: str) -> dict[str, Any]:
    """Number of tests by outcome, names of those that failed, and the checksum of the log.

    >>> summarise_log(b"== 3 passed, 1 skipped in 0.21s ==", "pytest.log")["passed"]
    3
    """
    text = content.lstrip(b"\xef\xbb\xbf \r\n\t")
    counts, failed = _junit(text, name) if text.startswith(b"<") else _pytest(text, name)
    if not sum(counts.values()):
        raise DataError(f"Expected the results of tests in {name}, got none: give the log of make test.")
    return {
        "file": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "format": "JUnit XML" if text.startswith(b"<") else "output of pytest",
        **counts,
        "not_passed": failed[:MAX_NAMES],
    }


def _junit(text: bytes, name: str) -> tuple[dict[str, int], list[str]]:
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise DataError(f"Expected JUnit XML without a document type in {name}, got one: write it with --junitxml.")
    try:
        root = ET.fromstring(text)  # nosec B314  # see above: no entities
    except ET.ParseError as error:
        raise DataError(f"Cannot parse {name}: invalid XML ({error}). Write it with pytest --junitxml.") from error
    if root.tag not in ("testsuites", "testsuite"):
        raise DataError(f"Expected JUnit XML (testsuites) in {name}, got <{root.tag}>: write it with --junitxml.")
    counts, failed = dict.fromkeys(OUTCOMES, 0), []
    for case in root.iter("testcase"):
        tags = {child.tag for child in case}
        outcome = next((kind for tag, kind in _TAGS.items() if tag in tags), "passed")
        counts[outcome] += 1
        if outcome in ("failed", "errors"):
            failed.append("::".join(filter(None, (case.get("classname"), case.get("name")))))
    return counts, failed


_TAGS = {"failure": "failed", "error": "errors", "skipped": "skipped"}


def _pytest(text: bytes, name: str) -> tuple[dict[str, int], list[str]]:
    printed = _ANSI.sub(b"", text).decode("utf-8", "replace")
    lines = _LAST_LINE.findall(printed)
    if not lines:
        raise DataError(
            f"Expected JUnit XML or the output of pytest with its last line in {name}, got neither: give the log of "
            "make test."
        )
    words = dict.fromkeys(OUTCOMES, 0)
    for number, outcome in re.findall(r"(\d+) (\w+)", lines[-1]):
        kind = {"error": "errors", "xfailed": "skipped", "xpassed": "passed"}.get(outcome, outcome)
        if kind in words:
            words[kind] += int(number)
    return words, _FAILED.findall(printed)
