"""Add a user-defined metric to an evaluation: ``python examples/custom_metric.py``."""

import torch

import robustbench_endo as rb
from robustbench_endo.metrics import Metric
from robustbench_endo.tasks.segmentation.batch import SegmentationBatch


class Recall(Metric):
    """Recall of the foreground classes."""

    name, label, unit, higher_is_better = "recall", "Recall", "%", True
    description = "Fraction of the pixels of each foreground class that is labelled correctly, mean over classes."

    def score(self, batch: SegmentationBatch) -> torch.Tensor:
        """One value per frame in [0, 1]; 0 / 0 is NaN, so a class that the frame lacks is not in the mean."""
        counts = batch.counts  # pixels (B, C): true positives, false positives, false negatives
        return (counts.tp / (counts.tp + counts.fn))[:, 1:].nanmean(1)


data = rb.load_dataset("synthetic", split="test", frames=2)
model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
results = rb.evaluate({"tiny-resnet": model}, data, corruptions="smoke", severities=(1, 5), metrics=[Recall])
print(results.frame[["corruption", "severity", "image_id", "iou_mean", "recall"]].round(3).to_string(index=False))
print(results.scores(intervals=True)[["corruption", "severity", "recall", "recall_low", "recall_high"]].round(1))
