"""Options about severities: their numbers, and checks of failure points and a target distortion."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.results.severity import as_severity

if TYPE_CHECKING:
    from robustbench_endo.evaluation.config import EvaluationConfig


def parse_severities(text: str) -> tuple[float, ...]:
    """``1-5``, ``3``, ``2.4`` or ``1,3,5`` as numbers.

    Raises:
        RobustEndoError: any other text.

    >>> parse_severities("1-3,4.5")
    (1, 2, 3, 4.5)
    """
    severities: list[float] = []
    for part in text.replace(" ", "").split(","):
        if re.fullmatch(r"[0-9]{1,9}\.[0-9]{1,9}", part):
            severities.append(float(part))
            continue
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
        if match is None:
            raise RobustEndoError(f"Expected severities such as 1-5, 1,3,5 or 2.4, got {text!r}.")
        first, last = int(match.group(1)), int(match.group(2) or match.group(1))
        check_severities((first, last))  # before a range of any length is listed
        severities += range(first, last + 1)
    return check_severities(severities)


def check_severities(severities: Sequence[float]) -> tuple[float, ...]:
    """Severities in ascending order, whole numbers as int, others with at most three decimals.

    Raises:
        RobustEndoError: no severity, or one outside 1 to 5.
    """
    invalid = [severity for severity in severities if not _is_severity(severity)]
    if invalid or not severities:
        raise RobustEndoError(
            f"Expected severities from 1 to 5, got {invalid[0] if invalid else 'none'}: severity 0 is the clean "
            "condition and always runs."
        )
    return tuple(sorted({as_severity(severity) for severity in severities}))


def _is_severity(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, Real) and bool(1 <= float(value) <= 5)


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
