import numpy as np
from PIL import Image


def test_leakage_problems_reports_subjects_in_several_splits(validate):
    (problem,) = validate(subject_regex=r"(OP\d)").problems
    assert problem.kind == "subjects"
    assert "2 subjects in several splits (OP1, OP2)" in problem.text
    assert len(problem.frames) == 16
    assert validate(subject_regex=r"^(train|test)").problems == ()


def test_leakage_problems_reports_identical_images_in_several_splits(validate, root):
    image = Image.open(root / "train/1/image/OP1_img_00.png")
    image.save(root / "test/2/image/OP2_img_03.png", compress_level=1)
    (problem,) = validate().problems
    assert problem.kind == "identical"
    assert "train: 1/image/OP1_img_00.png = test: 2/image/OP2_img_03.png" in problem.text


def test_leakage_remarks_reports_copies_within_a_split(validate, root):
    Image.open(root / "test/1/image/OP1_img_00.png").save(root / "test/2/image/OP2_img_03.png")
    findings = validate()
    assert findings.problems == ()
    assert "1 image more than once in a split" in findings.remarks[0].text


def test_leakage_remarks_reports_similar_images_in_different_splits(validate, root, scene):
    train, test = root / "train/1/image/OP1_img_00.png", root / "test/2/image/OP2_img_03.png"
    Image.fromarray(scene(0)).resize((64, 48)).save(train)
    noisy = np.clip(scene(0) + np.random.default_rng(1).normal(0, 8, (240, 320, 3)), 0, 255).astype(np.uint8)
    Image.fromarray(noisy).resize((64, 48)).save(test)
    findings = validate()
    assert findings.problems == ()
    (remark,) = findings.remarks
    assert remark.kind == "alike"
    assert "1 pair of images in different splits look alike" in remark.text
    assert remark.frames == ("train: 1/image/OP1_img_00.png", "test: 2/image/OP2_img_03.png")
