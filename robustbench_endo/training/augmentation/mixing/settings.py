"""How much is mixed."""

from __future__ import annotations

from dataclasses import dataclass

from robustbench_endo.plugins import unknown
from robustbench_endo.training.augmentation.mixing.operations import OPERATIONS
from robustbench_endo.training.errors import TrainingError


@dataclass(frozen=True)
class Mixing:
    """Settings of chained-augmentation mixing; three chains of one to three operations and alpha = 1
    are AugMix's (Hendrycks et al., ICLR 2020).

    Attributes:
        chains: number of chains, at least 1.
        depth: fewest and most operations of a chain, each number as often.
        strength: 0 to 1: the most that an operation may do; each draws its own share of it.
        alpha: of the Dirichlet weights of the chains and of the Beta weight of them against the frame, above 0.
        operations: names out of :data:`robustbench_endo.training.augmentation.mixing.operations.OPERATIONS`.
    """

    chains: int = 3
    depth: tuple[int, int] = (1, 3)
    strength: float = 1.0
    alpha: float = 1.0
    operations: tuple[str, ...] = tuple(OPERATIONS)

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            TrainingError: a number outside its range.
            UnknownNameError: an operation that there is not.
        """
        if not isinstance(self.chains, int) or self.chains < 1:
            _refuse("at least 1 chain", self.chains)
        if not (isinstance(self.depth, tuple) and len(self.depth) == 2 and 1 <= self.depth[0] <= self.depth[1]):
            _refuse("a depth of two numbers from 1, the smaller first", self.depth)
        if not 0 <= self.strength <= 1:
            _refuse("a strength from 0 to 1", self.strength)
        if not self.alpha > 0:
            _refuse("an alpha above 0", self.alpha)
        if not self.operations:
            _refuse("at least one operation", self.operations)
        for name in self.operations:
            if name not in OPERATIONS:
                raise unknown("mixing operation", name, OPERATIONS)


def _refuse(expected: str, found: object) -> None:
    raise TrainingError(f"Expected {expected} for mixing, found {found!r}: correct the setting.")
