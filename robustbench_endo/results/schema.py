"""The columns of results.parquet: one row an image x condition x model."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from robustbench_endo.errors import RunError

CLEAN = "clean"
"""The corruption of the clean condition, whose severity is 0."""

RECORDED = "recorded"
"""The group of recorded conditions (pictures really taken in smoke, blood, low light): one severity, 1, and in no
mean over corruptions."""

KEYS: dict[str, pa.DataType] = {
    "model": pa.string(),
    "corruption": pa.string(),
    "severity": pa.int8(),
    "image_id": pa.string(),
    "subject_id": pa.string(),
}

MEASURED: dict[str, str] = {
    "image_ssim": "structural similarity of corrupted and clean frame, 0 to 1 (the distortion)",
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
    "activity_brier": "sum over activities of (probability - truth)^2, 0 to 2",
}
"""Float32; NaN where a task, a mask or every class is absent."""

OPTIONAL = ("activity_brier",)
"""Columns that older runs lack, as the ``seg_bin_`` columns: they load, without the quantities made of them."""

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


def bin_columns(kind: str) -> list[str]:
    """``seg_bin_<kind>_0 .. _14`` of a fixed sample of pixels, by confidence: ``count``, ``right``, ``confidence``."""
    return [f"seg_bin_{kind}_{index}" for index in range(15)]


def is_count(name: str) -> bool:
    """Is it one of the columns of counts of :func:`count_columns` or :func:`bin_columns`?"""
    return name.startswith(("tp_", "fp_", "fn_", "seg_bin_"))


def arrow_schema(classes: int, extra: Sequence[str] = ()) -> pa.Schema:
    """The exact schema for ``classes`` mask labels; ``extra`` names float32 columns of a user's own metrics."""
    fields = [pa.field(name, kind, nullable=False) for name, kind in KEYS.items()]
    fields += [pa.field(name, pa.float32()) for name in (*MEASURED, *extra)]
    fields += [pa.field(name, pa.int16(), nullable=False) for name in COUNTED]
    fields += [pa.field(name, pa.int32(), nullable=False) for name in count_columns(classes)]
    for kind, number in (("count", pa.int32()), ("right", pa.int32()), ("confidence", pa.float32())):
        fields += [pa.field(name, number, nullable=False) for name in bin_columns(kind)]
    return pa.schema(fields)


def custom_columns(found: Sequence[str]) -> list[str]:
    """The columns that a user's own metrics added."""
    known = {*KEYS, *MEASURED, *COUNTED}
    return [name for name in found if name not in known and not is_count(name)]


def schema_of(found: Sequence[str]) -> pa.Schema:
    """The schema that a table with these columns has to have; optional columns that it lacks are left out."""
    classes = sum(name.startswith("tp_") for name in found)
    fields = [
        field for field in arrow_schema(classes, custom_columns(found)) if field.name in found or not _late(field.name)
    ]
    return pa.schema(fields)


def check_schema(found: pa.Schema, source: str) -> None:
    """Raise :class:`RunError` when a table lacks a column of the schema, or has one of another type."""
    expected = schema_of(found.names)
    missing = [field.name for field in expected if field.name not in found.names]
    if missing:
        raise RunError(
            f"Expected the columns of a robustness run in {source}, got no {', '.join(missing[:5])}: "
            "give a run folder or a results.parquet written by robust-endo evaluate."
        )
    other = [f"{field.name} as {found.field(field.name).type} instead of {field.type}" for field in expected
             if not _alike(found.field(field.name).type, field.type)]  # fmt: skip
    if other:
        raise RunError(
            f"Expected the column types of a robustness run in {source}, got {', '.join(other[:5])}: "
            "give a results.parquet written by robust-endo evaluate and changed by nothing else."
        )


def _late(name: str) -> bool:
    return name in OPTIONAL or name.startswith("seg_bin_")


def _alike(found: pa.DataType, expected: pa.DataType) -> bool:
    if pa.types.is_dictionary(found):
        found = found.value_type
    return bool(found.equals(expected) or (pa.types.is_large_string(found) and pa.types.is_string(expected)))
