"""Means that do not depend on the order of the sum, and the contrast about them."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.color import mean
from robustbench_endo.corruptions.kernels.color.mean import (
    channel_mean,
    channel_sums_torch,
    deterministic_mean,
    scale_contrast,
)


def test_channel_mean_does_not_depend_on_the_order() -> None:
    images = torch.rand(2, 3, 45, 52, generator=torch.Generator().manual_seed(0))
    means = channel_mean(images)
    shuffled = images.flatten(2)[..., torch.randperm(45 * 52)].reshape(images.shape)
    assert torch.equal(means, channel_mean(shuffled))
    assert torch.allclose(means, images.double().mean((2, 3), keepdim=True).float(), atol=1e-7)
    assert torch.equal((channel_sums_torch(images).double() / (45 * 52 * 2**24)).float(), means[..., 0, 0])


def test_scale_contrast_compiled_agrees_with_torch(request: pytest.FixtureRequest) -> None:
    images = torch.rand(2, 3, 45, 52, generator=torch.Generator().manual_seed(0))
    compiled = scale_contrast(images, 0.3)
    assert torch.allclose(compiled, channel_mean(images) + 0.3 * (images - channel_mean(images)), atol=1e-6)
    request.getfixturevalue("plain_torch")
    assert torch.allclose(scale_contrast(images, 0.3), compiled, atol=1e-6)


def test_deterministic_mean_does_not_depend_on_the_order() -> None:
    fields = torch.rand(2, 3, 100, 130, generator=torch.Generator().manual_seed(0)) * 10 - 4
    expected = fields.double().mean((-2, -1)).float()
    assert torch.allclose(deterministic_mean(fields).flatten(1), expected, atol=1e-6)
    assert torch.equal(deterministic_mean(fields), deterministic_mean(fields.flip(-1)))


def test_deterministic_mean_compiled_equals_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    fields = torch.randn(2, 3, 40, 57, generator=torch.Generator().manual_seed(0)) * 3
    compiled = deterministic_mean(fields)
    monkeypatch.setattr(mean, "use_numba", lambda device: False)
    assert torch.equal(deterministic_mean(fields), compiled)
