"""Heads: a feature map (B, C, h, w) -> the logits of one task."""

from robustbench_endo.models.heads.activity import ActivityHead
from robustbench_endo.models.heads.deeplab import DeepLabHead

__all__ = ["ActivityHead", "DeepLabHead"]
