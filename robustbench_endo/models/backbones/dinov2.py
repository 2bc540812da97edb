"""`dinov2`: a vision transformer with patches of 14 pixels (Oquab et al., "DINOv2", TMLR 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from robustbench_endo.models.backbones.base import Encoder
from robustbench_endo.models.backbones.transformer import TransformerBackbone

NAMES = {"s": "vit_small_patch14_dinov2", "b": "vit_base_patch14_dinov2", "l": "vit_large_patch14_dinov2"}


@dataclass(frozen=True)
class DINOv2(TransformerBackbone):
    """Frozen, with LoRA on q and v.

    Attributes:
        size: ViT-S, ViT-B or ViT-L.
    """

    name = "dinov2"
    licence = "Apache-2.0"

    size: Literal["s", "b", "l"] = "b"

    def build(self, adapters: int) -> Encoder:
        """See :meth:`Backbone.build`; a frozen trunk reads 0 adapters as 1."""
        return self.encoder(NAMES[self.size], adapters)
