"""Salt and pepper: the compiled form against torch."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.salt_pepper import salt_and_pepper


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_compiled_is_torch(share: float) -> None:
    generator = torch.Generator().manual_seed(0)
    images, draw = (torch.rand(2, 3, 40, 33, generator=generator) for _ in range(2))
    expected = torch.where(draw < share / 2, 0.0, torch.where(draw > 1 - share / 2, 1.0, images))
    assert torch.equal(salt_and_pepper(images, draw, share), expected)
