"""Activity head: convolution, batch norm, ReLU, global mean or maximum, linear (EndoARSS, arXiv 2506.06830)."""

from __future__ import annotations

from typing import Literal

from torch import Tensor, nn

from robustbench_endo.models.heads.blocks import conv_bn_relu


class ActivityHead(nn.Module):
    """Logits (B, activities) for the whole frame.

    Args:
        inputs: channels of the map.
        activities: outputs.
        channels: width of the head.
        pool: `mean` over the map, as in the paper, or `max`, for what happens in one small place of a fine map.
    """

    def __init__(self, inputs: int, activities: int, channels: int, pool: Literal["mean", "max"] = "mean") -> None:
        super().__init__()
        self.block = conv_bn_relu(inputs, channels, 3)
        self.classifier = nn.Linear(channels, activities)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, activities)."""
        seen: Tensor = self.block(x)
        logits: Tensor = self.classifier(seen.mean(dim=(2, 3)) if self.pool == "mean" else seen.amax(dim=(2, 3)))
        return logits
