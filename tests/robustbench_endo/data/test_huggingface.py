"""Data sets of Hugging Face, made in memory, without network."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.data.from_torch import from_torch
from robustbench_endo.data.huggingface import from_huggingface
from robustbench_endo.errors import RobustEndoError

hf = pytest.importorskip("datasets")

CLASSES = ["tissue", "tool"]


@pytest.fixture(scope="module")
def split() -> Any:
    rng = np.random.default_rng(0)
    columns = {
        "image": [Image.fromarray(rng.integers(0, 256, (40, 48, 3), dtype=np.uint8)) for _ in range(4)],
        "label": [Image.fromarray(rng.integers(0, 2, (40, 48), dtype=np.uint8)) for _ in range(4)],
        "phase": [0, 1, 0, 1],
        "patient": ["a", "a", "b", "b"],
        "file_name": ["1.png", "2.png", "3.png", "4.png"],
    }
    text = hf.Value("string")
    phases = hf.ClassLabel(names=["cut", "hold"])
    features = {"image": hf.Image(), "label": hf.Image(), "phase": phases, "patient": text, "file_name": text}
    return hf.Dataset.from_dict(columns, features=hf.Features(features))


def test_from_huggingface_takes_names_of_labels_and_columns(split: Any) -> None:
    data = from_huggingface(split, CLASSES, subjects="patient")
    assert (data.classes, data.activities) == (("tissue", "tool"), ("cut", "hold"))
    assert (data.ids[0], data.subjects) == ("1.png", ["a", "a", "b", "b"])
    assert data[1].activity == 1
    assert np.array_equal(data[2].mask, split[2]["label"])
    assert np.array_equal(data[2].image.permute(1, 2, 0), split[2]["image"])
    assert from_huggingface(split, CLASSES).subject_source == "none"


def test_from_huggingface_equals_from_torch_and_other_formats(split: Any) -> None:
    data = from_huggingface(split, CLASSES, ids="file_name")
    same = from_torch(split, CLASSES, ["cut", "hold"], ids=split["file_name"])
    assert data.fingerprint(range(4)) == same.fingerprint(range(4))
    assert from_huggingface(split.with_format("torch"), CLASSES).fingerprint(range(4)) == data.fingerprint(range(4))


def test_from_huggingface_finds_the_names_of_nested_labels() -> None:
    labels = hf.Sequence(hf.Sequence(hf.ClassLabel(names=CLASSES)))
    columns = {"image": [Image.new("RGB", (6, 4))], "mask": [[[0, 1, 1, 0, 0, 0]] * 4]}
    split = hf.Dataset.from_dict(columns, features=hf.Features({"image": hf.Image(), "mask": labels}))
    data = from_huggingface(split)
    assert data.classes == ("tissue", "tool")
    assert data[0].mask is not None
    assert data[0].mask.sum() == 8


@pytest.mark.parametrize(
    ("change", "options", "text"),
    [
        (lambda split: hf.DatasetDict(test=split), {}, r"got a DatasetDict with 'test': give dataset\['test'\]"),
        (lambda split: split.to_iterable_dataset(), {}, "without streaming=True"),
        (lambda split: 3, {}, "got int: other data sets by rb.from_torch"),
        (lambda split: split.select([]), {}, "got an empty data set"),
        (lambda split: split, {"mask": "labell"}, "got 'labell': did you mean label"),
        (lambda split: split, {"subjects": "patients"}, "did you mean patient"),
        (lambda split: split.remove_columns(["phase"]), {}, "Expected classes=, the names of the labels in 'label'"),
    ],
)
def test_from_huggingface_names_what_helps(split: Any, change: Any, options: Any, text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        from_huggingface(change(split), **options)
