"""The black surround of the frames of a batch, which can be scored or not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True)
class Surround:
    """Which pixels lie outside the scope's content area.

    Attributes:
        outside: bool (B, H, W), on the device of the targets.
        scored: whether the scores are over the whole frame; they are over the content area if not.
    """

    outside: Tensor
    scored: bool
