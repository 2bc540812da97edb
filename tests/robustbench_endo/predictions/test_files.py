"""Files of predictions."""

import pyarrow as pa
import pytest

from robustbench_endo.predictions.files import (
    chunk_file,
    missing_predictions,
    prediction_problem,
    prediction_schema,
    prediction_writer,
)

SCHEMA = prediction_schema({"segmentation": True, "activity": False}, logits=False)
ROWS = [
    dict(zip(SCHEMA.names, ("m", "smoke", 2.5, 0, f"{i}.png", b"\x89PNG", [0.25, 0.75]), strict=True)) for i in range(4)
]


def write(folder, rows=ROWS, size=4, schema=SCHEMA):
    with prediction_writer(chunk_file(folder, 3), schema, "run", 3) as writer:
        writer.write([pa.Table.from_pylist(rows[start : start + size], schema) for start in range(0, len(rows), size)])
    return chunk_file(folder, 3)


@pytest.mark.parametrize("size", [1, 3, 4])
def test_prediction_problem_is_empty_for_what_was_written(tmp_path, size):
    assert prediction_problem(write(tmp_path, size=size), "run", 3, logits=False) == ""
    assert missing_predictions(tmp_path, "run", 3, "all") == ""


def test_prediction_problem_names_what_is_wrong(tmp_path):
    path = write(tmp_path)
    assert prediction_problem(path, "other", 3, logits=False) == "they are those of another run or chunk"
    assert prediction_problem(path, "run", 4, logits=False) == "they are those of another run or chunk"
    assert prediction_problem(path, "run", 3, logits=True) == "they have no logits"
    assert prediction_problem(tmp_path / "none", "run", 3, logits=False) == "no such file"
    path.write_bytes(path.read_bytes()[:-9])
    assert prediction_problem(path, "run", 3, logits=False).startswith("they are damaged (")
    assert missing_predictions(tmp_path, "run", 3, "worst") == ""


def test_prediction_writer_leaves_no_file_after_an_error(tmp_path):
    with pytest.raises(KeyError), prediction_writer(chunk_file(tmp_path, 0), SCHEMA, "run", 0):
        raise KeyError
    assert list((tmp_path / "predictions").iterdir()) == []
