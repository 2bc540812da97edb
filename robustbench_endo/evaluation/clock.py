"""Where the time of a run went."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager


class Clock:
    """Seconds a phase, summed over the run and over threads: phases together may exceed the total."""

    def __init__(self) -> None:
        self._seconds: dict[str, float] = defaultdict(float)
        self._start = time.perf_counter()
        self._lock = threading.Lock()

    @contextmanager
    def time(self, phase: str) -> Iterator[None]:
        """Add the time spent inside to ``phase``."""
        start = time.perf_counter()
        try:
            yield
        finally:
            with self._lock:
                self._seconds[phase] += time.perf_counter() - start

    def seconds(self) -> dict[str, float]:
        """Seconds by phase, and ``total`` since the clock was made."""
        measured = {phase: round(value, 3) for phase, value in self._seconds.items()}
        return {**measured, "total": round(time.perf_counter() - self._start, 3)}
