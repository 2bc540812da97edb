"""Convolutions that crash in channels-last memory layout on a CPU, and how any model is made to run them safely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

REASON = (
    "its strided 1 x 1 convolutions from 8 channels run in contiguous memory layout, because PyTorch 2.15 crashes in "
    "another on CPUs with AVX-512"
)


def crashes_in_channels_last(network: nn.Module) -> bool:
    """Whether a backward pass of this network in channels-last layout can crash on a CPU with AVX-512.

    In torch 2.15 (oneDNN 3.13.3) the backward pass of a strided 1 x 1 convolution from exactly 8 channels writes
    beyond its buffers. Other numbers of channels and the contiguous layout are not affected.
    """
    return any(map(_can_crash, network.modules()))


def use_contiguous_convolutions(models: Mapping[str, object], device: torch.device) -> tuple[str, ...]:
    """Let the convolutions that can crash run in contiguous layout, which does not change what they compute.

    Args:
        models: name -> network; objects that are no modules, and layers of a TorchScript file, stay as they are.
        device: nothing is done for another than the CPU.

    Returns:
        A sentence for each model with such a layer, for ``run.json`` and the card of a training.

    >>> network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1, stride=2))
    >>> use_contiguous_convolutions({"mine": network}, torch.device("cpu"))[0][:40]
    'Model mine: its strided 1 x 1 convolutio'
    """
    if device.type != "cpu":
        return ()
    notes = []
    for name, model in models.items():
        layers = [layer for layer in model.modules() if _can_crash(layer)] if isinstance(model, nn.Module) else []
        for layer in layers:
            if _make_contiguous not in layer._forward_pre_hooks.values():
                layer.register_forward_pre_hook(_make_contiguous)
        if layers:
            notes.append(f"Model {name}: {REASON}.")
    return tuple(notes)


def _can_crash(layer: nn.Module) -> bool:
    return (
        isinstance(layer, nn.Conv2d)
        and layer.kernel_size == (1, 1)
        and max(layer.stride) > 1
        and 8 in (layer.in_channels, layer.in_channels // layer.groups)
    )


def _make_contiguous(layer: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
    """A hook before the layer; its gradients then are contiguous, too, because input and weights decide."""
    weight = layer.weight
    if isinstance(weight, Tensor) and not _is_plain(weight):
        weight.data = weight.data.clone(memory_format=torch.contiguous_format)
    return tuple(
        each.clone(memory_format=torch.contiguous_format) if isinstance(each, Tensor) and not _is_plain(each) else each
        for each in inputs
    )


def _is_plain(tensor: Tensor) -> bool:
    """Whether the strides are those of the contiguous layout; a tensor of 1 x 1 pixels is contiguous in any."""
    stride, expected = 1, []
    for size in reversed(tensor.shape):
        expected.append(stride)
        stride *= size
    return tensor.stride() == tuple(reversed(expected))
