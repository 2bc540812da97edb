"""The columns of results.parquet."""

import numpy as np
import pyarrow as pa
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.metrics import Metric
from robustbench_endo.results.schema import KEYS, arrow_schema, check_schema, record_columns, undefined_columns
from robustbench_endo.tasks.registry import TASKS

LABELS = {"segmentation": ["background", "tool"], "activity": ["idle"]}


class TipError(Metric):
    name, unit, description = "tip_error", "px", "Distance of the instrument tips."


def test_record_columns_are_those_of_tasks_and_metrics():
    names = [column.name for column in record_columns(TASKS, LABELS, {"segmentation": [TipError()]})]
    assert names[:3] == ["image_checksum", "image_ssim", "image_psnr"]
    assert {"tp_0", "tp_1", "seg_bin_count_14", "activity_brier", "tip_error"} <= set(names)
    assert "tp_2" not in names
    assert len(names) == len(set(names))


def test_record_columns_without_segmentation():
    names = [column.name for column in record_columns(TASKS[:1], LABELS, {})]
    assert all(name.startswith(("image_", "activity_", "content_share")) for name in names)


def test_record_columns_describe_themselves():
    assert all(column.description for column in record_columns(TASKS, LABELS, {}))


def test_arrow_schema_only_floats_are_nullable():
    schema = arrow_schema(TASKS, LABELS, {})
    assert schema.names[: len(KEYS)] == list(KEYS)
    assert all(field.nullable == (field.type == pa.float32()) for field in schema)


def test_check_schema_names_missing_columns_and_wrong_types():
    schema = arrow_schema(TASKS, LABELS, {})
    check_schema(schema, schema, "x")
    with pytest.raises(RunError, match="got no tp_1: give a run folder"):
        check_schema(schema.remove(schema.get_field_index("tp_1")), schema, "x")
    position = schema.get_field_index("severity")
    with pytest.raises(RunError, match="severity as int64 instead of int8"):
        check_schema(schema.set(position, pa.field("severity", pa.int64())), schema, "x")


def test_undefined_columns_may_be_missing():
    undefined = undefined_columns(TASKS, LABELS)
    assert np.isnan(undefined["segmentation_confidence_margin"])
    schema = arrow_schema(TASKS, LABELS, {})
    without = pa.schema([field for field in schema if field.name not in undefined])
    check_schema(without, schema, "x", undefined)
    with pytest.raises(RunError, match="_confidence_margin"):
        check_schema(without, schema, "x")
