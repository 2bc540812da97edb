"""The paths of other devices, forced on the CPU: plain torch against compiled items, and launches of Triton."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption
from robustbench_endo.corruptions.base import CorruptedBatch, scale_lengths
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.rng import Noise, image_key

IDS = ("a", "b", "c")


def assert_agreement(batch: CorruptedBatch, expected: CorruptedBatch) -> None:
    """Assert at most one level of 255 of difference for 99.99 % of the values, and the same grid and opacity."""
    apart = (batch.images.cpu().clamp(0, 1) - expected.images).abs() * 255
    assert (apart <= 1).float().mean() >= 0.9999
    for field in ("grid", "opacity"):
        actual, reference = getattr(batch, field), getattr(expected, field)
        assert (actual is None) == (reference is None)
        if reference is not None:
            assert ((actual.cpu() - reference).abs() < 1e-3).float().mean() >= 0.9999


@pytest.mark.parametrize("severity", [1, 5])
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_corruption_of_a_batch_in_plain_torch_agrees_with_compiled_items(
    corruption: Corruption, severity: int, frames: Callable[..., Tensor], request: pytest.FixtureRequest
) -> None:
    images = frames(3, 96, 112)[..., :111]
    expected = corruption(images, severity, IDS, reference_size=48)
    request.getfixturevalue("plain_torch")
    # The base class takes CPU images one by one; a device gets the batch at once.
    noise = Noise(tuple(image_key(0, i, corruption.name) for i in IDS), images.device)
    result = corruption.apply(images, scale_lengths(corruption.severities[severity - 1], (96, 111), 48), noise)
    assert_agreement(result if isinstance(result, CorruptedBatch) else CorruptedBatch(result), expected)


@pytest.fixture
def triton_variants(plain_torch: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, dict[str, set[str]]]:
    """Makes CPU tensors take the path of Triton, with launches that write random numbers.

    Returns the variants that Triton would compile for an H100, by kernel and by its constants and types.
    """
    pytest.importorskip("triton", reason="Triton is not installed: plain torch takes its place")
    from triton.backends.compiler import GPUTarget
    from triton.compiler.compiler import make_backend
    from triton.runtime.jit import JITFunction, create_function_from_signature

    backend = make_backend(GPUTarget("cuda", 90, 32))
    variants: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))

    def run(kernel: Any, *arguments: Any, grid: tuple[int, ...], warmup: bool, **options: Any) -> None:
        bind = create_function_from_signature(kernel.signature, kernel.params, backend)
        bound, key, _ = bind(*arguments, **options)
        constants = [value for value, item in zip(bound.values(), kernel.params, strict=True) if item.is_constexpr]
        types = [item[0] for item in key]
        variants[kernel.fn.__name__][str((constants, types))].add(str((constants, key)))
        out = bound["out"]
        out.uniform_(0.01, 0.99) if out.is_floating_point() else out.zero_()

    monkeypatch.setattr(JITFunction, "run", run)
    for name, module in list(sys.modules.items()):
        if name.startswith("robustbench_endo.corruptions.") and hasattr(module, "use_triton"):
            monkeypatch.setattr(module, "use_triton", lambda device: True)
    return variants


def apply_all(size: tuple[int, int], keys: tuple[int, ...]) -> None:
    """Apply every corruption to random images without a batch class around it."""
    for corruption in CORRUPTIONS:
        params = scale_lengths(corruption.severities[2], size, 256)
        corruption.apply(torch.rand(len(keys), 3, *size), params, Noise(keys, torch.device("cpu")))


def test_corruptions_compile_each_kernel_and_upload_each_table_once(
    triton_variants: dict[str, dict[str, set[str]]],
) -> None:
    for size in ((64, 64), (49, 83)):
        apply_all(size, (1, 2))
    assert len(triton_variants) >= 6
    for kernel, by_constants in triton_variants.items():
        assert [len(keys) for keys in by_constants.values()] == [1] * len(by_constants), kernel
    assert sum(len(by_constants) for by_constants in triton_variants.values()) <= 20
    uploads = device_table.cache_info().misses
    apply_all((64, 64), (3, 4))
    assert device_table.cache_info().misses == uploads


@pytest.mark.parametrize("compiled", [True, False])
def test_corruptions_within_autocast_of_the_caller_give_the_same_bits(
    compiled: bool, frames: Callable[..., Tensor], request: pytest.FixtureRequest
) -> None:
    images = frames(2, 48, 64)
    if not compiled:
        request.getfixturevalue("plain_torch")
    for corruption in CORRUPTIONS:
        expected = corruption(images, 5, IDS[:2]).images
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.equal(corruption(images, 5, IDS[:2]).images, expected), corruption.name


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_corruption_on_a_gpu_agrees_with_the_cpu_at_three_severities(
    corruption: Corruption, severity: int, frames: Callable[..., Tensor]
) -> None:
    images = frames(3, 256, 320)
    assert_agreement(corruption(images.cuda(), severity, IDS), corruption(images, severity, IDS))
