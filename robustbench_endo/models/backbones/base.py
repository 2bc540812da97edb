"""The interface of a backbone, and the options of those that are a timm network, frozen or not."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar, Literal

from torch import Tensor, nn

from robustbench_endo.models.layers.lora_inject import (
    every_layer,
    inject_lora,
    perceptron,
    perceptron_with_vectors,
    query_value,
)

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
"""Of ImageNet, per RGB channel on [0, 1]: the normalisation of most of timm's weights."""


class Encoder(nn.Module):
    """Normalised images (B, 3, H, W) -> a feature map (B, channels, h, w) with the image's geometry.

    ``stem`` is the same for every task; the adapters, if any, sit in ``body``.

    Args:
        multiple: H and W must be multiples of it (the side of a patch, or the stride of the map).
        mean, std: of the normalisation, per channel.
    """

    def __init__(
        self,
        stem: nn.Module,
        body: nn.Module,
        channels: int,
        multiple: int = 1,
        mean: tuple[float, ...] = MEAN,
        std: tuple[float, ...] = STD,
    ) -> None:
        super().__init__()
        self.stem, self.body, self.channels = stem, body, channels
        self.multiple, self.mean, self.std = multiple, mean, std

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) -> (B, channels, h, w)."""
        features: Tensor = self.body(self.stem(images))
        return features


@dataclass(frozen=True)
class Backbone(ABC):
    """The options of one backbone; every field can be set in a spec string (`...@rank=8`).

    Attributes:
        input_size: height and width that images are resized to; `any` = not resized, padded to whole patches instead.
        rank: rank of the low-rank adapters.
        alpha: their scale is alpha / rank.
        head_channels: width of both heads.
        rates: dilations of the segmentation head's pyramid.
        upscale: sub-pixel factor of the segmentation head.
        pool: pooling of the classification head over its map, `mean` or `max`.
        pooled_norm: whether the pyramid's branch of the mean has a batch norm, as in the EndoARSS authors' code.
        dropout: probability after the pyramid's projection; the authors': 0.5.
        trunk: not an option of the spec; where the trunk's weights come from: None = fresh, `"pretrained"` = timm's
            own, or the tensors of a checkpoint of only the backbone.
    """

    name: ClassVar[str]
    licence: ClassVar[str] = "no pretrained trunk"
    """Of the pretrained trunk's weights."""
    select: ClassVar[int] = 2
    """Experts that DSelect-k selects by default."""

    input_size: tuple[int, ...] = (224, 224)
    rank: int = 4
    alpha: float = 4.0
    head_channels: int = 256
    rates: tuple[int, ...] = (12, 24, 36)
    upscale: int = 1
    pool: Literal["mean", "max"] = "mean"
    pooled_norm: bool = True
    dropout: float = 0.5
    trunk: Literal["pretrained"] | Mapping[str, Tensor] | None = field(
        default=None, compare=False, repr=False, metadata={"option": False}
    )

    @property
    def target_size(self) -> tuple[int, int] | None:
        """Height and width that images are resized to, None = any."""
        return (self.input_size[0], self.input_size[-1]) if self.input_size else None

    def fixed_size(self) -> tuple[int, int]:
        """The input size, for parts that need a fixed one.

        Raises:
            ValueError: the input size is `any`.
        """
        if self.target_size is None:
            raise ValueError("input_size=any, where a fixed size is needed (give input_size=HEIGHTxWIDTH)")
        return self.target_size

    @abstractmethod
    def build(self, adapters: int) -> Encoder:
        """A fresh encoder.

        Args:
            adapters: low-rank adapters per adapted layer: one per task under TESLA (the body then takes a task-major
                batch), 0 where the architecture has none; a backbone that always has LoRA reads 0 as 1.
        """


WRAPS = {"lora": query_value, "mlp": perceptron, "dvlora": perceptron_with_vectors, "all": every_layer}


@dataclass(frozen=True)
class AdaptedBackbone(Backbone):
    """Options of every backbone that can be frozen.

    Attributes:
        adapter: `lora` on q and v (the paper), `mlp` on the blocks' perceptrons, `dvlora` on them as in the authors'
            code, `all` on every convolution and linear layer, `none`.
        frozen: the trunk is not trained, only its adapters are.
    """

    adapter: Literal["lora", "mlp", "dvlora", "all", "none"] = "lora"
    frozen: bool = True

    def freeze_and_adapt(self, body: nn.Module, adapters: int) -> None:
        """Freeze and adapt in place: a frozen trunk has an adapter unless `none` is set, a trained one only TESLA's.

        Raises:
            ValueError: no adapters for an architecture that consists of them.
        """
        if adapters and self.adapter == "none":
            raise ValueError("adapter=none, where the architecture is made of adapters (choose another adapter)")
        if self.frozen:
            from timm.layers.norm_act import freeze_batch_norm_2d  # here, as timm takes seconds to import

            body.requires_grad_(False)
            freeze_batch_norm_2d(body)  # type: ignore[no-untyped-call]
        count = adapters or int(self.frozen and self.adapter != "none")
        if count:
            inject_lora(body, WRAPS[self.adapter], count, self.rank, self.alpha)


def normalisation(network: nn.Module) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation that a timm network's weights were trained with."""
    config = getattr(network, "pretrained_cfg", None) or {}
    return tuple(config.get("mean", MEAN)), tuple(config.get("std", STD))
