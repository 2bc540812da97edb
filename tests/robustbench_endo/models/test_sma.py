"""SMA against numbers from the paper's authors, and its own geometry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_endo.models.layers.sma import SMA, fold, unfold

PARITY = Path(__file__).parents[4] / "shared" / "parity" / "sma.npz"


@pytest.mark.skipif(not PARITY.is_file(), reason="the parity fixture sma.npz is not beside the checkout")
def test_equals_the_authors_module():
    stored = {name: torch.from_numpy(values) for name, values in np.load(PARITY).items()}
    sma = SMA(dim=32, patch=7)
    sma.load_state_dict({name.removeprefix("param."): v for name, v in stored.items() if name.startswith("param.")})
    with torch.inference_mode():
        output = sma(stored["input"])
    torch.testing.assert_close(output, stored["output"], atol=1e-5, rtol=0)


def test_fold_inverts_unfold_and_a_patch_is_a_column():
    x = torch.arange(2 * 3 * 8 * 12.0).reshape(2, 3, 8, 12)
    positions = unfold(x, 4)
    assert positions.shape == (2, 16, 6, 3)
    assert torch.equal(positions[0, :, 1, 0], x[0, 0, :4, 4:8].flatten())
    assert torch.equal(fold(positions, 4, (8, 12)), x)


@pytest.mark.parametrize("size", [(8, 8), (9, 13), (5, 30)])
def test_any_size_comes_back(size):
    sma = SMA(dim=4, patch=4)
    images = torch.rand(1, 3, *size)
    assert sma(images).shape == images.shape
    whole = torch.nn.functional.pad(images, (0, -size[1] % 4, 0, -size[0] % 4), mode="replicate")
    torch.testing.assert_close(sma(images), sma(whole)[..., : size[0], : size[1]])
