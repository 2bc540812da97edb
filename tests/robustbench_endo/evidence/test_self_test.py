"""Known answers of an installation: they hold, and a wrong corruption or metric is named."""

import torch

from robustbench_endo.evidence import self_test as module
from robustbench_endo.evidence.self_test import run_self_test


def test_self_test_passes_here():
    assert [check.name for check in run_self_test() if not check.passed] == []


def test_self_test_names_a_corruption_with_other_images(monkeypatch):
    changed = {**module.recorded_checksums(), "smoke": "0" * 16}
    monkeypatch.setattr(module, "checksums", lambda: changed)
    problems = [check.problem for check in run_self_test() if not check.passed]
    assert problems == ["smoke give other images than recorded: reinstall the package."]


def test_self_test_names_a_metric_with_another_value(monkeypatch):
    monkeypatch.setattr(module, "checksums", module.recorded_checksums)
    monkeypatch.setattr(module, "mask_ssim", lambda *maps: torch.tensor(0.5))
    (problem,) = (check.problem for check in run_self_test() if not check.passed)
    assert problem == "SSIM of equal masks is 0.5 instead of 1: reinstall the package."
