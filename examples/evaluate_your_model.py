"""Evaluate a segmentation model under two corruptions: ``python examples/evaluate_your_model.py``."""

import torch
from torch import nn

import robustbench_endo as rb


class Threshold(nn.Module):
    """A stand-in for your network: grey pixels are the shaft of an instrument (class 1), all others background."""

    def __init__(self, num_classes: int) -> None:
        super().__init__()
        self.num_classes = num_classes

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        """Logits (B, C, H, W) of frames (B, 3, H, W), RGB in [0, 1]."""
        logits = images.new_zeros(len(images), self.num_classes, *images.shape[2:])
        saturation = images.amax(1) - images.amin(1)
        logits[:, 1] = 20 * (0.15 - saturation)
        return {"segmentation": logits}


data = rb.load_dataset("synthetic", split="test", frames=2)  # your frames: rb.load_dataset("folder", root="my_frames")
model = Threshold(len(data.classes))
results = rb.evaluate({"threshold": model}, data, corruptions=["smoke", "contrast"], severities=(1, 5))
print(results.table().round(2).to_string())
