"""``robust-endo datasets`` and ``robust-endo datasets check``."""

import json

import pytest


@pytest.fixture
def root(make_folder):
    return make_folder(frames=2, splits=("train", "test"))


GROUPS = ("--subject-regex", r"((?:train|test)/./image/OP\d)")


def test_alone_it_lists(robust_endo):
    listed = robust_endo("datasets")
    assert listed.exit_code == 0
    assert "manifest" in listed.stdout
    assert "synthetic" in listed.stdout


def test_clean_data(robust_endo, root):
    done = robust_endo("datasets", "check", root, *GROUPS)
    assert done.exit_code == 0, done.stderr
    assert "No problems found." in done.stdout
    for text in ("train", "test", "64 x 48", "background", "class 2"):
        assert text in done.stdout


def test_problems_are_told_and_are_exit_code_3(robust_endo, root):
    (root / "test/1/image/OP1_img_00.png").write_bytes(b"damaged")
    done = robust_endo("datasets", "check", root)
    assert done.exit_code == 3
    assert "Problem: 1 of 8 frames cannot be used" in done.stdout
    assert "Problem: 2 subjects in several splits (OP1_img, OP2_img)" in done.stdout
    assert "2 problems found." in done.stdout


def test_json_is_complete_and_alone_on_standard_output(robust_endo, root):
    (root / "test/1/image/OP1_img_00.png").write_bytes(b"damaged")
    done = robust_endo("datasets", "check", root, "--format", "json", "--split", "test", "--classes", "back,shaft,tip")
    assert done.exit_code == 3
    found = json.loads(done.stdout)
    assert list(found["splits"]) == ["test"]
    assert found["classes"] == ["back", "shaft", "tip"]
    assert found["problems"][0]["frames"] == ["test: test/1/image/OP1_img_00.png"]


def test_many_groups_are_summed(robust_endo, root):
    rows = ["image,subject", *(f"{path.relative_to(root)},g{n:02d}" for n, path in enumerate(root.glob("*/*/image/*")))]
    image = root / "test/1/image/OP1_img_00.png"
    for number in range(30):
        (root / f"copy{number}.png").write_bytes(image.read_bytes())
        rows.append(f"copy{number}.png,h{number:02d}")
    (root / "frames.csv").write_text("\n".join(rows))
    done = robust_endo("datasets", "check", root / "frames.csv")
    assert "… 18 more" in done.stdout
    assert "Remark: 1 picture more than once in a split" in done.stdout
    assert done.exit_code == 0


def test_a_named_dataset(robust_endo):
    done = robust_endo("datasets", "check", "synthetic", "--split", "val")
    assert done.exit_code == 0, done.stdout
    assert "No problems found." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("./absent",), "Expected a data folder"),
        (("sinthetic",), "did you mean synthetic?"),
        (("synthetic", "--split", "dev"), "got 'dev'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(robust_endo, arguments, text):
    done = robust_endo("datasets", "check", *arguments)
    assert done.exit_code == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_the_closest_command(robust_endo):
    assert "did you mean check?" in robust_endo("datasets", "chek").stderr
