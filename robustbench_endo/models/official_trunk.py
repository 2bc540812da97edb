"""The trunk of the EndoARSS authors' network: SMA, ViT-B/14 as in DINOv2, DV-LoRA in the perceptrons."""

from __future__ import annotations

from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.layers.sma import SMA

SIDE, PATCH, DIM, HEADS, RANK = 224, 14, 768, 12, 4
GRID, TRAINED_GRID = SIDE // PATCH, 37
NUDGE = 0.1  # DINOv2's own: added to the grid before its quotient becomes a scale factor


class VectorLoRALinear(nn.Linear):
    """W x + (B scaled by V)(A scaled by U) x + bias; their code trains A and B only."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(inputs, outputs)
        self.requires_grad_(False)
        self.lora_A = nn.Parameter(torch.randn(RANK, inputs) * inputs**-0.5)
        self.lora_B = nn.Parameter(torch.zeros(outputs, RANK))
        self.lora_U = nn.Parameter(torch.ones(RANK, 1), requires_grad=False)
        self.lora_V = nn.Parameter(torch.ones(outputs, 1), requires_grad=False)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        update = F.linear(F.linear(x, self.lora_A * self.lora_U), self.lora_B * self.lora_V)
        return F.linear(x, self.weight, self.bias) + update


class OfficialTrunk(nn.Module):
    """Images (B, 3, H, W) -> patch tokens (B, 256, 768)."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        from timm.layers.patch_embed import PatchEmbed  # here, as timm takes seconds to import

        self.mob = _UnusedInside(512, 7)
        self.patch_embed = PatchEmbed(SIDE, PATCH, embed_dim=DIM)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, DIM))
        self.pos_embed = nn.Parameter(torch.randn(1, 1 + TRAINED_GRID**2, DIM) * 0.02)
        self.mask_token = nn.Parameter(torch.zeros(1, DIM))
        self.norm = nn.LayerNorm(DIM, eps=1e-6)
        self.requires_grad_(False)
        self.blocks = nn.ModuleList(_block() for _ in range(depth))

    def forward(self, images: Tensor) -> Tensor:
        """Resized to 224 x 224 with aligned corners, not normalised."""
        resized = F.interpolate(images, (SIDE, SIDE), mode="bilinear", align_corners=True)
        tokens = self.patch_embed(self.mob(resized))
        tokens = torch.cat([self.cls_token.expand(tokens.shape[0], -1, -1), tokens], dim=1) + self._positions()
        for block in self.blocks:
            tokens = block(tokens)
        normed: Tensor = self.norm(tokens)[:, 1:]
        return normed

    def _positions(self) -> Tensor:
        first, rest = self.pos_embed[:, :1], self.pos_embed[:, 1:]
        grid = rest.reshape(1, TRAINED_GRID, TRAINED_GRID, DIM).permute(0, 3, 1, 2)
        factor = (GRID + NUDGE) / TRAINED_GRID
        grid = F.interpolate(grid, scale_factor=(factor, factor), mode="bicubic")
        return torch.cat([first, grid.flatten(2).mT], dim=1)


class _UnusedInside(SMA):
    """SMA, and the transformer that the authors build in it and never call."""

    def __init__(self, dim: int, patch: int) -> None:
        super().__init__(dim, patch)
        self.trans = nn.ModuleDict({"layers": nn.ModuleList(_unused_layer(dim) for _ in range(3))})


def _unused_layer(dim: int) -> nn.ModuleList:
    attention = nn.ModuleDict(
        {"to_qkv": nn.Linear(dim, 3 * dim, bias=False), "to_out": nn.ModuleList([nn.Linear(dim, dim)])}
    )
    perceptron = nn.ModuleDict({"net": nn.ModuleDict({"0": nn.Linear(dim, 2 * dim), "3": nn.Linear(2 * dim, dim)})})
    return nn.ModuleList(nn.ModuleDict({"ln": nn.LayerNorm(dim), "fn": part}) for part in (attention, perceptron))


def _block() -> nn.Module:
    from timm.models.vision_transformer import Block

    norm: Any = partial(nn.LayerNorm, eps=1e-6)
    block = Block(DIM, HEADS, qkv_bias=True, init_values=1e-5, norm_layer=norm)
    block.requires_grad_(False)
    block.mlp.fc1 = VectorLoRALinear(DIM, 4 * DIM)
    block.mlp.fc2 = VectorLoRALinear(4 * DIM, DIM)
    return block
