"""A batch of 1 GB must not need more than 12 GB of a GPU, whatever the corruption."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter

from robustbench_endo.corruptions import CORRUPTIONS, Corruption, Noise
from robustbench_endo.corruptions.base import scale_lengths

LIMIT = 12
SIDE = 256


class LiveBytes(TorchDispatchMode):
    """The largest sum of the bytes of all tensors alive at once, after any operation."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._storages: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self._storages = {key: item for key, item in self._storages.items() if not item[0].expired()}
        for item in tree_iter((args, kwargs, result)):
            if isinstance(item, Tensor):
                storage = item.untyped_storage()
                self._storages.setdefault(storage._cdata, (StorageWeakRef(storage), storage.nbytes()))
        self.peak = max(self.peak, sum(size for _, size in self._storages.values()))
        return result


@pytest.mark.slow
def test_live_bytes_counts_live_tensors_only() -> None:
    with LiveBytes() as live:
        a = torch.zeros(100)
        b = a + 1
        del a
        c = b * 2
        d = c[:50]
    assert d.numel() == 50
    assert live.peak == 2 * 400


@pytest.mark.parametrize("reference_size", [SIDE, SIDE // 2], ids=["cells of a pixel", "cells of two pixels"])
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
@pytest.mark.slow
@pytest.mark.usefixtures("plain_torch")
def test_corruption_in_plain_torch_needs_at_most_twelve_times_the_batch(
    corruption: Corruption, reference_size: int, frames: Callable[..., Tensor]
) -> None:
    images = frames(8, SIDE, SIDE)
    params = scale_lengths(corruption.severities[4], (SIDE, SIDE), reference_size)
    with LiveBytes() as live:
        corruption.apply(images, params, Noise(tuple(range(8)), images.device))
    assert live.peak <= LIMIT * images.nbytes


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_corruption_on_a_gpu_needs_at_most_twelve_times_the_batch(
    corruption: Corruption, frames: Callable[..., Tensor]
) -> None:
    images = frames(8, 512, 512).cuda()
    ids = [str(number) for number in range(8)]
    corruption(images, 5, ids)  # memory that is cached between calls does not count
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated() - images.nbytes
    corruption(images, 5, ids)
    assert torch.cuda.max_memory_allocated() - before <= LIMIT * images.nbytes
