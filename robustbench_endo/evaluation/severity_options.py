"""Checks of the options that search severities: failure points, and a target distortion."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from robustbench_endo.errors import RobustEndoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from robustbench_endo.evaluation.config import EvaluationConfig


def check_severity_options(config: EvaluationConfig, all_severities: Sequence[float]) -> None:
    """Raise RobustEndoError for a search that the other options of a configuration do not allow.

    Args:
        config: the options.
        all_severities: of a configuration that names none.
    """
    if config.failure_point is not None:
        _check_failure_point(config.failure_point, config.shard)
    if config.target_distortion is not None:
        _check_target(config, config.target_distortion, all_severities)


def _check_failure_point(text: str, shard: str | None) -> None:
    from robustbench_endo.results.failure_points import parse_failure_point  # imports pandas

    parse_failure_point(text)
    if shard is not None:
        raise RobustEndoError(
            f"Expected a failure point of a whole run, got --shard {shard}: merge the shards, then run "
            "the same robust-endo evaluate with --failure-point and without --shard."
        )


def _check_target(config: EvaluationConfig, target: float, all_severities: Sequence[float]) -> None:
    if not (math.isfinite(target) and 0 < target < 1):
        raise RobustEndoError(
            f"Expected a target distortion between 0 and 1, got {target:g}: it is 1 - image SSIM, such as 0.2."
        )
    words = config.corruptions.split(",") if isinstance(config.corruptions, str) else config.corruptions
    conflicts = {
        "other severities": tuple(config.severities) != tuple(all_severities),
        "a failure point": config.failure_point is not None,
        "pairwise compounds": "pairwise" in [word.strip() for word in words],
        "the backend imagecorruptions": config.backend != "builtin",
    }
    if conflict := next((name for name, present in conflicts.items() if present), ""):
        raise RobustEndoError(
            f"Expected a target distortion without {conflict}, got both: the target sets one severity for each "
            "corruption; leave one of them out."
        )
