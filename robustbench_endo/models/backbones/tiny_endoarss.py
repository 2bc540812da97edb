"""`tiny-endoarss`: SMA, early convolutions, then a small timm vision transformer with low-rank adapters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from robustbench_endo.models.backbones.base import Backbone, Encoder
from robustbench_endo.models.backbones.feature_maps import ConvPatchEmbed, EarlyMap, FineTokens, PatchMap, TokenBlocks
from robustbench_endo.models.layers.lora_inject import every_linear_with_norms, inject_lora
from robustbench_endo.models.layers.sma import SMA

EARLY_STRIDE = 4


@dataclass(frozen=True)
class TinyEndoARSS(Backbone):
    """The EndoARSS backbone at toy size; its trunk is trained, as there is no pretrained one to freeze.

    The tokens are added to the early map that they were computed from. Every linear layer of the transformer has an
    adapter; the fused qkv has them for q and v.

    Attributes:
        dim: channels of a token.
        depth: transformer layers.
        patch: side of a patch in pixels, a power of two from 4.
        early: channels of the early map, whose stride is 4.
        fine: channels of the encoder's map, of the same stride.
        sma_dim: d of the SMA module.
        sma_patch: p of the SMA module.
    """

    select = 1
    name = "tiny-endoarss"

    input_size: tuple[int, ...] = (160, 208)
    rank: int = 4
    alpha: float = 4.0
    head_channels: int = 32
    rates: tuple[int, ...] = (2, 4, 8)
    upscale: int = 4
    pool: Literal["mean", "max"] = "max"
    pooled_norm: bool = False
    dropout: float = 0.0
    dim: int = 96
    depth: int = 4
    patch: int = 16
    early: int = 32
    fine: int = 48
    sma_dim: int = 4
    sma_patch: int = 4

    def build(self, adapters: int) -> Encoder:
        """See :meth:`Backbone.build`; LoRA is part of this backbone, so 0 adapters means 1.

        Raises:
            ValueError: a size that is no multiple of the patch, or a patch that is no power of two from 4.
        """
        from timm.models.vision_transformer import VisionTransformer  # here, as timm takes seconds to import

        height, width = self.fixed_size()
        if self.patch < EARLY_STRIDE or height % self.patch or width % self.patch:
            raise ValueError(f"a size of {height}x{width} is not made of patches of {self.patch} (4, 8, 16, ...)")
        network = VisionTransformer(
            img_size=(height // EARLY_STRIDE, width // EARLY_STRIDE),
            patch_size=self.patch // EARLY_STRIDE,
            in_chans=self.early,
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
        transformer = nn.Sequential(PatchMap(network), TokenBlocks(network))
        body = FineTokens(transformer, self.early, self.dim, self.fine)
        inject_lora(body, every_linear_with_norms, adapters or 1, self.rank, self.alpha)
        # Four channels gain nothing from the factorised form.
        attention = SMA(self.sma_dim, self.sma_patch, factorised=False)
        return Encoder(nn.Sequential(attention, EarlyMap(self.early)), body, self.fine)
