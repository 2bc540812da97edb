"""Metrics and decoding of predictions, on scenes with plausible predictions and on regions, the worst case."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from label_maps import CLASSES, regions, scene
from measured_corruptions import scenes
from measured_setting import Save, Setting, counted
from torch import Tensor

from robustbench_endo.metrics import (
    CleanReference,
    class_counts,
    confidence_and_entropy,
    mask_ssim,
    surface_distances,
)
from robustbench_endo.tasks.registry import get_task

SIZE = (512, 640)

Calls = dict[str, Callable[[], Any]]


def calls(setting: Setting, maps: tuple[Tensor, Tensor]) -> Calls:
    """The metrics of a batch on the device by name."""
    size = (maps[0].shape[-2], maps[0].shape[-1])
    pred, target = (labels.expand(setting.batch, -1, -1).contiguous().to(setting.device) for labels in maps)
    hot = F.one_hot(pred.long().clamp(max=CLASSES - 1), CLASSES).permute(0, 3, 1, 2).float()
    logits = (8 * F.avg_pool2d(hot, 4)).bfloat16()
    images = scenes(size, 1).expand(setting.batch, -1, -1, -1).contiguous().to(setting.device)
    clean, darker = CleanReference(images), images * 0.9
    task = get_task("segmentation")
    return {
        "surface_distances": lambda: surface_distances(pred, target, CLASSES),
        "mask_ssim": lambda: mask_ssim(pred, target, CLASSES),
        "class_counts": lambda: class_counts(pred, target, CLASSES),
        "decode": lambda: task.decode(logits, size),
        "confidence_and_entropy": lambda: confidence_and_entropy(logits),
        "image_ssim": lambda: clean.ssim(darker),
        "image_psnr": lambda: clean.psnr(darker),
    }


def measure(setting: Setting, save: Save) -> None:
    """Milliseconds per frame."""
    size = setting.of(SIZE, (48, 64))
    result: dict[str, Any] = {"size": list(size), "batch": setting.batch}
    with torch.inference_mode():
        for kind, maps in (("scene", scene(size)), ("regions", regions(size))):
            result[kind] = rows = {}
            for name, call in calls(setting, maps).items():
                ms = setting.milliseconds(call)
                rows[name] = {"ms_per_frame": ms / setting.batch, **counted(call, setting)}
                save(result)
