"""`robust-endo corrupt` and `robust-endo preview`."""

import csv
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.corruptions import corrupt, image_key

SELECTION = ("--corruption", "elastic_transform,smoke", "--severity", "2,5")


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(folder: Path) -> list[dict[str, str]]:
    with (folder / "manifest.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path))


@pytest.fixture
def copies(robust_endo, make_folder, tmp_path):
    """A folder of four frames in two activities, and its copies."""
    root = make_folder()
    result = robust_endo("corrupt", root, tmp_path / "out", *SELECTION)
    assert result.exit_code == 0, result.output
    assert "Written: 16 images of 4 frames" in result.stdout
    return root, tmp_path / "out"


def test_corrupt_writes_images_masks_and_manifest(copies):
    root, out = copies
    rows = manifest(out)
    assert len(rows) == 16
    for row in rows:
        source = pixels(root / "test" / row["image_id"])
        name, severity = row["corruption"], int(row["severity"])
        copy = pixels(out / row["path"])
        assert row["path"] == f"{name}/{severity}/{row['image_id']}"
        assert np.array_equal(copy, corrupt(source, name, severity, row["image_id"]))
        assert row["pixels_sha256"] == hashlib.sha256(copy.tobytes()).hexdigest()
        assert row["sha256"] == hashlib.sha256((out / row["path"]).read_bytes()).hexdigest()
        assert int(row["key"], 16) == image_key(0, row["image_id"], name)
        mask = root / "test" / row["image_id"].replace("image", "mask")
        still = np.array_equal(pixels(out / row["mask"]), pixels(mask))
        assert still == (name == "smoke")


def test_corrupt_severity_is_a_data_folder(robust_endo, copies, model_file, tmp_path):
    _, out = copies
    data = ("--data", out / "smoke" / "5", "--model", f"{model_file}:build", "--corruption", "contrast")
    result = robust_endo("evaluate", *data, "--severity", 1, "--out", tmp_path / "run", "--format", "none")
    assert result.exit_code == 0, result.output


def test_corrupt_again_changes_nothing_and_adds_more(robust_endo, copies):
    root, out = copies
    before = tree(out)
    assert robust_endo("corrupt", root, out, *SELECTION).exit_code == 0
    assert tree(out) == before
    assert robust_endo("corrupt", root, out, "-c", "contrast", "-s", 1).exit_code == 0
    assert len(manifest(out)) == 20
    assert {row["path"] for row in manifest(out)} == {path for path in tree(out) if "/image/" in path}


@pytest.mark.slow
def test_corrupt_resumes_to_identical_bytes_when_killed(robust_endo, make_folder, tmp_path):
    root = make_folder(frames=3, size=(96, 128))
    options = ("--corruption", "noise", "--severity", "1-5")
    assert robust_endo("corrupt", root, tmp_path / "full", *options).exit_code == 0
    code = "import sys; from robustbench_endo.cli import main; main(sys.argv[1:])"
    command = [sys.executable, "-c", code, "corrupt", str(root), str(tmp_path / "part"), *options]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None and len(list((tmp_path / "part").rglob("*.png"))) < 30:
            time.sleep(0.02)
        os.kill(process.pid, signal.SIGKILL)
    assert not (tmp_path / "part" / "manifest.csv").exists()
    assert robust_endo("corrupt", root, tmp_path / "part", *options).exit_code == 0
    files = {name: content for name, content in tree(tmp_path / "part").items() if "/." not in name}
    assert files == tree(tmp_path / "full")


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--seed", 1), "seed changed from 0 to 1"),
        (("--suite", "imagenet-c"), "suite changed from 'endo19' to 'imagenet-c'"),
        (("--resolution", 40), "suite_hash changed"),
    ],
)
def test_corrupt_rejects_copies_with_other_settings(robust_endo, copies, options, text):
    root, out = copies
    result = robust_endo("corrupt", root, out, *SELECTION, *options)
    assert result.exit_code == 2
    assert text in result.stderr
    assert "Use another OUT" in result.stderr


def test_corrupt_rejects_copies_of_changed_frame(robust_endo, copies):
    root, out = copies
    path = root / "test/1/image/OP1_img_00.png"
    Image.fromarray(255 - pixels(path)).save(path)
    result = robust_endo("corrupt", root, out, *SELECTION)
    assert result.exit_code == 2
    assert "image_sha256 changed" in result.stderr


