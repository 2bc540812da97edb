"""Time per phase of a run."""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

PHASES = ("decode", "corrupt", "forward", "metrics", "write")


class Profiler:
    """Seconds per phase, summed over the run and over threads: phases together may exceed the total.

    Args:
        synchronize: called at the end of every phase; one that waits for the device attributes the GPU's work to its
            phase, and prevents phases from overlapping.

    Attributes:
        lanes: conditions that were computed in parallel.

    >>> profiler = Profiler()
    >>> with profiler.time("decode"):
    ...     pass
    >>> list(profiler.phases())
    ['decode']
    """

    def __init__(self, synchronize: Callable[[], None] = lambda: None) -> None:
        self.lanes = 1
        self._seconds: dict[str, float] = defaultdict(float)
        self._start = time.perf_counter()
        self._lock = threading.Lock()
        self._synchronize = synchronize

    @contextmanager
    def time(self, phase: str) -> Iterator[None]:
        """Add the time spent inside to ``phase``."""
        start = time.perf_counter()
        try:
            yield
            self._synchronize()
        finally:
            self.add({phase: time.perf_counter() - start})

    def add(self, seconds: dict[str, float]) -> None:
        """Add seconds by phase that were measured elsewhere."""
        with self._lock:
            for phase, value in seconds.items():
                self._seconds[phase] += value

    def phases(self) -> dict[str, float]:
        """Seconds by phase."""
        return dict(self._seconds)

    def seconds(self) -> dict[str, float]:
        """Seconds by phase, and ``total`` since the profiler was created."""
        rounded = {phase: round(value, 3) for phase, value in self._seconds.items()}
        return {**rounded, "total": round(time.perf_counter() - self._start, 3)}
