"""What is evaluated to get the predictions for one frame again."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.reevaluate import batches_for
from robustbench_endo.evaluation.workers import AdaptiveBatchSize


def test_batches_for_a_frame_are_the_frame_without_adaptation(make_plan):
    plan = make_plan()
    (batch,) = batches_for(plan, 2)
    assert batch.ids == (plan.dataset.ids[2],)


def test_batches_for_a_frame_of_an_adapted_run_are_those_of_its_episode(make_plan):
    models = {"net": torch.nn.Sequential(torch.nn.BatchNorm2d(3))}
    plan = make_plan(models=models, adapt="tent", batch_size=2)
    names = tuple(plan.dataset.ids)
    assert [batch.ids for batch in batches_for(plan, 3)] == [names[:2], names[2:4]]
    assert [batch.ids for batch in batches_for(plan, 0)] == [names[:2]]


def test_batch_size_of_adapted_models_is_not_reduced():
    with pytest.raises(RunError, match="out of memory, and predictions depend on the size. Use --batch-size 2,"):
        AdaptiveBatchSize(4, fixed=True).reduce(2)
