"""Networks that were exported for one batch size: frames in portions, answers put together again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor


def in_portions(run: Callable[[Tensor], Any], images: Tensor, batch: int | None, least: int = 1) -> Any:
    """``run`` on images (B, 3, H, W), ``batch`` at a time.

    The last portion is filled up with its last frame, whose answers are dropped.

    Args:
        batch: what the network takes; None = any number from ``least`` on.
    """
    size = batch or max(len(images), least)
    answers = []
    for start in range(0, len(images), size):
        portion = images[start : start + size]
        filled = torch.cat([portion, portion[-1:].expand(size - len(portion), *portion.shape[1:])])
        answers.append(_first(run(filled), len(portion)))
    return answers[0] if len(answers) == 1 else _joined(answers)


def _first(answer: Any, count: int) -> Any:
    return _over([answer], lambda tensors: tensors[0][:count])


def _joined(answers: list[Any]) -> Any:
    return _over(answers, torch.cat)


def _over(answers: list[Any], function: Callable[[list[Tensor]], Tensor]) -> Any:
    """``function`` on the tensors that stand at the same place in every answer."""
    first = answers[0]
    if isinstance(first, Tensor):
        return function(answers)
    if isinstance(first, Mapping):
        return {key: _over([answer[key] for answer in answers], function) for key in first}
    if isinstance(first, (tuple, list)):
        return tuple(_over(list(parts), function) for parts in zip(*answers, strict=True))
    return first
