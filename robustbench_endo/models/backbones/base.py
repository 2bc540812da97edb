"""What an architecture may ask of a backbone."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn


class Encoder(nn.Module):
    """Normalised images (B, 3, H, W) -> a feature map (B, channels, h, w) with the image's geometry.

    ``stem`` is the same for every task; the adapters, if any, sit in ``body``.
    """

    def __init__(self, stem: nn.Module, body: nn.Module, channels: int) -> None:
        super().__init__()
        self.stem, self.body, self.channels = stem, body, channels

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, channels, h, w)."""
        features: Tensor = self.body(self.stem(images))
        return features


@dataclass(frozen=True)
class Backbone(ABC):
    """The options of one backbone; every field can be set in a spec string (`...@rank=8`).

    Attributes:
        input_size: height and width that images are resized to.
        rank: rank of the low-rank adapters.
        alpha: their scale is alpha / rank.
        head_channels: width of both heads.
        rates: dilations of the segmentation head's pyramid.
        upscale: sub-pixel factor of the segmentation head.
    """

    name: ClassVar[str]

    input_size: tuple[int, ...] = (224, 224)
    rank: int = 4
    alpha: float = 4.0
    head_channels: int = 256
    rates: tuple[int, ...] = (12, 24, 36)
    upscale: int = 1

    @abstractmethod
    def build(self, adapters: int) -> Encoder:
        """A fresh encoder.

        Args:
            adapters: low-rank adapters beside every adapted layer: one per task under TESLA (the body then takes a
                task-major batch), 0 where the architecture asks for none; a backbone that always carries LoRA reads
                0 as 1.
        """
