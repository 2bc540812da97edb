"""``robust-endo datasets`` and ``robust-endo datasets check``."""

import json

import pytest


@pytest.fixture
def root(make_folder):
    return make_folder(frames=2, splits=("train", "test"))


SUBJECTS = ("--subject-regex", r"((?:train|test)/./image/OP\d)")


def test_datasets_lists_names(robust_endo):
    result = robust_endo("datasets")
    assert result.exit_code == 0
    assert "manifest" in result.stdout
    assert "synthetic" in result.stdout


def test_check_without_errors(robust_endo, root):
    done = robust_endo("datasets", "check", root, *SUBJECTS)
    assert done.exit_code == 0, done.stderr
    assert "No errors." in done.stdout
    for text in ("train", "test", "64 x 48", "background", "class 2"):
        assert text in done.stdout


def test_check_reports_errors_with_exit_code_3(robust_endo, root):
    (root / "test/1/image/OP1_img_00.png").write_bytes(b"damaged")
    done = robust_endo("datasets", "check", root)
    assert done.exit_code == 3
    assert "Error: 1 of 8 frames cannot be used" in done.stdout
    assert "Error: 2 subjects in several splits (OP1_img, OP2_img)" in done.stdout
    assert "2 errors." in done.stdout


def test_check_json_is_complete(robust_endo, root):
    (root / "test/1/image/OP1_img_00.png").write_bytes(b"damaged")
    done = robust_endo("datasets", "check", root, "--json", "--split", "test", "--classes", "back,shaft,tip")
    assert done.exit_code == 3
    report = json.loads(done.stdout)
    assert list(report["splits"]) == ["test"]
    assert report["classes"] == ["back", "shaft", "tip"]
    assert report["problems"][0]["frames"] == ["test: 1/image/OP1_img_00.png"]


def test_check_sums_many_subjects(robust_endo, root):
    rows = ["image,subject", *(f"{path.relative_to(root)},g{n:02d}" for n, path in enumerate(root.glob("*/*/image/*")))]
    image = root / "test/1/image/OP1_img_00.png"
    for number in range(30):
        (root / f"copy{number}.png").write_bytes(image.read_bytes())
        rows.append(f"copy{number}.png,h{number:02d}")
    (root / "frames.csv").write_text("\n".join(rows))
    done = robust_endo("datasets", "check", root / "frames.csv")
    assert "… 18 more" in done.stdout
    assert "Warning: 1 image more than once in a split" in done.stdout
    assert done.exit_code == 0


def test_check_of_named_dataset(robust_endo):
    done = robust_endo("datasets", "check", "synthetic", "--split", "val")
    assert done.exit_code == 0, done.stdout
    assert "No errors." in done.stdout


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("./absent",), "Expected a data folder"),
        (("sinthetic",), "did you mean synthetic?"),
        (("synthetic", "--split", "dev"), "got 'dev'"),
    ],
)
def test_check_rejects_missing_dataset(robust_endo, arguments, text):
    done = robust_endo("datasets", "check", *arguments)
    assert done.exit_code == 2
    assert text in done.stderr
    assert "Traceback" not in done.stderr


def test_datasets_names_the_closest_command(robust_endo):
    assert "did you mean check?" in robust_endo("datasets", "chek").stderr
