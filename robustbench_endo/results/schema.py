"""The columns of results.parquet: one row an image x condition x model."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from robustbench_endo.errors import RunError

CLEAN = "clean"
"""The corruption of the clean condition, whose severity is 0."""

KEYS: dict[str, pa.DataType] = {
    "model": pa.string(),
    "corruption": pa.string(),
    "severity": pa.int8(),
    "image_id": pa.string(),
    "group": pa.string(),
}

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
    "diagonal": "diagonal of the scored mask, px: distances divided by it are shares of the diagonal",
    "ssim": "structural similarity of the one-hot masks, mean over present classes",
    "segmentation_confidence": "mean over pixels of the largest class probability",
    "segmentation_entropy": "mean over pixels of the predictive entropy, nats",
    "activity_confidence": "largest class probability",
    "activity_entropy": "predictive entropy, nats",
}
"""Float32; NaN where a task, a mask or every class is absent."""

COUNTED: dict[str, str] = {
    "missed": "foreground classes that only one of prediction and target has",
    "scored": "foreground classes that prediction or target has",
    "activity_target": "class index, -1 when the frame has none",
    "activity_prediction": "class index, -1 when the model gives none",
}
"""Int16."""


def count_columns(classes: int) -> list[str]:
    """``tp_0 .. fn_<C-1>``: int32 pixels an image and class; all that overlap measures need (all 0: no mask)."""
    return [f"{kind}_{index}" for kind in ("tp", "fp", "fn") for index in range(classes)]


def arrow_schema(classes: int, extra: Sequence[str] = ()) -> pa.Schema:
    """The exact schema for ``classes`` mask labels; ``extra`` names float32 columns of a user's own metrics."""
    fields = [pa.field(name, kind, nullable=False) for name, kind in KEYS.items()]
    fields += [pa.field(name, pa.float32()) for name in (*MEASURED, *extra)]
    fields += [pa.field(name, pa.int16(), nullable=False) for name in COUNTED]
    fields += [pa.field(name, pa.int32(), nullable=False) for name in count_columns(classes)]
    return pa.schema(fields)


def check_columns(found: Sequence[str], source: str) -> None:
    """Raise :class:`RunError` when a table lacks a column of the schema."""
    missing = [name for name in (*KEYS, *MEASURED, *COUNTED) if name not in found]
    if missing:
        raise RunError(
            f"Expected the columns of a robustness run in {source}, found no {', '.join(missing[:5])}: "
            "give a run folder or a results.parquet written by robust-endo evaluate."
        )
