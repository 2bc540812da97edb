"""A batch of 1 GB must not ask for more than 12 GB of a GPU, whatever is done to it."""

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
from robustbench_endo.corruptions.base import scaled

LIMIT = 12
SIDE = 256


class LiveBytes(TorchDispatchMode):
    """The largest sum of the bytes of all tensors alive at once, after any operation."""

    def __init__(self) -> None:
        super().__init__()
        self.peak = 0
        self._known: dict[int, tuple[StorageWeakRef, int]] = {}

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = func(*args, **(kwargs or {}))
        self._known = {key: item for key, item in self._known.items() if not item[0].expired()}
        for item in tree_iter((args, kwargs, result)):
            if isinstance(item, Tensor):
                storage = item.untyped_storage()
                self._known.setdefault(storage._cdata, (StorageWeakRef(storage), storage.nbytes()))
        self.peak = max(self.peak, sum(size for _, size in self._known.values()))
        return result


def test_the_meter_sees_what_lives_and_what_died() -> None:
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
@pytest.mark.usefixtures("plain_torch")
def test_plain_torch_keeps_to_twelve_times_the_batch(
    corruption: Corruption, reference_size: int, frames: Callable[..., Tensor]
) -> None:
    images = frames(8, SIDE, SIDE)
    params = scaled(corruption.severities[4], (SIDE, SIDE), reference_size)
    with LiveBytes() as live:
        corruption.apply(images, params, Noise(tuple(range(8)), images.device))
    assert live.peak <= LIMIT * images.nbytes


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_a_gpu_keeps_to_twelve_times_the_batch(corruption: Corruption, frames: Callable[..., Tensor]) -> None:
    images = frames(8, 512, 512).cuda()
    ids = [str(number) for number in range(8)]
    corruption(images, 5, ids)  # what is kept from call to call is not the batch's
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated() - images.nbytes
    corruption(images, 5, ids)
    assert torch.cuda.max_memory_allocated() - before <= LIMIT * images.nbytes
