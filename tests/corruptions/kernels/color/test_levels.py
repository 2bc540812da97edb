"""8-bit images and values, against torch."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_endo.corruptions.kernels.color.levels import from_bytes, to_bytes, to_levels

IMAGES = np.arange(2 * 40 * 32 * 3, dtype=np.uint8).reshape(2, 40, 32, 3)


def test_from_bytes_divides_by_255() -> None:
    expected = torch.from_numpy(IMAGES).permute(0, 3, 1, 2).float() / 255
    assert torch.equal(torch.from_numpy(from_bytes(IMAGES)), expected)
    assert np.array_equal(to_bytes(from_bytes(IMAGES)), IMAGES)


def test_to_bytes_rounds_as_torch() -> None:
    values = torch.linspace(0, 1, 3 * 997 * 4).reshape(1, 3, 997, 4)
    values[0, 0, 0, 0] = 0.5
    expected = (values * 255).round().to(torch.uint8).permute(0, 2, 3, 1)
    assert torch.equal(torch.from_numpy(to_bytes(values.numpy())), expected)


def test_to_levels_rounds_as_torch_in_any_layout() -> None:
    values = torch.cat(
        (torch.rand(2, 3, 5, 301), (torch.arange(903) / 2 % 256 / 255).view(1, 3, 1, 301).expand(-1, -1, 5, -1))
    )
    for each in (values, values.permute(0, 2, 3, 1), values[:, :, 1:, 2:]):
        assert np.array_equal(to_levels(each.numpy()), (each * 255).round().byte().numpy())
