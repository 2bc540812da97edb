"""`robust-endo corrupt --target-distortion`."""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_endo.corruptions import corrupt, load_suite
from robustbench_endo.metrics import CleanReference

SELECTION = ("--corruption", "gaussian_blur,contrast+gaussian_blur", "--target-distortion", "0.25")


def values(path):
    return torch.from_numpy(np.array(Image.open(path))).permute(2, 0, 1)[None] / 255


def test_corrupt_at_a_target_distortion_writes_copies_that_have_it(robust_endo, make_folder, tmp_path):
    root, out = make_folder(), tmp_path / "out"
    result = robust_endo("corrupt", root, out, *SELECTION)
    assert result.exit_code == 0, result.output
    assert "Mean distortion (1 - image SSIM) of 0.25, measured on 4 frames" in result.stderr
    content = json.loads((out / "target_distortion.json").read_text())
    assert (content["target"], len(content["frames"]), content["suite"]) == (0.25, 4, "endo19")
    for entry in content["corruptions"]:
        (folder,) = (out / entry["name"]).iterdir()
        assert float(folder.name) == entry["severity"]
        pairs = [(values(root / "test" / name), values(folder / name)) for name in content["frames"]]
        distortion = np.mean([1 - float(CleanReference(clean).ssim(copy)[0]) for clean, copy in pairs])
        assert distortion == pytest.approx(entry["distortion"], abs=1e-6)
        assert distortion == pytest.approx(0.25, abs=0.005)
    blur = content["corruptions"][0]
    assert blur["parameters"]["sigma"] == load_suite("endo19").get("gaussian_blur").parameters(blur["severity"]).sigma
    frame = np.array(Image.open(root / "test" / content["frames"][0]))
    copy = np.array(Image.open(out / "gaussian_blur" / f"{blur['severity']:g}" / content["frames"][0]))
    assert np.array_equal(copy, corrupt(frame, "gaussian_blur", blur["severity"], content["frames"][0]))

    again = robust_endo("corrupt", root, out, *SELECTION)
    assert again.exit_code == 0, again.output
    other = robust_endo("corrupt", root, out, *SELECTION[:-1], "0.3")
    assert other.exit_code == 2
    assert "target changed. Use another OUT" in " ".join(other.stderr.split())
    (out / "target_distortion.json").write_text("[]")
    damaged = robust_endo("corrupt", root, out, *SELECTION)
    assert "no file of this command" in " ".join(damaged.stderr.split())


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (("--target-distortion", "1.5"), "Expected a target distortion between 0 and 1, got 1.5"),
        (("--target-distortion", "nan"), "Expected a target distortion between 0 and 1, got nan"),
        (("--target-distortion", "0.2", "--severity", "3"), "without other severities, got both"),
        (("--target-distortion", "0.99", "--corruption", "contrast"), "got 0.99: contrast has 0."),
    ],
)
def test_corrupt_at_a_bad_target_is_one_sentence(robust_endo, make_folder, tmp_path, options, text):
    result = robust_endo("corrupt", make_folder(), tmp_path / "out", *options)
    assert result.exit_code == 2
    assert text in " ".join(result.stderr.split())
    assert not list((tmp_path / "out").glob("*"))


def test_corrupt_at_a_target_distortion_without_a_readable_frame(robust_endo, make_folder, tmp_path):
    root = make_folder()
    for path in root.rglob("*.png"):
        path.write_bytes(b"no image")
    result = robust_endo("corrupt", root, tmp_path / "out", *SELECTION)
    assert result.exit_code == 2
    assert len(result.stderr.strip().splitlines()) <= 3
