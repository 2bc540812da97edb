"""The severities at which corruptions have a target distortion on the data of a run.

The distortion of a corruption at a severity is 1 - image SSIM, the mean over a sample of the frames. It is computed on
the CPU, so that the severities, and with them the corrupted images, do not depend on the device.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from robustbench_endo.corruptions import Corruption
from robustbench_endo.corruptions.compound import CompoundCorruption
from robustbench_endo.corruptions.functional import corrupt_levels
from robustbench_endo.errors import DataError, RobustEndoError
from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.conditions import Condition
from robustbench_endo.evaluation.corrupt_batch import corrupt_batch
from robustbench_endo.evaluation.loop import read_frames
from robustbench_endo.metrics.image_similarity import CleanReference
from robustbench_endo.results.severity import as_severity
from robustbench_endo.types import Sample

if TYPE_CHECKING:
    from robustbench_endo.corruptions import Suite
    from robustbench_endo.evaluation.plan import EvaluationPlan

MAX_FRAMES = 16
"""Frames of the sample at most, spread evenly over those of the run."""

TOLERANCE = 0.005
"""Distance from the target at which a severity is accepted."""

MAX_STEPS = 8
"""Bisections of the interval from severity 1 to 5 at most."""

WEAKEST, STRONGEST = 1.0, 5.0

Measure = Callable[[float], float]
"""The distortion at a severity."""


@dataclass(frozen=True)
class TargetSeverity:
    """The severity of a corruption nearest to a target distortion.

    Attributes:
        name: of the corruption.
        severity: from 1 to 5.
        distortion: there; farther than :data:`TOLERANCE` from the target where the distortion jumps.
    """

    name: str
    severity: float
    distortion: float


class OutOfRangeError(RobustEndoError):
    """The target is not between the distortions at severities 1 and 5."""


def solve_severity(measure: Measure, target: float) -> tuple[float, float]:
    """The severity from 1 to 5 at which an increasing distortion has a target value, and the distortion there.

    Raises:
        OutOfRangeError: the target is outside; the message is the range, such as ``0.03 to 0.15``.

    >>> solve_severity(lambda severity: severity / 10, 0.2)
    (2.0, 0.2)
    """
    ends = [(severity, measure(severity)) for severity in (WEAKEST, STRONGEST)]
    best = min(ends, key=lambda end: abs(end[1] - target))
    (low, weakest), (high, strongest) = ends
    if abs(best[1] - target) > TOLERANCE and not weakest < target < strongest:
        raise OutOfRangeError(f"{weakest:.3f} to {strongest:.3f}")
    for _ in range(MAX_STEPS):
        if abs(best[1] - target) <= TOLERANCE:
            break
        middle = as_severity((low + high) / 2)
        distortion = measure(middle)
        best = min(best, (middle, distortion), key=lambda point: abs(point[1] - target))
        low, high = (middle, high) if distortion < target else (low, middle)
    return best


def with_target_distortion(plan: EvaluationPlan) -> EvaluationPlan:
    """The plan with the parameters at which every corruption has the target distortion, as those of severity 1.

    Raises:
        DataError: no frame can be read.
        RobustEndoError: a target that a corruption does not reach.
    """
    target = plan.config.target_distortion
    if target is None or plan.targets:
        return plan
    batches = _sample(plan)

    def measure(name: str, severity: float) -> float:
        return _distortion(plan, batches, name, severity)

    return with_severities(plan, solve_severities(plan.corruptions, target, measure, plan.config.workers))


def solve_severities(
    names: Sequence[str], target: float, measure: Callable[[str, float], float], workers: int | None
) -> list[TargetSeverity]:
    """The severity of each corruption at which its distortion is the target.

    Args:
        names: of the corruptions.
        target: the distortion.
        measure: the distortion of a corruption at a severity.
        workers: corruptions that are solved at a time; None: by the number of cores.

    Raises:
        RobustEndoError: a target that a corruption does not reach.

    >>> solve_severities(["smoke"], 0.2, lambda name, severity: severity / 10, workers=1)
    [TargetSeverity(name='smoke', severity=2.0, distortion=0.2)]
    """

    def solve(name: str) -> TargetSeverity | str:
        try:
            severity, distortion = solve_severity(lambda value: measure(name, value), target)
        except OutOfRangeError as error:
            return f"{name} has {error}"
        return TargetSeverity(name, severity, distortion)

    with ThreadPoolExecutor(workers) as pool:
        solved = list(pool.map(solve, names))
    if outside := [entry for entry in solved if isinstance(entry, str)]:
        raise RobustEndoError(
            f"Expected a target distortion that every corruption reaches between severities 1 and 5, got {target:g}: "
            f"{'; '.join(outside)}; change the target, or select other corruptions."
        )
    return [entry for entry in solved if isinstance(entry, TargetSeverity)]


def frames_distortion(suite: Suite, frames: Sequence[Sample], seed: int) -> Callable[[str, float], float]:
    """The mean distortion of frames under a corruption of a suite at a severity, as evaluations measure it.

    Args:
        suite: of the corruptions.
        frames: at the resolution of the suite.
        seed: of the corruptions.
    """
    clean = [CleanReference(frame.image[None] / 255) for frame in frames]

    def measure(name: str, severity: float) -> float:
        values = []
        for frame, reference in zip(frames, clean, strict=True):
            levels = corrupt_levels(frame.image[None], suite, name, severity, [frame.id], seed).images
            values.append(1 - float(reference.ssim(levels / 255)[0]))
        return float(np.mean(values))

    return measure


def spread_evenly(count: int) -> list[int]:
    """Positions of the sample among a number of frames: at most :data:`MAX_FRAMES`.

    >>> spread_evenly(3), spread_evenly(32)[:3]
    ([0, 1, 2], [0, 2, 4])
    """
    sample = min(MAX_FRAMES, count)
    return [position * count // sample for position in range(sample)]


def with_severities(plan: EvaluationPlan, targets: Sequence[TargetSeverity]) -> EvaluationPlan:
    """The plan with every corruption at one severity, which is severity 1 in its conditions."""
    fixed = [fix_severity(plan.suite.get(entry.name), entry.severity) for entry in targets]
    note = (
        f"Every corruption has the one severity at which its mean distortion (1 - image SSIM) is "
        f"{plan.config.target_distortion:g}; tables and files call it severity 1."
    )
    suite = plan.suite.with_corruptions(*fixed)
    return replace(plan, suite=suite, targets=tuple(targets), notes=(*plan.notes, note))


def stored_severities(plan: EvaluationPlan, info: Mapping[str, Any]) -> EvaluationPlan:
    """The plan with the severities that a run has stored in its run.json, if any."""
    stored = info.get("target_distortion")
    if stored is None:
        return plan
    return with_severities(plan, [TargetSeverity(**entry) for entry in stored["corruptions"]])


def describe_targets(target: float | None, targets: Sequence[TargetSeverity]) -> dict[str, Any]:
    """The entry of run.json; empty for a run without a target."""
    if target is None:
        return {}
    return {"target_distortion": {"target": target, "corruptions": [dataclasses.asdict(entry) for entry in targets]}}


def fix_severity(corruption: Corruption, severity: float) -> Corruption:
    """A corruption whose five severities have the parameters at one severity.

    >>> from robustbench_endo.corruptions import load_suite
    >>> fix_severity(load_suite("endo19").get("gaussian_blur"), 2.5).severities[0]
    GaussianBlurParams(sigma=2.5)
    """
    if isinstance(corruption, CompoundCorruption):
        return CompoundCorruption([fix_severity(part, severity) for part in corruption.parts])
    return replace(corruption, severities=(corruption.parameters(severity),) * len(corruption.severities))


def _sample(plan: EvaluationPlan) -> list[Batch]:
    frames = plan.indices
    selected = [frames[position] for position in spread_evenly(len(frames))]
    batches, failures = read_frames(replace(plan, recorded=()), selected)
    if not batches:
        raise DataError(f"Expected a readable frame to measure distortions, got none: {failures[0].reason}")
    return [batch.to(torch.device("cpu")) for batch in batches]


def _distortion(plan: EvaluationPlan, batches: Sequence[Batch], name: str, severity: float) -> float:
    values = []
    for batch in batches:
        assert batch.clean is not None
        images = corrupt_batch(plan, batch, Condition(name, severity)).images
        values.append(1 - batch.clean.ssim(images).numpy())
    return float(np.concatenate(values).mean())
