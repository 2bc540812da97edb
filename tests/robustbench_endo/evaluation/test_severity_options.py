"""Tests of the checks of options that search severities."""

from typing import Any

import pytest

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.config import EvaluationConfig


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"target_distortion": 1.0}, "between 0 and 1, got 1"),
        ({"target_distortion": float("nan")}, "between 0 and 1, got nan"),
        ({"severities": (3,)}, "without other severities"),
        ({"failure_point": "miou=0.5"}, "without a failure point"),
        ({"corruptions": "all, pairwise"}, "without pairwise compounds"),
        ({"backend": "imagecorruptions"}, "without the backend imagecorruptions"),
    ],
)
def test_target_distortion_refuses_what_it_cannot_be_combined_with(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RobustEndoError, match=message):
        EvaluationConfig(**{"target_distortion": 0.2, **options})


def test_target_distortion_has_one_severity_per_run() -> None:
    assert EvaluationConfig(target_distortion=0.2).run_severities == (1,)
    assert EvaluationConfig().run_severities == (1, 2, 3, 4, 5)
