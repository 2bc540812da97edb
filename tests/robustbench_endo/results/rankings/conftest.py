"""The rankings that challengeR computed for its own example; see the description in the file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

RECORDED = Path(__file__).parents[3] / "fixtures" / "challenger_rankings.json"
TASKS = ("c_ideal", "c_random", "c_worstcase")


@pytest.fixture(scope="session")
def recorded() -> dict[str, Any]:
    return json.loads(RECORDED.read_text("utf-8"))["expected"]


@pytest.fixture(scope="session")
def cases() -> dict[str, np.ndarray]:
    """Task -> scores (cases, algorithms)."""
    values = json.loads(RECORDED.read_text("utf-8"))["values"]
    return {task: np.array(values[task], float).T for task in TASKS}


@pytest.fixture(params=["larger_is_better", "smaller_is_better"])
def direction(request: pytest.FixtureRequest, recorded: dict[str, Any]) -> tuple[bool, dict[str, Any]]:
    """Whether higher is better, and the recorded numbers."""
    return request.param == "larger_is_better", recorded[request.param]
