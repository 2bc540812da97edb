import re
import shutil

import numpy as np
import pytest
from PIL import Image


def test_label_problems_reports_labels_beyond_the_classes(validate):
    (problem,) = validate(classes=("background", "instrument")).problems
    assert "Labels beyond the 2 classes (2) in 16 masks" in problem.text
    assert len(problem.frames) == 16


def test_label_problems_reports_gaps_of_unnamed_classes(validate, root, write_mask):
    for path in root.glob("*/*/mask/*.png"):
        write_mask(path, np.asarray(Image.open(path)) * 2)
    (problem,) = validate().problems
    assert "Expected labels numbered from 0 without gaps, got 0, 2, 4 without 1, 3: map them, as in" in problem.text
    named = validate(classes=("a", "b", "c", "d", "e"))
    assert named.problems == ()
    assert [remark.text for remark in named.remarks] == ["In no mask: b, d."]


def test_label_problems_names_the_common_values_of_blurred_masks(validate, root, write_mask):
    random = np.random.default_rng(0)
    for path in root.glob("*/*/mask/*.png"):
        mask = np.asarray(Image.open(path)) * 70
        noise = random.random(mask.shape) < 0.01
        write_mask(path, mask + noise * random.integers(0, 40, mask.shape))
    (problem,) = validate().problems
    assert (
        "% of the pixels are 0, 70, 140: a lossy codec may have blurred these): write class indices as PNG"
        in problem.text
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, r"got only 0 \(background\): every"), (255, r"got 255 \(ignored\) in every pixel of every mask")],
)
def test_label_problems_reports_a_single_class(validate, root, write_mask, value, text):
    for path in root.glob("*/*/mask/*.png"):
        write_mask(path, np.full((48, 64), value))
    (problem,) = validate().problems
    assert re.search(text, problem.text)


def test_label_remarks_names_a_class_without_training_data(validate, root, write_mask):
    for path in root.glob("train/*/mask/*.png"):
        write_mask(path, np.asarray(Image.open(path)) > 0)
    findings = validate(classes=("background", "shaft", "tip"))
    assert [remark.text for remark in findings.remarks] == [
        "In test, but not in train: tip: a model trained on this train split cannot predict them."
    ]


def test_activity_remarks_names_activities_of_one_split(validate, root):
    (root / "train/2").rename(root / "train/3")
    texts = [remark.text for remark in validate().remarks]
    assert texts == [
        "Only in train: 3: they are never tested.",
        "In test, but not in train: 2: a model trained on this train split cannot predict them.",
    ]


def test_activity_remarks_reports_a_single_activity(validate, root):
    for split in ("train", "test"):
        shutil.rmtree(root / split / "2")
    texts = [remark.text for remark in validate().remarks]
    assert texts == ["Every frame has the same activity (1): there is nothing to distinguish."]
