"""How the C library keeps the memory that threads give back."""

from __future__ import annotations

import ctypes
import sys

_M_ARENA_MAX = -8
"""Of ``mallopt`` in glibc's ``malloc.h``."""


def share_heap() -> bool:
    """Have threads that start from now on share one heap; True where the C library can be told so.

    glibc gives every thread a heap of its own, and each keeps the largest picture that its thread ever freed: the
    memory of a run then grows with its length and its threads, for tensors that nobody holds.
    It cannot be taken back in this process; nothing else of it changes.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    return mallopt is not None and mallopt(_M_ARENA_MAX, 1) == 1
