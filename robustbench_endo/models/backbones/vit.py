"""Plain vision transformers of timm as encoders: feature maps on the grid of the patches, at any size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from torch import Tensor, nn

from robustbench_endo.models.backbones.base import AdaptedBackbone, Encoder, normalisation
from robustbench_endo.models.backbones.timm_networks import timm_network
from robustbench_endo.models.layers.sma import SMA


class PatchStem(nn.Module):
    """Images (B, 3, H, W), whole patches -> embedded patches (B, C, H / p, W / p), without their position."""

    def __init__(self, embedding: nn.Module) -> None:
        super().__init__()
        self.embedding = embedding

    def forward(self, images: Tensor) -> Tensor:
        patches: Tensor = self.embedding(images)
        return patches.permute(0, 3, 1, 2)


class TransformerBody(nn.Module):
    """Embedded patches (B, C, h, w) -> features (B, C, h, w): position, class and register tokens, layers, norm.

    A learned position embedding is interpolated from the grid it was trained on; a rotary one is computed.

    Args:
        network: a timm vision transformer with ``dynamic_img_size``; loses its patch embedding.
        depth: layers to keep, 0 = all.
    """

    def __init__(self, network: Any, depth: int) -> None:
        super().__init__()
        network.patch_embed = _Grid(network.patch_embed.grid_size)
        if depth:
            network.blocks = network.blocks[:depth]
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        network: Any = self.network
        embedded = network._pos_embed(x.permute(0, 2, 3, 1))
        tokens, arguments = (embedded[0], {"rope": embedded[1]}) if isinstance(embedded, tuple) else (embedded, {})
        tokens = network.norm_pre(tokens)
        for block in network.blocks:
            tokens = block(tokens, **arguments)
        tokens = network.norm(tokens)[:, network.num_prefix_tokens :]
        features: Tensor = tokens.mT.reshape(x.shape)
        return features


class _Grid(nn.Module):
    """The attribute of a patch embedding that timm reads when it adds positions."""

    def __init__(self, grid_size: tuple[int, int]) -> None:
        super().__init__()
        self.grid_size = grid_size


def is_plain_transformer(network: nn.Module) -> bool:
    """Whether the network has the parts that :class:`TransformerBody` runs."""
    from timm.models.eva import Eva
    from timm.models.vision_transformer import VisionTransformer

    plain = type(network) in (Eva, VisionTransformer) and not getattr(network, "rope_mixed", False)
    return plain and bool(getattr(network, "dynamic_img_size", False))


@dataclass(frozen=True)
class TransformerBackbone(AdaptedBackbone):
    """A plain vision transformer of timm.

    Attributes:
        depth: layers to keep, 0 = all.
    """

    depth: int = 0

    def encoder(self, name: str, adapters: int, before: nn.Module | None = None) -> Encoder:
        """The encoder around timm's network ``name``, optionally with a trained module before it."""
        fewer = {"depth": self.depth} if self.depth and self.trunk is None else {}  # build no blocks in vain
        network = timm_network(name, self.trunk, dynamic_img_size=True, global_pool="", **fewer)
        return plain_encoder(self, network, self.depth, adapters, before)


def plain_encoder(
    options: AdaptedBackbone, network: Any, depth: int, adapters: int, before: nn.Module | None = None
) -> Encoder:
    """The encoder around a plain vision transformer, frozen and adapted as the options say."""
    patches = PatchStem(network.patch_embed)
    patches.requires_grad_(not options.frozen)
    patch, channels = int(network.patch_embed.patch_size[0]), int(network.num_features)
    body = TransformerBody(network, depth)
    options.freeze_and_adapt(body, adapters)
    stem = nn.Sequential(before, patches) if before is not None else patches
    return Encoder(stem, body, channels, patch, *normalisation(network))


DINOV2_NAMES = {"s": "vit_small_patch14_dinov2", "b": "vit_base_patch14_dinov2", "l": "vit_large_patch14_dinov2"}


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
        return self.encoder(DINOV2_NAMES[self.size], adapters)


DINOV3_NAMES = {"s": "vit_small_patch16_dinov3", "b": "vit_base_patch16_dinov3", "l": "vit_large_patch16_dinov3"}


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
        return self.encoder(DINOV3_NAMES[self.size], adapters)


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
        return self.encoder(DINOV2_NAMES[self.size], adapters, before=SMA(self.sma_dim, self.sma_patch))
