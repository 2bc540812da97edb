"""`endoarss`: SMA on the image, then DINOv2 (EndoARSS, arXiv 2506.06830)."""

from __future__ import annotations

from dataclasses import dataclass

from robustbench_endo.models.backbones.base import Encoder
from robustbench_endo.models.backbones.dinov2 import NAMES, DINOv2
from robustbench_endo.models.layers.sma import SMA


@dataclass(frozen=True)
class EndoARSS(DINOv2):
    """A trained SMA before a frozen DINOv2 with LoRA on q and v.

    Attributes:
        sma_dim: d of the SMA module.
        sma_patch: p of the SMA module.
    """

    name = "endoarss"

    sma_dim: int = 512
    sma_patch: int = 7

    def build(self, adapters: int) -> Encoder:
        """See :meth:`Backbone.build`; a frozen trunk reads 0 adapters as 1."""
        return self.encoder(NAMES[self.size], adapters, before=SMA(self.sma_dim, self.sma_patch))
