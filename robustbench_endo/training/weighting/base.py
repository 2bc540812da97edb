"""Interface of multi-task optimisation methods."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from robustbench_endo.errors import TrainingError, unknown_name


class AggregatedGradient(NamedTuple):
    """Result of a method for T tasks.

    Attributes:
        shared: gradient (n,) of the shared parameters, flat.
        factors: (T,), of the gradients of the task-specific parameters.
        weights: task weights of the method (T,), for the log.
    """

    shared: Tensor
    factors: Tensor
    weights: Tensor


class Weighting(ABC):
    """L_t is the loss of task t, g_t its gradient with respect to the parameters that tasks share.

    A subclass is a dataclass of its options; ``state_keys`` are the attributes that a resumed training needs.
    """

    name: str
    separate: ClassVar[bool] = True
    """Whether the method needs the gradient of each task; if not, one backward pass of the sum is enough."""
    state_keys: ClassVar[tuple[str, ...]] = ()

    def start_epoch(self, epoch: int) -> None:  # noqa: B027 - most methods do not need it
        """Called before every epoch, counted from 0."""

    @abstractmethod
    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """Combine the gradients of a step; called once per step, as methods have a state.

        Args:
            losses: L_t (T,), finite, not negative.
            gradients: g_t, (T, n), finite; n may be 0, a row may be zero (a task without labels).
        """

    def state_dict(self) -> dict[str, Any]:
        """State as copies of tensors and numbers."""
        state = {name: getattr(self, name) for name in self.state_keys}
        return {name: value.clone() if isinstance(value, Tensor) else value for name, value in state.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Restore a state; tensors may be on another device.

        Raises:
            TrainingError: the state of another method.
        """
        if set(state) != set(self.state_keys):
            raise TrainingError(
                f"Expected the state of the weighting {self.name} ({', '.join(self.state_keys) or 'nothing'}), got "
                f"{', '.join(map(str, state)) or 'nothing'}: resume with the original weighting."
            )
        for name, value in state.items():
            setattr(self, name, value.clone() if isinstance(value, Tensor) else value)


def plain(losses: Tensor, gradients: Tensor) -> AggregatedGradient:
    """The gradient of the sum of the losses; ``gradients`` may already be summed, (1, n)."""
    ones = torch.ones_like(losses)
    return AggregatedGradient(gradients.sum(dim=0), ones, ones)


def check_range(option: str, value: float, low: float, high: float = float("inf")) -> None:
    """Check an option of a method.

    Raises:
        TrainingError: no number in [low, high].
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        span = f"from {low:g} to {high:g}" if high < float("inf") else f"of {low:g} or more"
        raise TrainingError(f"Expected a number {span} for the weighting option {option}, got {value!r}: change it.")


def check_options(name: str, options: Collection[str], known: Collection[str]) -> None:
    """Check that a method has these options.

    Raises:
        TrainingError: it has no options.
        UnknownNameError: it has other options; names the closest matches.
    """
    for option in options:
        if not known:
            raise TrainingError(f"Expected no options for the weighting {name}, got {option}: leave it out.")
        if option not in known:
            raise unknown_name(f"{name} option", option, known)


@dataclass
class Equal(Weighting):
    """d = sum_t g_t, in one backward pass. Task-specific parameters: plain gradients."""

    name = "equal"
    separate = False

    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """See :meth:`Weighting.combine`; ``gradients`` may already be summed, (1, n)."""
        return plain(losses, gradients)
