"""`dinov3`: a vision transformer with rotary positions, patches of 16 pixels (Simeoni et al., arXiv 2508.10104)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from robustbench_endo.models.backbones.base import Encoder
from robustbench_endo.models.backbones.transformer import TransformerBackbone

NAMES = {"s": "vit_small_patch16_dinov3", "b": "vit_base_patch16_dinov3", "l": "vit_large_patch16_dinov3"}


@dataclass(frozen=True)
class DINOv3(TransformerBackbone):
    """Frozen, with LoRA on q and v.

    Attributes:
        size: ViT-S, ViT-B or ViT-L.
    """

    name = "dinov3"
    licence = "DINOv3 License"

    size: Literal["s", "b", "l"] = "b"

    def build(self, adapters: int) -> Encoder:
        """See :meth:`Backbone.build`; a frozen trunk reads 0 adapters as 1."""
        return self.encoder(NAMES[self.size], adapters)
