"""The pixels of every corruption: a change is a visible diff of golden.json (see make_golden.py)."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path


def test_golden_checksums_are_unchanged(checksums: Callable[[], dict[str, str]]) -> None:
    recorded = json.loads(Path(__file__).with_name("golden.json").read_text(encoding="utf-8"))
    assert checksums() == recorded
