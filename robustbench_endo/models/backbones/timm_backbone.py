"""`timm:<name>`: any network of timm that ends in a feature map, SurgeNet's CAFormer, ConvNeXtV2 and PVTv2 included."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from torch import nn

from robustbench_endo.models.backbones.base import AdaptedBackbone, Encoder, normalisation
from robustbench_endo.models.backbones.feature_maps import feature_map
from robustbench_endo.models.backbones.timm_networks import timm_network
from robustbench_endo.models.backbones.vit import is_plain_transformer, plain_encoder

PREFIX = "timm:"


@dataclass(frozen=True)
class TimmBackbone(AdaptedBackbone):
    """Trained completely unless frozen; under TESLA every convolution and linear layer has its adapters.

    Attributes:
        depth: layers to keep of a plain vision transformer, 0 = all.
        network: not an option of the spec; timm's name.
    """

    name = "timm"
    licence = "see timm's model card"

    adapter: Literal["lora", "mlp", "dvlora", "all", "none"] = "all"
    frozen: bool = False
    depth: int = 0
    network: str = field(default="", metadata={"option": False})

    def build(self, adapters: int) -> Encoder:
        """See :meth:`Backbone.build`.

        Raises:
            UnknownNameError: timm has no such network.
        """
        network = self._any_size()
        if is_plain_transformer(network):
            return plain_encoder(self, network, self.depth, adapters)
        channels, stride = int(network.num_features), int(network.feature_info[-1]["reduction"])
        body = feature_map(network)
        self.freeze_and_adapt(body, adapters)
        return Encoder(nn.Identity(), body, channels, stride, *normalisation(network))

    def _any_size(self) -> Any:
        """The network, made for any size if its family can be, else for the input size."""
        choices: list[dict[str, Any]] = [{"dynamic_img_size": True}, {"img_size": self.target_size}, {}]
        for arguments in choices:
            try:
                return timm_network(self.network, self.trunk, global_pool="", **arguments)
            except TypeError as error:
                if arguments and "unexpected keyword" in str(error):
                    continue
                raise
        raise AssertionError("the last choice has no arguments to refuse")
