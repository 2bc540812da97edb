"""Normalisation layers of a model: their affine parameters, and batch norm with the statistics of the batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.instancenorm import _InstanceNorm

from robustbench_endo.errors import ModelError
from robustbench_endo.evaluation.adaptation.settings import Adaptation, BatchNorm, Memo

NORMALISATION = (_BatchNorm, _InstanceNorm, nn.LayerNorm, nn.GroupNorm)
_STATISTICS = ("running_mean", "running_var")


def batch_norms(model: nn.Module) -> list[nn.Module]:
    """The batch norm layers that have running statistics."""
    return [
        module
        for module in model.modules()
        if isinstance(module, _BatchNorm) and not isinstance(module, _InstanceNorm) and module.running_mean is not None
    ]


def affine_parameters(model: nn.Module) -> dict[str, Tensor]:
    """Scale and shift of the normalisation layers by their name in the model."""
    return {
        f"{prefix}.{name}" if prefix else name: parameter
        for prefix, module in model.named_modules()
        if isinstance(module, NORMALISATION)
        for name, parameter in module.named_parameters(recurse=False)
    }


@contextmanager
def batch_statistics(model: nn.Module) -> Iterator[None]:
    """Let batch norm use mean and variance of the batch, without changing the running ones.

    A layer that sees one value per channel (the pooled branch of a head, for a batch of one frame) has no variance and
    uses the running statistics.
    """
    hooks = [hook for module in batch_norms(model) for hook in _hooks(module)]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _hooks(module: nn.Module) -> tuple[Any, Any]:
    """Hooks that take the running statistics away during a call: then the layer computes those of its input."""
    running = {name: module._buffers[name] for name in _STATISTICS}

    def before(layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if inputs[0].numel() > inputs[0].shape[1]:
            layer._buffers.update(dict.fromkeys(_STATISTICS))

    def after(layer: nn.Module, *_: object) -> None:
        layer._buffers.update(running)

    return module.register_forward_pre_hook(before), module.register_forward_hook(after, always_call=True)


def check_adaptable(models: Mapping[str, object], method: Adaptation | None) -> None:
    """Raise ModelError for a model in which a method has nothing to adapt.

    Args:
        models: name -> network.
        method: of the adaptation; None needs nothing.
    """
    for name, model in models.items():
        problem = _problem(model, method) if method is not None else None
        if problem is not None and method is not None:
            expected, got = problem
            raise ModelError(
                f"Expected {expected}, got {got} in {name.replace(f' ({method.name})', '')!r}: leave --adapt out, or "
                "evaluate a model that can be adapted (an exported graph cannot)."
            )


def _problem(model: object, method: Adaptation) -> tuple[str, str] | None:
    """What a method needs and what a model has instead; None where it lacks nothing."""
    if not isinstance(model, nn.Module):
        return f"an nn.Module to adapt it by {method.name}", type(model).__name__
    if any(isinstance(module, (torch.jit.ScriptModule, torch.fx.GraphModule)) for module in model.modules()):
        return f"PyTorch layers to adapt them by {method.name}", "an exported graph"
    affine = affine_parameters(model)
    if isinstance(method, BatchNorm):
        other = "other normalisation layers" if affine else "none"
        return None if batch_norms(model) else ("batch norm layers to adapt them by bn", other)
    if isinstance(method, Memo):
        enough = any(parameter.is_floating_point() for parameter in model.parameters())
        return None if enough else ("parameters to adapt them by memo", "none")
    return None if affine else (f"normalisation layers with scale and shift to adapt them by {method.name}", "none")