def test_corrupt_rejects_damaged_copy(robust_endo, copies):
    root, out = copies
    (out / "smoke/5/1/image/OP1_img_00.png").write_bytes(b"no picture")
    result = robust_endo("corrupt", root, out, *SELECTION)
    assert result.exit_code == 2
    assert "Delete it" in result.stderr


def test_corrupt_flat_folder_excludes_unreadable_frame(robust_endo, make_folder, tmp_path):
    flat = tmp_path / "flat"
    shutil.copytree(make_folder() / "test" / "1" / "image", flat)
    (flat / "broken.png").write_bytes((flat / "OP1_img_00.png").read_bytes()[:300])
    result = robust_endo("corrupt", flat, tmp_path / "out", "-c", "elastic_transform", "-s", 5)
    assert result.exit_code == 3, result.output
    assert "1 of 3 frames could not be read and are excluded" in result.stderr
    assert [row["mask"] for row in manifest(tmp_path / "out")] == ["", ""]


def test_corrupt_rejects_frames_of_one_name(robust_endo, make_folder, tmp_path):
    flat = tmp_path / "flat"
    shutil.copytree(make_folder() / "test" / "1" / "image", flat)
    Image.open(flat / "OP1_img_00.png").save(flat / "OP1_img_00.jpg")
    result = robust_endo("corrupt", flat, tmp_path / "out", "-c", "contrast", "-s", 1)
    assert result.exit_code == 2
    assert "got 2 that would become OP1_img_00.png: rename them" in result.stderr


def test_corrupt_with_imagecorruptions_equals_that_package(robust_endo, make_folder, tmp_path):
    package = pytest.importorskip("imagecorruptions")
    root = make_folder()
    options = ("-c", "occlusion", "-s", 3, "--backend", "imagecorruptions")
    result = robust_endo("corrupt", root, tmp_path / "out", *options)
    assert result.exit_code == 0, result.output
    assert "Left out, because that package lacks them: bleeding, smoke." in result.stderr
    source = pixels(root / "test/1/image/OP1_img_00.png")
    copy = pixels(tmp_path / "out/brightness/3/1/image/OP1_img_00.png")
    assert np.array_equal(copy, package.corrupt(source, 3, "brightness"))


def test_preview_writes_contact_sheet(robust_endo, make_folder, tmp_path):
    frame = make_folder() / "test/1/image/OP1_img_00.png"
    result = robust_endo("preview", frame, "-c", "digital", "--out", tmp_path / "new" / "sheet.png")
    assert result.exit_code == 0, result.output
    with Image.open(tmp_path / "new" / "sheet.png") as sheet:
        assert sheet.width > 5 * 160
        assert sheet.height > 7 * 100


WRONG = [
    (("corrupt", "{nowhere}", "{out}"), "a data folder at"),
    (("corrupt", "{root}", "{frame}"), "Cannot write to the folder"),
    (("corrupt", "{root}", "{out}", "--split", "val"), "a split 'val'"),
    (("corrupt", "{root}", "{out}", "-s", "9"), "severities from 1 to 5"),
    (("corrupt", "{root}", "{out}", "-c", "smok"), "did you mean smoke"),
    (("corrupt", "{root}", "{out}", "--backend", "nrtk"), "imagecorruptions, got 'nrtk'"),
    (("corrupt", "{root}", "{out}", "--resolution", "8"), "a resolution such as"),
    (("preview", "{nowhere}"), "no such file"),
    (("preview", "{root}"), "got the folder"),
    (("preview", "{frame}", "--out", "{out}.jpg"), "ending in .png"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG)
def test_corrupt_and_preview_reject_option(robust_endo, make_folder, tmp_path, arguments, text):
    root = make_folder()
    paths = {"root": root, "frame": root / "test/1/image/OP1_img_00.png", "out": tmp_path / "out"}
    result = robust_endo(*(argument.format(nowhere=tmp_path / "nowhere", **paths) for argument in arguments))
    assert result.exit_code == 2, result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith(("Error: Expected ", "Error: Cannot "))]
    assert len(errors) == 1, result.output
    assert text in errors[0]
