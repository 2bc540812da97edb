"""The pixels of every corruption: a change is a visible diff of golden.json (see make_golden.py)."""

from __future__ import annotations

from collections.abc import Callable

from robustbench_endo.corruptions.golden import recorded_checksums


def test_golden_checksums_are_unchanged(checksums: Callable[[], dict[str, str]]) -> None:
    assert checksums() == recorded_checksums()
