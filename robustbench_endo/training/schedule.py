"""The learning rate as a function of the step: linear warm-up, then a cosine to zero."""

from __future__ import annotations

import math


def learning_rate(step: int, steps: int, peak: float, warmup: float = 0.05) -> float:
    """The rate at ``step`` of ``steps``; ``warmup`` is the share of the steps that rises linearly."""
    rising = max(1, round(warmup * steps))
    if step < rising:
        return peak * (step + 1) / rising
    return peak * 0.5 * (1 + math.cos(math.pi * (step - rising) / max(1, steps - rising)))
