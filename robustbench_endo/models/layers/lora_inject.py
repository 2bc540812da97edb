"""Replace layers of a network by their form with low-rank adapters, and merge the adapters into the weights.

Batch norms get statistics per task, because common ones would carry one task's loss to the other task's adapters.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.layers.lora import AdaptedConv2d, AdaptedLinear, LowRank, VectorLowRank, by_task


class TaskBatchNorm2d(nn.Module):
    """The scale, shift and activation of ``shared``, with running statistics per task (T, C)."""

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, shared: nn.BatchNorm2d, tasks: int) -> None:
        super().__init__()
        self.tasks = tasks
        self.momentum, self.eps = shared.momentum or 0.1, shared.eps
        self.weight, self.bias = shared.weight, shared.bias
        assert shared.running_mean is not None
        assert shared.running_var is not None
        self.register_buffer("running_mean", shared.running_mean.repeat(tasks, 1))
        self.register_buffer("running_var", shared.running_var.repeat(tasks, 1))
        self.act = getattr(shared, "act", nn.Identity())  # timm fuses some norms with their activation

    def forward(self, x: Tensor) -> Tensor:
        """(T * B, C, H, W) -> the same shape."""
        statistics = zip(by_task(x, self.tasks), self.running_mean, self.running_var, strict=True)
        normalised = [
            F.batch_norm(chunk, mean, var, self.weight, self.bias, self.training, self.momentum, self.eps)
            for chunk, mean, var in statistics
        ]
        activated: Tensor = self.act(torch.cat(normalised))
        return activated

    def keep_task(self, index: int) -> None:
        """Delete, in place, the statistics of the other tasks."""
        self.tasks = 1
        self.running_mean = self.running_mean[index : index + 1].clone()
        self.running_var = self.running_var[index : index + 1].clone()


Wrap = Callable[[str, nn.Module, int, int, float], nn.Module | None]
"""(qualified name, layer, tasks, rank, alpha) -> the layer with its adapter, or None to leave the layer unchanged."""

SEPARATE_PROJECTIONS = ("q", "v", "q_proj", "v_proj")
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
    return AdaptedLinear(layer, ((0, outputs),), tasks, rank, alpha) if leaf in SEPARATE_PROJECTIONS else None


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
    """Every convolution; batch norms get statistics per task."""
    if isinstance(layer, nn.BatchNorm2d):
        return TaskBatchNorm2d(layer, tasks)
    return AdaptedConv2d(layer, tasks, rank, alpha) if isinstance(layer, nn.Conv2d) else None


def every_layer(name: str, layer: nn.Module, tasks: int, rank: int, alpha: float) -> nn.Module | None:
    """Every convolution and every linear layer."""
    return every_linear(name, layer, tasks, rank, alpha) or every_convolution(name, layer, tasks, rank, alpha)


def inject_lora(module: nn.Module, wrap: Wrap, tasks: int, rank: int, alpha: float) -> None:
    """Replace, in place, every layer below ``module`` that ``wrap`` gives an adapter.

    Raises:
        ValueError: there is no such layer.
    """
    candidates = {name: wrap(name, layer, tasks, rank, alpha) for name, layer in module.named_modules() if name}
    adapted = {name: layer for name, layer in candidates.items() if layer is not None}
    if not adapted:
        raise ValueError("no layer for these adapters in this backbone (try adapter=all)")
    _replace_layers(module, adapted)


def share_updates(module: nn.Module) -> None:
    """Give, in place, every frozen layer with adapters below ``module`` an update that all tasks share."""
    for layer in adapted_layers(module).values():
        if not layer.shared.weight.requires_grad:
            layer.share_update()


def adapted_layers(module: nn.Module) -> dict[str, AdaptedLinear | AdaptedConv2d]:
    """The layers with adapters below ``module``, by qualified name."""
    return {n: layer for n, layer in module.named_modules() if isinstance(layer, AdaptedLinear | AdaptedConv2d)}


def merge(module: nn.Module) -> None:
    """Add, in place, every adapter below ``module`` to the weights of its layer."""
    _replace_layers(module, {name: layer.merged() for name, layer in adapted_layers(module).items()})


def keep_task(module: nn.Module, index: int) -> None:
    """Delete, in place, the adapters and statistics of the other tasks below ``module``."""
    for layer in module.modules():
        keep = getattr(layer, "keep_task", None)
        if keep is not None:
            keep(index)


def _replace_layers(module: nn.Module, layers: dict[str, nn.Module]) -> None:
    for name, layer in layers.items():
        parent, _, leaf = name.rpartition(".")
        setattr(module.get_submodule(parent), leaf, layer)


def _perceptron(
    name: str, layer: nn.Module, tasks: int, rank: int, alpha: float, kind: type[LowRank]
) -> nn.Module | None:
    if not (isinstance(layer, nn.Linear) and "mlp." in name):
        return None
    return AdaptedLinear(layer, ((0, layer.out_features),), tasks, rank, alpha, kind)
