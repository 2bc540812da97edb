"""Removal of compiled kernels that are older than a source file.

Numba compiles a kernel again if its own file changed, but not if a kernel did that it calls from another file: after an
update in place it would go on with the old one, and results would depend on what was compiled before.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def delete_stale_caches(folder: Path) -> int:
    """Delete numba's caches below ``folder`` that are older than the newest source file below it.

    Args:
        folder: root of a package; without the permission to delete, nothing is deleted.

    Returns:
        The number of deleted files.
    """
    newest, caches = 0.0, []
    for parent, _, names in os.walk(folder):  # half the time of Path.rglob, at every import
        for name in names:
            if name.endswith(".py"):
                newest = max(newest, _modified(Path(parent, name)))
            elif name.endswith((".nbi", ".nbc")):
                caches.append(Path(parent, name))
    deleted = 0
    for path in caches:
        if _modified(path) < newest:
            with contextlib.suppress(OSError):  # not ours to delete, or deleted by another process
                path.unlink()
                deleted += 1
    return deleted


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # deleted by another process
        return 0.0
