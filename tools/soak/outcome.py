"""SoakResult of one test of the soak: how many trials passed, how long they took, and the first that failed."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

MAX_FAILURES = 20


@dataclass(frozen=True)
class SoakResult:
    """The result of one test.

    Attributes:
        name: of the test.
        passed, total: numbers of trials.
        seconds: wall time.
        detail: what was measured, such as the worst case.
        failures: descriptions of trials that failed; the result file has the first ``MAX_FAILURES``.
    """

    name: str
    passed: int
    total: int
    seconds: float
    detail: str = ""
    failures: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether there were trials and all of them passed."""
        return 0 < self.total == self.passed

    def line(self) -> str:
        """One line of text."""
        state = "passed" if self.ok else "FAILED"
        return f"{state}  {self.name}: {self.passed}/{self.total} in {self.seconds:.0f} s; {self.detail}"

    def as_json(self) -> dict[str, Any]:
        """The content of one entry of the result file."""
        entry = {"name": self.name, "passed": self.passed, "total": self.total, "seconds": round(self.seconds, 1)}
        return {**entry, "detail": self.detail, "failures": list(self.failures[:MAX_FAILURES])}


@dataclass
class Tally:
    """Counts the trials of a test while it runs.

    Attributes:
        name: of the test.
        passed, total: numbers of trials so far.
        failures: descriptions of those that failed.
        started: when the test began, of a monotonic clock.
    """

    name: str
    passed: int = 0
    total: int = 0
    failures: list[str] = field(default_factory=list)
    started: float = field(default_factory=time.monotonic)

    def add(self, problem: str = "", trials: int = 1) -> None:
        """Count trials that passed, or failed with a problem."""
        self.total += trials
        if problem:
            self.failures.append(problem)
        else:
            self.passed += trials

    def outcome(self, detail: str = "") -> SoakResult:
        """The result."""
        seconds = time.monotonic() - self.started
        failures = tuple(text[:400] for text in self.failures)
        return SoakResult(self.name, self.passed, self.total, seconds, detail, failures)


def count(full: int, scale: float, minimum: int = 1) -> int:
    """A number of trials times a scale, at least ``minimum``."""
    return max(minimum, round(full * scale))


def in_words(counts: dict[str, int]) -> str:
    """Counts by name as text.

    >>> in_words({"loading": 2, "loop": 3})
    'loading 2, loop 3'
    """
    return ", ".join(f"{name} {number}" for name, number in counts.items())
