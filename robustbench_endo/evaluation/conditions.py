"""What evaluation asks of a suite of corruptions, and the list of conditions of a run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from torch import Tensor

from robustbench_endo.data.resolution import Resolution
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.recorded import SEVERITY
from robustbench_endo.results.schema import CLEAN


class CorruptedBatch(Protocol):
    """What a corruption did: images (B, 3, H, W), and masks moved as they were (themselves when nothing moved)."""

    @property
    def images(self) -> Tensor: ...
    def warp(self, masks: Tensor) -> Tensor: ...


class Suite(Protocol):
    """Corruptions with their severities, at a resolution."""

    @property
    def name(self) -> str: ...
    @property
    def reference_size(self) -> int | None: ...
    @property
    def resolution(self) -> Resolution: ...
    @property
    def fingerprint(self) -> str: ...

    def describe(self) -> list[dict[str, Any]]: ...

    def corrupt(
        self, images: Tensor, name: str, severity: int, ids: Sequence[str], seed: int = 0, replicate: int = 0
    ) -> CorruptedBatch: ...


class Condition(NamedTuple):
    """A corruption at a severity; clean at 0, a recorded condition at 1."""

    corruption: str
    severity: int


def plan(corruptions: Sequence[str], severities: Sequence[int], recorded: Sequence[str] = ()) -> list[Condition]:
    """The clean condition, then every corruption at every severity, then the recorded conditions.

    Raises:
        RobustEndoError: no severity, or one outside 1 to 5.
    """
    wrong = [severity for severity in severities if severity not in range(1, 6)]
    if wrong or not severities:
        found = wrong[0] if wrong else "none"
        raise RobustEndoError(
            f"Expected severities from 1 to 5, got {found}: severity 0 is the clean condition and always runs."
        )
    order = sorted(set(severities))
    damaged = [Condition(name, severity) for name in corruptions for severity in order]
    return [Condition(CLEAN, 0), *damaged, *(Condition(name, SEVERITY) for name in recorded)]
