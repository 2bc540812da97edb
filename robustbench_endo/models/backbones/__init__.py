"""Backbones: one entry in ``BACKBONES`` and one row in the golden table of the tests each."""

from robustbench_endo.models.backbones.base import Backbone, Encoder
from robustbench_endo.models.backbones.resnet import ResNet101, TinyResNet
from robustbench_endo.models.backbones.timm_backbone import PREFIX, TimmBackbone
from robustbench_endo.models.backbones.tiny_endoarss import TinyEndoARSS
from robustbench_endo.models.backbones.vit import DINOv2, DINOv3, EndoARSS

__all__ = ["BACKBONES", "PREFIX", "Backbone", "Encoder", "TimmBackbone"]

BACKBONES: tuple[type[Backbone], ...] = (TinyResNet, TinyEndoARSS, ResNet101, DINOv2, DINOv3, EndoARSS)
"""In addition, ``timm:<name>`` is any network of timm."""
