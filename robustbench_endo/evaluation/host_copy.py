"""Copies of tensors to the host for which the host does not wait, so that it can launch more work meanwhile."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.tasks.base import Columns, Scores


class HostCopy:
    """A tensor on its way to the host, through page-locked memory on CUDA.

    Args:
        tensor: computed on the current stream of its device.
    """

    def __init__(self, tensor: Tensor) -> None:
        on_cuda = tensor.device.type == "cuda"
        self._values = tensor.to("cpu", non_blocking=on_cuda)
        self._copied = torch.cuda.current_stream(tensor.device).record_event() if on_cuda else None

    def wait(self) -> Tensor:
        """The tensor on the host."""
        if self._copied is not None:
            self._copied.synchronize()
        return self._values


class HostColumns:
    """Record columns on their way to the host, those of a device in one copy.

    They are packed as float64, which holds the values of all types of columns: integers up to 2^53.

    Args:
        tables: columns (B,) of one batch, on any device. Several tables may share tensors.

    >>> columns, = HostColumns([{"pixels": torch.tensor([3, 5]), "diagonal": np.ones(2)}]).wait()
    >>> columns["pixels"].tolist(), columns["diagonal"].tolist()
    ([3, 5], [1.0, 1.0])
    """

    def __init__(self, tables: Sequence[Scores]) -> None:
        self._tables = tables
        on_device: dict[torch.dtype, dict[int, Tensor]] = {}
        for value in (value for table in tables for value in table.values()):
            if isinstance(value, Tensor) and value.device.type != "cpu":
                on_device.setdefault(value.dtype, {})[id(value)] = value
        self._rows = [key for columns in on_device.values() for key in columns]
        # One launch stacks all columns of one type; with another type each would be converted alone.
        packed = [torch.stack(list(columns.values())).double() for columns in on_device.values()]
        self._copy = HostCopy(torch.cat(packed)) if packed else None

    def wait(self) -> list[Columns]:
        """The tables as arrays on the host, of the columns' own types."""
        packed = dict(zip(self._rows, self._copy.wait().numpy(), strict=True)) if self._copy else {}
        return [{name: _array(value, packed) for name, value in table.items()} for table in self._tables]


def _array(value: Tensor | NDArray[Any], packed: dict[int, NDArray[np.float64]]) -> NDArray[Any]:
    if not isinstance(value, Tensor):
        return value
    if id(value) not in packed:
        return value.numpy()
    return packed[id(value)].astype(torch.empty(0, dtype=value.dtype).numpy().dtype)
