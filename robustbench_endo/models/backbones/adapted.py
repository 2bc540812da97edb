"""Backbones that are a timm network, frozen with adapters or trained whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from torch import nn

from robustbench_endo.models.backbones.base import MEAN, STD, Backbone
from robustbench_endo.models.layers.lora_inject import (
    adapt,
    every_layer,
    perceptron,
    perceptron_with_vectors,
    query_value,
)

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
        """In place; a frozen trunk always carries an adapter unless there is to be none, a trained one only TESLA's.

        Raises:
            ValueError: an architecture that lives by adapters gets none.
        """
        if adapters and self.adapter == "none":
            raise ValueError("adapter=none, where the architecture is made of adapters (choose another adapter)")
        if self.frozen:
            from timm.layers.norm_act import freeze_batch_norm_2d  # here, as timm takes seconds to import

            body.requires_grad_(False)
            freeze_batch_norm_2d(body)  # type: ignore[no-untyped-call]
        count = adapters or int(self.frozen and self.adapter != "none")
        if count:
            adapt(body, WRAPS[self.adapter], count, self.rank, self.alpha)


def normalisation(network: nn.Module) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation that a timm network's weights were trained with."""
    config = getattr(network, "pretrained_cfg", None) or {}
    return tuple(config.get("mean", MEAN)), tuple(config.get("std", STD))
