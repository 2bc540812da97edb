"""Which layers of a network get an adapter, and the walk that puts them there."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from robustbench_endo.models.layers.adapters import AdaptedConv2d, AdaptedLinear
from robustbench_endo.models.layers.task_norm import TaskBatchNorm2d

Wrap = Callable[[str, nn.Module, int, int, float], nn.Module | None]
"""(qualified name, layer, tasks, rank, alpha) -> the layer with its adapter, or None to leave the layer alone."""


def query_value(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """The q and the v third of every fused qkv projection."""
    if not (isinstance(layer, nn.Linear) and name.endswith("qkv")):
        return None
    third = layer.out_features // 3
    return AdaptedLinear(layer, ((0, third), (2 * third, 3 * third)), tasks, rank, alpha)


def every_linear(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """Every linear layer; of a fused qkv its q and v."""
    if not isinstance(layer, nn.Linear):
        return None
    fused = query_value(name, layer, tasks, rank, alpha)
    return fused or AdaptedLinear(layer, ((0, layer.out_features),), tasks, rank, alpha)


def every_convolution(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """Every convolution; batch norms get statistics per task, or they would tie the tasks together again."""
    if isinstance(layer, nn.BatchNorm2d):
        return TaskBatchNorm2d(layer, tasks)
    return AdaptedConv2d(layer, tasks, rank, alpha) if isinstance(layer, nn.Conv2d) else None


def adapt(module: nn.Module, wrap: Wrap, tasks: int, rank: int, alpha: float) -> None:
    """Replaces, in place, every layer below ``module`` that ``wrap`` gives an adapter."""
    chosen = {name: wrap(name, layer, tasks, rank, alpha) for name, layer in module.named_modules() if name}
    for name, adapted in chosen.items():
        if adapted is not None:
            parent, _, leaf = name.rpartition(".")
            setattr(module.get_submodule(parent), leaf, adapted)
