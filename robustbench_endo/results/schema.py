"""The columns of results.parquet: one row an image x condition x model."""

from __future__ import annotations

KEYS = ("model", "corruption", "severity", "image_id", "group")
"""Text, text, int8, text, text. The clean condition is corruption ``clean``, severity 0."""

CLEAN = "clean"

MEASURED: dict[str, str] = {
    "image_ssim": "structural similarity of corrupted and clean frame, 0 to 1 (the dose)",
    "image_psnr": "peak signal-to-noise ratio of corrupted and clean frame, dB (inf when equal)",
    "miou": "mean over present classes of intersection over union, 0 to 1",
    "dice": "mean over present classes of the Dice coefficient, 0 to 1",
    "miou_unwarped": "miou against the mask of the clean frame (differs where the geometry moved)",
    "dice_unwarped": "dice against the mask of the clean frame",
    "hd": "mean over present foreground classes of the Hausdorff distance, px",
    "hd95": "mean over present foreground classes of the 95th percentile Hausdorff distance, px",
    "assd": "mean over present foreground classes of the average symmetric surface distance, px",
    "nsd": "mean over present foreground classes of the normalised surface Dice at 2 px, 0 to 1",
    "diagonal": "image diagonal of the scored mask, px: distances divided by it are shares of the diagonal",
    "missed": "foreground classes in the target that the prediction lacks, or the reverse (count)",
    "scored": "foreground classes present in target or prediction (count)",
    "ssim": "structural similarity of the one-hot masks, mean over present classes",
    "segmentation_confidence": "mean over pixels of the largest class probability",
    "segmentation_entropy": "mean over pixels of the predictive entropy, nats",
    "activity_target": "class index, -1 when the frame has none",
    "activity_prediction": "class index, -1 when the model gives none",
    "activity_confidence": "largest class probability",
    "activity_entropy": "predictive entropy, nats",
}
"""Float32 unless said otherwise (``missed``, ``scored``, ``activity_target``, ``activity_prediction`` are int16);
NaN where a task, a mask or every class is absent."""


def count_columns(classes: int) -> list[str]:
    """``tp_0 .. fn_<C-1>``: int32 pixels an image and class; all that overlap measures need."""
    return [f"{kind}_{index}" for kind in ("tp", "fp", "fn") for index in range(classes)]
