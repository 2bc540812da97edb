"""What a forward pass costs: multiplications counted, memory followed allocation by allocation."""

from __future__ import annotations

import weakref
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry


@dataclass(frozen=True)
class Cost:
    """Of one frame.

    Attributes:
        gmacs: 10^9 multiply-adds in convolutions, matrix products and attention; None where the network hides them.
        peak_mib: parameters, buffers and the activations that are alive at once, in MiB; an estimate: no workspace of
            the device's libraries, no fragmentation.
        outputs: task -> number of logits.
    """

    gmacs: float | None
    peak_mib: float
    outputs: Mapping[str, int]


def cost_of(model: nn.Module, size: tuple[int, int], device: torch.device | str = "cpu") -> Cost:
    """Cost of one frame of ``size`` (height, width); on the device ``meta`` nothing is computed or allocated."""
    images = torch.rand(1, 3, *size, device=device)
    meter = Meter()
    with torch.no_grad(), meter:
        logits = model(images)
    outputs = {task: tensor.shape[1] for task, tensor in logits.items()}
    return Cost(meter.macs / 1e9 or None, (_bytes(model) + meter.peak) / 2**20, outputs)


class Meter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch's base class
    """Counts with torch's own table of operators, and follows storages until the last tensor on them is gone.

    Attributes:
        macs: multiply-adds so far.
        peak: bytes alive at once, at most.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.macs = 0.0
        self.peak = 0
        self._alive = 0
        self._users: Counter[int] = Counter()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Run the operator and note what it does; views share the storage of what they look at."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        count = flop_registry.get(func._overloadpacket)
        if count is not None:
            self.macs += count(*args, **kwargs, out_val=result) / 2
        for tensor in _tensors(result):
            self._follow(tensor, (args, kwargs))
        self.peak = max(self.peak, self._alive)
        return result

    def _follow(self, tensor: Tensor, given: Any) -> None:
        key, size = _storage(tensor), tensor.untyped_storage().nbytes()
        if key not in self._users:
            if any(_storage(other) == key for other in _tensors(given)):
                return  # a view of a parameter or of the input
            self._alive += size
        self._users[key] += 1
        weakref.finalize(tensor, self._freed, key, size)

    def _freed(self, key: int, size: int) -> None:
        self._users[key] -= 1
        if not self._users[key]:
            del self._users[key]
            self._alive -= size


def _storage(tensor: Tensor) -> int:
    return int(tensor.untyped_storage()._cdata)


def _tensors(values: Any) -> Iterator[Tensor]:
    if isinstance(values, Tensor):
        yield values
    elif isinstance(values, Mapping):
        for value in values.values():
            yield from _tensors(value)
    elif isinstance(values, (tuple, list)):
        for value in values:
            yield from _tensors(value)


def _bytes(model: nn.Module) -> int:
    return sum(tensor.nbytes for tensor in [*model.parameters(), *model.buffers()])
