"""`tiny-endoarss`: SMA, then a small timm vision transformer with low-rank adapters."""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

from robustbench_endo.models.backbones.base import Backbone, Encoder
from robustbench_endo.models.backbones.stem import ConvPatchEmbed
from robustbench_endo.models.backbones.tokens import PatchMap, TokenBlocks
from robustbench_endo.models.layers.adapt import adapt, every_linear
from robustbench_endo.models.layers.sma import SMA


@dataclass(frozen=True)
class TinyEndoARSS(Backbone):
    """The EndoARSS backbone at toy size; its trunk is trained, as there is no pretrained one to freeze.

    The adapters sit beside every linear layer of the transformer; in the fused qkv, beside q and v.

    Attributes:
        dim: channels of a token.
        depth: transformer layers.
        patch: side of a patch in pixels, a power of two.
        sma_dim: d of the SMA module.
        sma_patch: p of the SMA module.
    """

    name = "tiny-endoarss"

    input_size: tuple[int, ...] = (160, 208)
    rank: int = 4
    alpha: float = 4.0
    head_channels: int = 32
    rates: tuple[int, ...] = (1, 2, 3)
    upscale: int = 8
    dim: int = 96
    depth: int = 4
    patch: int = 16
    sma_dim: int = 4
    sma_patch: int = 4

    def build(self, adapters: int) -> Encoder:
        """See :meth:`Backbone.build`; LoRA is part of this backbone, so 0 adapters means 1."""
        from timm.models.vision_transformer import VisionTransformer  # here, as timm takes seconds to import

        network = VisionTransformer(
            img_size=self.fixed_size(),
            patch_size=self.patch,
            num_classes=0,
            global_pool="avg",
            class_token=False,
            embed_dim=self.dim,
            depth=self.depth,
            num_heads=max(1, self.dim // 32),
            mlp_ratio=2.0,
            fc_norm=False,
            embed_layer=ConvPatchEmbed,
        )
        body = TokenBlocks(network)
        adapt(body, every_linear, adapters or 1, self.rank, self.alpha)
        # Four channels gain nothing from the factorised form, and the shipped weights answer to the last bit as before.
        attention = SMA(self.sma_dim, self.sma_patch, factorised=False)
        return Encoder(nn.Sequential(attention, PatchMap(network)), body, self.dim)
