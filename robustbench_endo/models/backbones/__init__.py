"""Backbones by name: one file, one line here, one row in the golden table of the tests."""

from robustbench_endo.models.backbones.base import Backbone, Encoder
from robustbench_endo.models.backbones.tiny_endoarss import TinyEndoARSS
from robustbench_endo.models.backbones.tiny_resnet import TinyResNet

__all__ = ["BACKBONES", "Backbone", "Encoder"]

BACKBONES: tuple[type[Backbone], ...] = (TinyResNet, TinyEndoARSS)
