"""A vision transformer as a map to map: tokens keep the place of their patch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor, nn

if TYPE_CHECKING:
    from timm.models.vision_transformer import VisionTransformer


class PatchMap(nn.Module):
    """Images (B, 3, H, W) -> embedded patches with their position, (B, C, H / p, W / p)."""

    def __init__(self, network: VisionTransformer) -> None:
        super().__init__()
        self.embedding = network.patch_embed
        self.position = network.pos_embed

    def forward(self, images: Tensor) -> Tensor:
        rows, columns = self.embedding.grid_size
        tokens: Tensor = self.embedding(images) + self.position
        return tokens.mT.reshape(tokens.shape[0], -1, rows, columns)


class TokenBlocks(nn.Module):
    """The transformer's layers on a map (B, C, h, w): token (row, column) stays at (row, column)."""

    def __init__(self, network: VisionTransformer) -> None:
        super().__init__()
        self.blocks, self.norm = network.blocks, network.norm

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.norm(self.blocks(x.flatten(2).mT))
        return tokens.mT.reshape(x.shape)
