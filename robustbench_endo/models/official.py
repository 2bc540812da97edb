"""`endoarss/official`: the graph of the EndoARSS authors' code, so that a checkpoint of theirs can be imported.

Everything unusual here is theirs and is kept, because their weights were trained with it: images are not normalised,
the (256 tokens, 768 channels) are read as 256 channels of 16 x 48, SMA and everything else in the trunk but DV-LoRA
is frozen, and SMA carries a transformer that is never run. Use ``endoarss/tesla`` for anything but comparing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from robustbench_endo.models.official_heads import ActivityDecoder, SegmentationDecoder
from robustbench_endo.models.official_trunk import OfficialTrunk

TASKS = {"segmentation": "segmentation", "activity": "classification"}
"""Our names of the tasks, and theirs."""


class OfficialNetwork(nn.Module):
    """Meets the Model contract; tensors are named as in the authors' checkpoints."""

    input_size: tuple[int, int] | None = None  # it resizes in its own way

    def __init__(self, spec: str, depth: int, num_classes: int, num_activities: int) -> None:
        super().__init__()
        self.spec, self.num_classes, self.num_activities = spec, num_classes, num_activities
        self.encoder = _Named(OfficialTrunk(depth))
        decoders: dict[str, nn.Module] = {}
        if num_classes:
            decoders["segmentation"] = SegmentationDecoder(num_classes)
        if num_activities:
            decoders["classification"] = ActivityDecoder(num_activities)
        self.decoders = nn.ModuleDict(decoders)

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """(B, 3, H, W) in [0, 1] -> ``segmentation`` (B, C, 16, 48), ``activity`` (B, K)."""
        features = self.features(images)
        return {ours: self.decoders[theirs](features) for ours, theirs in TASKS.items() if theirs in self.decoders}

    def with_auxiliary(self, images: Tensor) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """The logits, and no auxiliary losses."""
        return self(images), {}

    def features(self, images: Tensor) -> Tensor:
        """Tokens (B, 256, 768) read as (B, 256, 16, 48), as the authors' code does."""
        tokens: Tensor = self.encoder.encoder(images)
        return tokens.reshape(tokens.shape[0], 256, 16, 48)


class _Named(nn.Module):
    """The authors wrap the trunk once more: `encoder.encoder`."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.encoder = encoder


@dataclass(frozen=True)
class Official:
    """Options of ``endoarss/official``.

    Attributes:
        depth: transformer layers; the authors' checkpoints have 12.
    """

    name: ClassVar[str] = "endoarss/official"
    licence: ClassVar[str] = "not stated by its authors"

    depth: int = 12

    def build(self, num_classes: int, num_activities: int) -> OfficialNetwork:
        """A fresh network with decoders for the tasks that have labels."""
        spec = self.name if self.depth == 12 else f"{self.name}@depth={self.depth}"
        return OfficialNetwork(spec, self.depth, num_classes, num_activities)
