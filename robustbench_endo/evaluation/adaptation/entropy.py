"""Entropies of predictions that adaptation minimises, and their gradients with respect to some parameters."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call

from robustbench_endo.errors import ModelError
from robustbench_endo.tasks.registry import TASKS

Outputs = dict[str, Tensor]
Parameters = Mapping[str, Tensor]


def mean_entropy(logits: Tensor) -> Tensor:
    """Entropy of softmax in nats, mean over frames and pixels (Wang et al., ICLR 2021, Eq. 1).

    Args:
        logits: (B, C) or (B, C, h, w); every pixel is a prediction of its own.

    >>> round(float(mean_entropy(torch.zeros(1, 4))), 4)
    1.3863
    """
    logits = logits.float()
    return -(logits.softmax(1) * logits.log_softmax(1)).sum(1).mean()


def marginal_entropy(logits: Tensor) -> Tensor:
    """Entropy in nats of the mean prediction over copies of one frame, mean over pixels (Zhang et al., 2022, Eq. 3).

    Args:
        logits: (A, C) or (A, C, h, w) of A copies, in which nothing has moved.

    >>> round(float(marginal_entropy(torch.tensor([[9.0, -9.0], [-9.0, 9.0]]))), 4)
    0.6931
    """
    logarithms = logits.float().log_softmax(1)
    marginal = logarithms.logsumexp(0) - math.log(len(logits))
    marginal = marginal.clamp_min(torch.finfo(marginal.dtype).min)
    return -(marginal * marginal.exp()).sum(0).mean()


def minimise(
    model: nn.Module,
    parameters: Parameters,
    optimizer: torch.optim.Optimizer,
    images: Tensor,
    loss_of: Callable[[Tensor], Tensor],
) -> Outputs:
    """One step on the loss, summed over the tasks; the predictions from before it.

    Args:
        model: called with these parameters instead of its own, which are not changed.
        parameters: leaf tensors by name.
        optimizer: over the parameters.
        images: float (B, 3, H, W) in [0, 1].
        loss_of: loss of the logits of a task.

    Raises:
        ModelError: the loss does not depend on the parameters, such as in a model that disables gradients.
    """
    outputs: Outputs = functional_call(model, dict(parameters), (images,))
    losses = [loss_of(outputs[task.name]) for task in TASKS if outputs.get(task.name) is not None]
    loss = torch.stack(losses).sum() if losses else torch.zeros(())
    if not loss.requires_grad:
        raise ModelError(
            "Expected gradients through the model to adapt it, got none: its forward pass detaches its outputs from "
            "its parameters; remove torch.no_grad and detach there, or leave --adapt out."
        )
    gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    if bool(loss.isfinite()) and _finite(gradients):
        for parameter, gradient in zip(parameters.values(), gradients, strict=True):
            parameter.grad = gradient
        optimizer.step()
    return {task: logits.detach() for task, logits in outputs.items() if isinstance(logits, Tensor)}


def _finite(gradients: Sequence[Tensor | None]) -> bool:
    """Whether a step is safe: one on an infinite gradient would spoil every later batch."""
    return all(bool(gradient.isfinite().all()) for gradient in gradients if gradient is not None)


def leaves(parameters: Parameters) -> dict[str, Tensor]:
    """Copies of parameters that an optimizer may change."""
    return {name: parameter.detach().clone().requires_grad_() for name, parameter in parameters.items()}
