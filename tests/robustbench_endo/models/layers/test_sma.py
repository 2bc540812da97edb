"""SMA against numbers of the paper's authors, and its geometry."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from robustbench_endo.models.layers.sma import SMA, fold, unfold

PARITY = Path(__file__).parents[5] / "shared" / "parity" / "sma.npz"


@pytest.mark.skipif(not PARITY.is_file(), reason="the parity fixture sma.npz is not beside the checkout")
@pytest.mark.parametrize("factorised", [True, False])
def test_sma_equals_the_module_of_the_authors(factorised):
    stored = {name: torch.from_numpy(values) for name, values in np.load(PARITY).items()}
    sma = SMA(dim=32, patch=7, factorised=factorised)
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
def test_sma_keeps_any_size(size):
    sma = SMA(dim=4, patch=4)
    images = torch.rand(1, 3, *size)
    assert sma(images).shape == images.shape
    padded = torch.nn.functional.pad(images, (0, -size[1] % 4, 0, -size[0] % 4), mode="replicate")
    torch.testing.assert_close(sma(images), sma(padded)[..., : size[0], : size[1]])


def scattered(dim: int, patch: int) -> tuple[SMA, SMA]:
    """The plain and the factorised form with the same weights, none of them special."""
    torch.manual_seed(dim)
    plain, factorised = SMA(dim, patch, factorised=False), SMA(dim, patch)
    for parameter in plain.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    factorised.load_state_dict(plain.state_dict())
    return plain, factorised


@pytest.mark.parametrize(
    ("dim", "patch", "size"), [(8, 2, (6, 10)), (33, 3, (13, 9)), (64, 7, (28, 42)), (1, 2, (2, 2))]
)
def test_sma_factorised_has_output_and_gradients_of_the_plain_form(dim, patch, size):
    outputs, gradients = [], []
    for sma in scattered(dim, patch):
        images = torch.rand(2, 3, *size, generator=torch.Generator().manual_seed(1)).requires_grad_()
        output = sma(images)
        output.square().mean().backward()
        outputs.append(output)
        gradients.append([images.grad, *(parameter.grad for parameter in sma.parameters())])
    torch.testing.assert_close(outputs[1], outputs[0], atol=1e-5, rtol=1e-5)
    for plain, factorised in zip(*gradients, strict=True):
        torch.testing.assert_close(factorised, plain, atol=1e-4, rtol=1e-3)


def peak_bytes(run) -> int:
    """The most bytes that were allocated at a time while ``run`` ran."""
    with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    changes = [e for e in profiler.profiler.kineto_results.events() if e.name() == "[memory]"]
    current = most = 0
    for change in sorted(changes, key=lambda event: event.start_ns()):
        current += change.nbytes()
        most = max(most, current)
    return most


@pytest.mark.filterwarnings("ignore")
def test_sma_factorised_takes_under_half_the_memory_at_full_width():
    plain, factorised = scattered(512, 7)
    images = torch.rand(1, 3, 56, 56)
    with torch.inference_mode():
        torch.testing.assert_close(factorised(images), plain(images), atol=1e-4, rtol=1e-4)
        assert peak_bytes(lambda: factorised(images)) < 0.5 * peak_bytes(lambda: plain(images))
