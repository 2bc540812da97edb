"""Triton compiles for the GPU of this machine, and what it computes is that of plain torch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import ExitStack
from unittest import mock

import pytest
import torch
from torch import Tensor

from robustbench_endo.corruptions import CORRUPTIONS, Corruption
from robustbench_endo.corruptions.kernels.rng.philox import random_field
from robustbench_endo.corruptions.kernels.triton_support import triton_failure, use_triton

pytestmark = pytest.mark.gpu

IDS = ("a", "b")


def test_use_triton_is_true_on_a_gpu(gpu: torch.device) -> None:
    if gpu.type == "cpu":
        pytest.skip("no CUDA device: the CPU takes its place")
    assert triton_failure(gpu) is None
    assert use_triton(gpu)


def test_random_numbers_on_a_gpu_have_the_bits_of_the_cpu(gpu: torch.device) -> None:
    for distribution in ("words", "uniform", "normal"):
        fields = [
            random_field(distribution, (3, 1 << 40), (3, 97, 31), 2, device) for device in (gpu, torch.device("cpu"))
        ]
        assert torch.equal(fields[0].cpu(), fields[1]), distribution


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_triton_and_plain_torch_on_a_gpu_agree(
    corruption: Corruption, gpu: torch.device, frames: Callable[..., Tensor]
) -> None:
    images = frames(2, 272, 352)[..., :351].to(gpu)
    by_triton = corruption(images, 5, IDS).images
    with ExitStack() as stack:
        for name, module in list(sys.modules.items()):
            if name.startswith("robustbench_endo.") and callable(getattr(module, "use_triton", None)):
                stack.enter_context(mock.patch.object(module, "use_triton", return_value=False))
        plain = corruption(images, 5, IDS).images
    assert ((by_triton - plain).abs() * 255 <= 1.001).double().mean() >= 0.9999
