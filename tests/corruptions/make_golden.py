"""Writes corruptions/golden.json: the checksum of every corruption at severity 3.

Run it after a change that is intended to change pixels: python tests/corruptions/make_golden.py
"""

from __future__ import annotations

import json

from robustbench_endo.corruptions.golden import GOLDEN, checksums, textured_frame

__all__ = ["checksums", "textured_frame"]

if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(checksums(), indent=1) + "\n", encoding="utf-8")
