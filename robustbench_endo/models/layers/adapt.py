"""Which layers of a network get an adapter, and the walk that puts them there and takes them out again."""

from __future__ import annotations

from collections.abc import Callable

from torch import nn

from robustbench_endo.models.layers.adapters import AdaptedConv2d, AdaptedLinear
from robustbench_endo.models.layers.low_rank import LowRank, VectorLowRank
from robustbench_endo.models.layers.task_norm import TaskBatchNorm2d

Wrap = Callable[[str, nn.Module, int, int, float], nn.Module | None]
"""(qualified name, layer, tasks, rank, alpha) -> the layer with its adapter, or None to leave the layer alone."""

WHOLE = ("q", "v", "q_proj", "v_proj")
"""Names of separate query and value projections."""


def query_value(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """The q and the v of every attention: two thirds of a fused qkv, half of a fused kv, or layers of their own."""
    if not isinstance(layer, nn.Linear):
        return None
    leaf, outputs = name.rpartition(".")[2], layer.out_features
    if leaf == "qkv":
        return AdaptedLinear(layer, ((0, outputs // 3), (2 * (outputs // 3), outputs)), tasks, rank, alpha)
    if leaf == "kv":
        return AdaptedLinear(layer, ((outputs // 2, outputs),), tasks, rank, alpha)
    return AdaptedLinear(layer, ((0, outputs),), tasks, rank, alpha) if leaf in WHOLE else None


def perceptron(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """Every linear layer of the blocks' two-layer perceptrons."""
    return _perceptron(name, layer, tasks, rank, alpha, LowRank)


def perceptron_with_vectors(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """The same layers with DV-LoRA, as in the EndoARSS authors' code."""
    return _perceptron(name, layer, tasks, rank, alpha, VectorLowRank)


def every_linear(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """Every linear layer; of a fused qkv its q and v."""
    if not isinstance(layer, nn.Linear):
        return None
    fused = query_value(name, layer, tasks, rank, alpha)
    return fused or AdaptedLinear(layer, ((0, layer.out_features),), tasks, rank, alpha)


def every_linear_with_norms(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """Every linear layer, and batch norms as in :func:`every_convolution`: for transformers with convolutions."""
    if isinstance(layer, nn.BatchNorm2d):
        return TaskBatchNorm2d(layer, tasks)
    return every_linear(name, layer, tasks, rank, alpha)


def every_convolution(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """Every convolution; batch norms get statistics per task, or they would tie the tasks together again."""
    if isinstance(layer, nn.BatchNorm2d):
        return TaskBatchNorm2d(layer, tasks)
    return AdaptedConv2d(layer, tasks, rank, alpha) if isinstance(layer, nn.Conv2d) else None


def every_layer(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """Every convolution and every linear layer."""
    return every_linear(name, layer, tasks, rank, alpha) or every_convolution(name, layer, tasks, rank, alpha)


def adapt(module: nn.Module, wrap: Wrap, tasks: int, rank: int, alpha: float) -> None:
    """Replaces, in place, every layer below ``module`` that ``wrap`` gives an adapter.

    Raises:
        ValueError: there is no such layer.
    """
    chosen = {name: wrap(name, layer, tasks, rank, alpha) for name, layer in module.named_modules() if name}
    adapted = {name: layer for name, layer in chosen.items() if layer is not None}
    if not adapted:
        raise ValueError("no layer for these adapters in this backbone (try adapter=all)")
    _put(module, adapted)


def merge(module: nn.Module) -> None:
    """Adds, in place, every adapter below ``module`` into its layer's weights."""
    layers = {n: layer for n, layer in module.named_modules() if isinstance(layer, AdaptedLinear | AdaptedConv2d)}
    _put(module, {name: layer.merged() for name, layer in layers.items()})


def keep_task(module: nn.Module, index: int) -> None:
    """Drops, in place, what every layer below ``module`` holds for the other tasks."""
    for layer in module.modules():
        keep = getattr(layer, "keep_task", None)
        if keep is not None:
            keep(index)


def _put(module: nn.Module, layers: dict[str, nn.Module]) -> None:
    for name, layer in layers.items():
        parent, _, leaf = name.rpartition(".")
        setattr(module.get_submodule(parent), leaf, layer)


def _perceptron(
    name: str, layer: nn.Module, tasks: int, rank: int, alpha: float, kind: type[LowRank]
) -> nn.Module | None:
    if not (isinstance(layer, nn.Linear) and "mlp." in name):
        return None
    return AdaptedLinear(layer, ((0, layer.out_features),), tasks, rank, alpha, kind)
