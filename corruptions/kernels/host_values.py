"""Numbers that the host computes for a device: constants that stay there, and parameters of each image.

A blocking copy waits until the device has done everything before it. Constants are therefore uploaded once, and the few
numbers of an image, such as the positions of its drops, are computed on the host and copied without waiting.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from robustbench_endo.corruptions.kernels.backend import Floats
from robustbench_endo.corruptions.kernels.device_tables import device_table

Nested = tuple["float | Nested", ...]


def constant(values: Nested, device: torch.device) -> Tensor:
    """Fixed numbers as a float32 tensor on ``device``, the same object in every call; never modify it.

    >>> constant((0.5, 2.0), torch.device("cpu"))
    tensor([0.5000, 2.0000])
    """
    return device_table(_array, device, values)


def _array(values: Nested) -> Floats:
    return np.array(values, np.float32)


def upload(tensors: tuple[Tensor, ...], device: torch.device) -> tuple[Tensor, ...]:
    """Small tensors of the host, all of one type, on ``device``: one copy, for which the host does not wait.

    >>> upload((torch.tensor([1.0, 2.0]), torch.tensor([[3.0]])), torch.device("cpu"))
    (tensor([1., 2.]), tensor([[3.]]))
    """
    if device.type == "cpu":
        return tensors
    flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
    if device.type == "cuda":
        flat = flat.pin_memory()
    moved = flat.to(device, non_blocking=device.type == "cuda")
    parts = moved.split_with_sizes([tensor.numel() for tensor in tensors])
    return tuple(part.reshape(tensor.shape) for part, tensor in zip(parts, tensors, strict=True))
