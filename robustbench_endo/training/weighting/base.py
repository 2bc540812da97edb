"""What a multi-task optimisation method is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from robustbench_endo.errors import TrainingError, unknown_name


class AggregatedGradient(NamedTuple):
    """One step of T tasks.

    Attributes:
        shared: gradient (n,) of the shared parameters, flat.
        own: factors (T,) of the gradients of the tasks' own parameters.
        weights: the method's task weights (T,), for the log.
    """

    shared: Tensor
    own: Tensor
    weights: Tensor


class Weighting(ABC):
    """L_t is the loss of task t, g_t its gradient with respect to the parameters that tasks share.

    A subclass is a dataclass of its options; ``kept`` names the attributes that a resumed run needs.
    """

    name: str
    separate: ClassVar[bool] = True
    """Whether the method needs every task's gradient by itself; if not, one backward pass of the sum is enough."""
    kept: ClassVar[tuple[str, ...]] = ()

    def start_epoch(self, epoch: int) -> None:  # noqa: B027 - most methods do not care
        """Told before every epoch, counted from 0."""

    @abstractmethod
    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """One step; called once per step, as methods remember.

        Args:
            losses: L_t (T,), finite, not negative.
            gradients: g_t, flat, row by row (T, n), finite; n may be 0, a row may be zero (a task without labels).
        """

    def state_dict(self) -> dict[str, Any]:
        """What was remembered, as tensors and numbers (copies)."""
        state = {name: getattr(self, name) for name in self.kept}
        return {name: value.clone() if isinstance(value, Tensor) else value for name, value in state.items()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Goes on where ``state_dict`` was taken; tensors may lie on another device.

        Raises:
            TrainingError: the state is another method's.
        """
        if set(state) != set(self.kept):
            raise TrainingError(
                f"Expected the state of the weighting {self.name} ({', '.join(self.kept) or 'nothing'}), got "
                f"{', '.join(map(str, state)) or 'nothing'}: resume with the weighting that the run began with."
            )
        for name, value in state.items():
            setattr(self, name, value.clone() if isinstance(value, Tensor) else value)


def plain(losses: Tensor, gradients: Tensor) -> AggregatedGradient:
    """The gradient of the sum of the losses; ``gradients`` may be summed already, (1, n)."""
    ones = torch.ones_like(losses)
    return AggregatedGradient(gradients.sum(dim=0), ones, ones)


def within(option: str, value: float, low: float, high: float = float("inf")) -> None:
    """Checks an option of a method.

    Raises:
        TrainingError: ``value`` is no number in [low, high].
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        span = f"from {low:g} to {high:g}" if high < float("inf") else f"of {low:g} or more"
        raise TrainingError(f"Expected a number {span} for the weighting option {option}, got {value!r}: change it.")


def check_options(name: str, options: Collection[str], known: Collection[str]) -> None:
    """Checks that a method has these options.

    Raises:
        TrainingError: it has none at all.
        UnknownNameError: it has others; lists the closest matches.
    """
    for option in options:
        if not known:
            raise TrainingError(f"Expected no options for the weighting {name}, got {option}: leave it out.")
        if option not in known:
            raise unknown_name(f"{name} option", option, known)


@dataclass
class Equal(Weighting):
    """d = sum_t g_t, in one backward pass; own parameters: their plain gradients."""

    name = "equal"
    separate = False

    def combine(self, losses: Tensor, gradients: Tensor) -> AggregatedGradient:
        """See :meth:`Weighting.combine`; ``gradients`` may be summed already, (1, n)."""
        return plain(losses, gradients)
