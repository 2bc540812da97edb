"""Backbones by name: one file, one line here, one row in the golden table of the tests."""

from robustbench_endo.models.backbones.base import Backbone, Encoder
from robustbench_endo.models.backbones.dinov2 import DINOv2
from robustbench_endo.models.backbones.dinov3 import DINOv3
from robustbench_endo.models.backbones.endoarss import EndoARSS
from robustbench_endo.models.backbones.resnet101 import ResNet101
from robustbench_endo.models.backbones.timm_backbone import PREFIX, TimmBackbone
from robustbench_endo.models.backbones.tiny_endoarss import TinyEndoARSS
from robustbench_endo.models.backbones.tiny_resnet import TinyResNet

__all__ = ["BACKBONES", "PREFIX", "Backbone", "Encoder", "TimmBackbone"]

BACKBONES: tuple[type[Backbone], ...] = (TinyResNet, TinyEndoARSS, ResNet101, DINOv2, DINOv3, EndoARSS)
"""Besides these, ``timm:<name>`` is any network of timm."""
