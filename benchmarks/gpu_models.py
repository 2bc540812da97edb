"""The estimate of the models: a forward pass, its memory, and that of a training step, from shapes alone."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from unittest import mock

import torch
from emulated_gpu import META, Emulated, Recorder, emulated_gpu
from gpu_machine import Run
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from robustbench_endo.models import build

CLASSES, ACTIVITIES, SIDE = 7, 3, 224


class FlashAttention(TorchFunctionMode):
    """Attention as on an H100 in bf16, where torch takes its fused kernel."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """A function of torch."""
        if func is not torch.nn.functional.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        query, key, value = (item.to(torch.bfloat16) for item in args[:3])
        return torch.ops.aten._scaled_dot_product_flash_attention(query, key, value)[0]


class Memory:
    """Bytes of the emulated GPU that are in use."""

    def __init__(self) -> None:
        self.used = self.peak = 0
        self._owners: dict[int, int] = {}

    def add(self, tensor: Tensor) -> None:
        """A new tensor, or a view of one."""
        storage = tensor.inner.untyped_storage()  # type: ignore[attr-defined]
        key, size = storage._cdata, storage.nbytes()
        self._owners[key] = self._owners.get(key, 0) + 1
        if self._owners[key] == 1:
            self.used += size
            self.peak = max(self.peak, self.used)
        weakref.finalize(tensor, self._release, storage, key, size)

    def _release(self, storage: Any, key: int, size: int) -> None:
        self._owners[key] -= 1
        if not self._owners[key]:
            del self._owners[key]
            self.used -= size

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count the tensors that are made from now on."""
        with mock.patch.object(Emulated, "created", self.add):
            yield


@contextmanager
def autocast() -> Iterator[None]:
    """The precision of an evaluation on a GPU."""
    with FlashAttention(), torch.autocast("cuda", torch.bfloat16):
        yield


def network(spec: str) -> nn.Module:
    """A network of the zoo on the emulated GPU, without values."""
    with META:
        model = build(spec, CLASSES, ACTIVITIES)
    for module in model.modules():
        for name, parameter in module._parameters.items():
            if parameter is not None:
                weight = Emulated(parameter.detach().to(META))
                module._parameters[name] = nn.Parameter(weight, requires_grad=parameter.requires_grad)
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = Emulated(buffer.to(META))
    return model


def megabytes(model: nn.Module, trained: bool = False) -> float:
    """Of the weights, or of those that are trained, in MiB."""
    return sum(p.numel() * p.element_size() for p in model.parameters() if p.requires_grad or not trained) / 2**20


@lru_cache(maxsize=16)
def forward(spec: str, batch: int, size: tuple[int, int]) -> tuple[Run, dict[str, Any]]:
    """A forward pass in bf16: its operations, ``shapes`` and ``types`` of the outputs, ``peak_mib`` with weights."""
    memory = Memory()
    with emulated_gpu(), memory.watching():
        model = network(spec).eval()
        images = Emulated(torch.empty(batch, 3, *size, device=META))
        with torch.no_grad(), Recorder(META) as recorder, autocast():
            outputs = model(images)
        about = {
            "shapes": {name: tuple(value.shape) for name, value in outputs.items()},
            "types": {name: value.dtype for name, value in outputs.items()},
            "peak_mib": memory.peak / 2**20,
            "weights_mib": megabytes(model),
        }
    return recorder.run, about


def training_memory(spec: str, batch: int) -> dict[str, float]:
    """MiB of a training step in bf16: weights, gradients and Adam's two moments of the trained ones, saved tensors.

    The backward pass adds a few of its largest tensors for a moment; 1.5 times the largest five are counted.
    """
    storages: dict[int, tuple[Any, int]] = {}

    def pack(tensor: Tensor) -> Tensor:
        if isinstance(tensor, Emulated):
            storage = tensor.inner.untyped_storage()
            storages[storage._cdata] = (storage, storage.nbytes())
        return tensor

    with emulated_gpu():
        model = network(spec).train()
        weights = {p.inner.untyped_storage()._cdata for p in model.parameters() if isinstance(p, Emulated)}
        images = Emulated(torch.empty(batch, 3, SIDE, SIDE, device=META))
        hooks = torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor)
        with torch.enable_grad(), Recorder(META), hooks, autocast():
            outputs = model(images)
    saved = [size for key, (_, size) in storages.items() if key not in weights]
    del outputs
    parts = {
        "weights": megabytes(model),
        "gradients_and_adam": 3 * megabytes(model, trained=True),
        "saved": sum(saved) / 2**20,
        "backward": 1.5 * sum(sorted(saved)[-5:]) / 2**20,
    }
    return {**{name: round(value) for name, value in parts.items()}, "peak": round(sum(parts.values()))}
