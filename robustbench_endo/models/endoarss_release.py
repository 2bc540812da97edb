"""`endoarss/official`: the graph of the EndoARSS authors' code, to import their checkpoints.

It keeps what is unusual in their code, because their weights were trained with it: images are not normalised,
the (256 tokens, 768 channels) are read as 256 channels of 16 x 48, SMA and everything else in the trunk but DV-LoRA
is frozen, and SMA carries a transformer that is never run. Use ``endoarss/tesla`` for anything but comparing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.models.labels import LabelSpaces, counts_of, set_labels
from robustbench_endo.models.layers.sma import SMA

SIDE, PATCH, DIM, HEADS, RANK = 224, 14, 768, 12, 4

GRID, TRAINED_GRID = SIDE // PATCH, 37

NUDGE = 0.1  # as in DINOv2: added to the grid before its quotient becomes a scale factor


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


class ReleaseTrunk(nn.Module):
    """Images (B, 3, H, W) -> patch tokens (B, 256, 768)."""

    def __init__(self, depth: int) -> None:
        super().__init__()
        from timm.layers.patch_embed import PatchEmbed  # here, as timm takes seconds to import

        self.mob = _SMAWithUnusedLayers(512, 7)
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


class _SMAWithUnusedLayers(SMA):
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


WIDTH = 256

RATES = (12, 24, 36)


class SegmentationDecoder(nn.Sequential):
    """DeepLab-v3: (B, 256, h, w) -> (B, classes, h, w)."""

    def __init__(self, classes: int) -> None:
        convolution = nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False)
        super().__init__(_Pyramid(), convolution, nn.BatchNorm2d(WIDTH), nn.ReLU(), nn.Conv2d(WIDTH, classes, 1))


class ActivityDecoder(nn.Sequential):
    """(B, 256, h, w) -> (B, activities)."""

    def __init__(self, activities: int) -> None:
        convolution = nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False)
        pool = (nn.AdaptiveAvgPool2d(1), nn.Flatten())
        super().__init__(convolution, nn.BatchNorm2d(WIDTH), nn.ReLU(), *pool, nn.Linear(WIDTH, activities))


class _Pyramid(nn.Module):
    """Atrous spatial pyramid pooling, with dropout after the projection."""

    def __init__(self) -> None:
        super().__init__()
        branches = [_branch(nn.Conv2d(WIDTH, WIDTH, 1, bias=False))]
        branches += [_branch(nn.Conv2d(WIDTH, WIDTH, 3, padding=r, dilation=r, bias=False)) for r in RATES]
        pooled = _branch(nn.AdaptiveAvgPool2d(1), nn.Conv2d(WIDTH, WIDTH, 1, bias=False))
        self.convs = nn.ModuleList([*branches, pooled])
        projection = nn.Conv2d(len(self.convs) * WIDTH, WIDTH, 1, bias=False)
        self.project = nn.Sequential(projection, nn.BatchNorm2d(WIDTH), nn.ReLU(), nn.Dropout(0.5))

    def forward(self, x: Tensor) -> Tensor:
        """(B, 256, h, w) -> (B, 256, h, w)."""
        maps = [convolve(x).expand(-1, -1, *x.shape[2:]) for convolve in self.convs]
        fused: Tensor = self.project(torch.cat(maps, dim=1))
        return fused


def _branch(*layers: nn.Module) -> nn.Sequential:
    return nn.Sequential(*layers, nn.BatchNorm2d(WIDTH), nn.ReLU())


DECODERS: Mapping[str, tuple[str, Callable[[int], nn.Module]]] = {
    "segmentation": ("segmentation", SegmentationDecoder),
    "activity": ("classification", ActivityDecoder),
}
"""Task -> its name in the authors' checkpoints, and its decoder for a number of labels."""


class ReleaseNetwork(nn.Module):
    """A model whose tensors are named as in the authors' checkpoints."""

    input_size: tuple[int, int] | None = None  # it resizes in a different way

    def __init__(self, spec: str, depth: int, labels: LabelSpaces) -> None:
        super().__init__()
        self.spec = spec
        set_labels(self, labels)
        self.encoder = _Named(ReleaseTrunk(depth))
        counts = counts_of(labels)
        decoders = {name: build(counts[task]) for task, (name, build) in DECODERS.items() if task in counts}
        self.decoders = nn.ModuleDict(decoders)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) in [0, 1] -> ``segmentation`` (B, C, 16, 48), ``activity`` (B, K)."""
        features = self.features(images)
        return {task: self.decoders[name](features) for task, (name, _) in DECODERS.items() if name in self.decoders}

    def with_auxiliary(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The logits, and no auxiliary losses."""
        return self(images), {}

    def features(self, images: Tensor) -> Tensor:
        """Tokens (B, 256, 768) read as (B, 256, 16, 48), as the authors' code does."""
        tokens: Tensor = self.encoder.encoder(images)
        return tokens.reshape(tokens.shape[0], 256, 16, 48)


class _Named(nn.Module):
    """The second wrapper of the authors around the trunk: `encoder.encoder`."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder


@dataclass(frozen=True)
class EndoARSSRelease:
    """Options of ``endoarss/official``.

    Attributes:
        depth: transformer layers; the authors' checkpoints have 12.
    """

    name: ClassVar[str] = "endoarss/official"
    licence: ClassVar[str] = "not stated by its authors"

    depth: int = 12

    def build(self, labels: LabelSpaces) -> ReleaseNetwork:
        """A fresh network with decoders for the tasks that have labels."""
        spec = self.name if self.depth == 12 else f"{self.name}@depth={self.depth}"
        return ReleaseNetwork(spec, self.depth, labels)
