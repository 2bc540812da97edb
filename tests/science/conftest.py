"""Evaluation of models that see the truth."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from science_models import Respondent, Rule, Truth

import robustbench_endo as rb
from robustbench_endo.evaluation import loop
from robustbench_endo.evaluation.corrupt_batch import CorruptedFrames
from robustbench_endo.results import Results


@pytest.fixture
def truth(monkeypatch: pytest.MonkeyPatch) -> Truth:
    """The truth of each batch, recorded where it is corrupted: masks as the corruption moved them."""
    record, corrupt = Truth(), loop.corrupt_batch

    def corrupt_and_record(plan: Any, batch: Any, condition: Any) -> CorruptedFrames:
        frames = corrupt(plan, batch, condition)
        record.masks, record.activities = frames.targets["segmentation"], frames.targets["activity"]
        record.opacity = None
        if condition.severity and condition.corruption in plan.suite.names:
            key = batch.ids, plan.config.seed, condition.replicate
            record.opacity = plan.suite.corrupt(batch.images, condition.corruption, condition.severity, *key).opacity
        return frames

    monkeypatch.setattr(loop, "corrupt_batch", corrupt_and_record)
    return record


@pytest.fixture
def evaluate(truth: Truth) -> Callable[..., Results]:
    """Evaluate rules on synthetic frames: ``evaluate({"name": rule}, corruptions, severities)``."""

    def run(rules: dict[str, Rule], corruptions: str = "all", severities: Any = (1, 5), frames: int = 2) -> Results:
        data = rb.load_dataset("synthetic", frames=frames, size=(96, 120))
        models = {name: Respondent(truth, rule) for name, rule in rules.items()}
        return rb.evaluate(models, data, corruptions, severities, device="cpu", precision="fp32")

    return run
