"""Activation checkpointing: the activations of a block are recomputed in the backward pass instead of stored.

Source: Chen et al., "Training Deep Nets with Sublinear Memory Cost", arXiv 1604.06174.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import Any

from torch import nn
from torch.utils.checkpoint import checkpoint

from robustbench_endo.errors import TrainingError


@contextmanager
def activation_checkpointing(model: nn.Module) -> Iterator[None]:
    """Inside, every residual or transformer block of the model stores only its inputs.

    Raises:
        TrainingError: a model without such blocks.
    """
    blocks = repeated_blocks(model)
    if not blocks:
        raise TrainingError(
            "Expected a model with residual or transformer blocks for activation checkpointing, got none: leave the "
            "option out."
        )
    for block in blocks:
        block.forward = partial(checkpoint, block.forward, use_reentrant=False, context_fn=partial(_contexts, block))
    try:
        yield
    finally:
        for block in blocks:
            del block.forward


def repeated_blocks(model: nn.Module) -> list[nn.Module]:
    """Outermost modules whose class is in :data:`BLOCKS`, names of timm and torchvision."""
    blocks: list[nn.Module] = []

    def visit(module: nn.Module) -> None:
        for child in module.children():
            if type(child).__name__ in BLOCKS:
                blocks.append(child)
            else:
                visit(child)

    visit(model)
    return blocks


BLOCKS = ("Block", "EvaBlock", "BasicBlock", "Bottleneck", "ConvNeXtBlock", "SwinTransformerBlock", "ParallelBlock")


def _contexts(block: nn.Module) -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    return nullcontext(), _FrozenStatistics(block)


class _FrozenStatistics(AbstractContextManager[None]):
    """Keeps the second forward pass of a batch out of the running mean and variance.

    It is entered once for every backward pass, which is once per task under some weightings.
    """

    def __init__(self, block: nn.Module) -> None:
        self.norms: list[Any] = [m for m in block.modules() if getattr(m, "running_mean", None) is not None]

    def __enter__(self) -> None:
        self.before = [(norm.momentum, getattr(norm, "num_batches_tracked", None)) for norm in self.norms]
        for norm, (_, count) in zip(self.norms, self.before, strict=True):
            norm.momentum = 0.0
            if count is not None:
                norm.num_batches_tracked = count.clone()

    def __exit__(self, *_: object) -> None:
        for norm, (momentum, count) in zip(self.norms, self.before, strict=True):
            norm.momentum = momentum
            if count is not None:
                norm.num_batches_tracked = count
