"""Activity head: convolution, batch norm, ReLU, global mean, linear (EndoARSS, arXiv 2506.06830)."""

from __future__ import annotations

from torch import Tensor, nn

from robustbench_endo.models.heads.blocks import conv_bn_relu


class ActivityHead(nn.Module):
    """Logits (B, activities) for the whole frame."""

    def __init__(self, inputs: int, activities: int, channels: int) -> None:
        super().__init__()
        self.block = conv_bn_relu(inputs, channels, 3)
        self.classifier = nn.Linear(channels, activities)

    def forward(self, x: Tensor) -> Tensor:
        """(B, inputs, h, w) -> (B, activities)."""
        logits: Tensor = self.classifier(self.block(x).mean(dim=(2, 3)))
        return logits
