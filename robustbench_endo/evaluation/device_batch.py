"""A batch of frames on the device that computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from robustbench_endo.evaluation.frames import FrameBatch
from robustbench_endo.evaluation.stages import upload
from robustbench_endo.metrics import CleanFrames


@dataclass(frozen=True)
class DeviceBatch:
    """Frames and what all their conditions share.

    Attributes:
        frames: the same on the host.
        images: float32 (B, 3, H, W) in [0, 1].
        masks: uint8 (B, H, W).
        clean: the images, prepared for comparison with what becomes of them.
    """

    frames: FrameBatch
    images: Tensor
    masks: Tensor
    clean: CleanFrames

    def __len__(self) -> int:
        return len(self.frames.ids)

    def at(self, places: Sequence[int]) -> DeviceBatch:
        """The frames at these places."""
        images = self.images[list(places)]
        return DeviceBatch(self.frames.at(places), images, self.masks[list(places)], CleanFrames(images))


def on_device(frames: FrameBatch, device: torch.device) -> DeviceBatch:
    """Bring frames to the device as bytes and make them floating there, once for all conditions."""
    images = upload(frames.images, device).float() / 255
    batch = DeviceBatch(frames, images, upload(frames.masks, device), CleanFrames(images))
    if device.type == "cuda":
        torch.cuda.current_stream(device).synchronize()  # other streams read it from now on
    return batch
