"""Predictions of a batch."""

import torch

from robustbench_endo.tasks.prediction import finite_frames


def test_finite_frames_finds_nan_and_infinity():
    logits = torch.zeros(3, 2, 4)
    logits[1, 0, 0], logits[2, 1, 3] = torch.nan, -torch.inf
    assert finite_frames(logits).tolist() == [True, False, False]
