"""Bad input is one sentence (expected, got, what to do), exit code 2, no traceback."""

import numpy as np
import pytest
import torch
from PIL import Image


def refused(result, *texts):
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert result.exit_code == 2, result.output
    assert len(lines) == 1, result.output
    assert "Expected" in lines[0]
    assert "got" in lines[0]
    for text in texts:
        assert text in lines[0]
    assert "Traceback" not in result.output


OPTIONS = [
    (["--model", "tiny-resnet/mmo"], ["'tiny-resnet/mmo'", "tiny-resnet/mmoe"]),
    (["--model", "nothing.py:build"], ["no nothing.py", "check the path"]),
    (["--data", "synthetik"], ["'synthetik'", "did you mean synthetic?"]),
    (["--data", "./nowhere"], ["a data folder at nowhere", "check the path"]),
    (["--corruption", "smok"], ["'smok'", "smoke"]),
    (["--severity", "0"], ["severities from 1 to 5", "'0'"]),
    (["--severity", "6"], ["severities from 1 to 5", "'6'"]),
    (["--severity", "a-b"], ["severities such as 1-5", "'a-b'"]),
    (["--resolution", "tiny"], ["a resolution such as", "'tiny'"]),
    (["--suite", "endo20"], ["'endo20'", "endo19"]),
    (["--backend", "nrtk"], ["a backend, got 'nrtk'", "imagecorruptions"]),
    (["--limit", "0"], ["at least one frame", "a limit of 0"]),
    (["--split", "validate"], ["'validate'"]),
    (["--format", "doc"], ["report formats", "'doc'"]),
]


@pytest.mark.parametrize(("options", "texts"), OPTIONS, ids=lambda value: " ".join(value) if len(value) == 2 else "")
def test_an_option(robust_endo, options, texts, tmp_path):
    refused(robust_endo("evaluate", "--limit", 1, "--out", tmp_path / "run", *options), *texts)


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_no_gpu(robust_endo, command, tmp_path):
    result = robust_endo(command, "--device", "cuda", "--out", tmp_path / "run")
    refused(result, "a CUDA device", "use --device cpu or auto")


def test_unwritable_out(robust_endo, tmp_path, make_folder, model_file):
    (tmp_path / "file").write_text("in the way")
    result = robust_endo(
        "evaluate", "--data", make_folder(), "--model", f"{model_file}:build", "--out", tmp_path / "file" / "run"
    )
    refused(result, "a folder that can be written", "choose another")


def grey(mode="L", size=(64, 48)):
    return Image.fromarray(np.zeros((size[1], size[0], 3), np.uint8)).convert(mode)


FRAMES = [
    ("image", grey("L"), ["8-bit RGB", "a grey picture", "convert"]),
    ("image", grey("RGBA"), ["8-bit RGB", "a RGBA picture"]),
    ("image", Image.fromarray(np.zeros((48, 64), np.uint16)), ["8-bit RGB", "16-bit"]),
    ("mask", Image.fromarray(np.full((48, 64), 9, np.uint8)), ["labels from 0 to 2", "got 9", "--classes"]),
    ("mask", grey("L", (32, 48)), ["a mask of the size of its frame", "32 x 48"]),
]


@pytest.mark.parametrize(("place", "content", "texts"), FRAMES)
def test_a_frame_that_does_not_fit(robust_endo, make_folder, model_file, tmp_path, place, content, texts):
    root = make_folder()
    content.save(root / "test" / "1" / place / "OP1_img_00.png")
    result = robust_endo(
        "evaluate", "--data", root, "--classes", "a,b,c", "--model", f"{model_file}:build", "--out", tmp_path / "run"
    )
    refused(result, "OP1_img_00.png", *texts)


def test_folders_that_do_not_fit(robust_endo, make_folder, model_file, tmp_path):
    root = make_folder()
    (root / "test/1/mask/OP1_img_00.png").unlink()
    options = ("--model", f"{model_file}:build", "--out", tmp_path / "run")
    refused(robust_endo("evaluate", "--data", root, *options), "a mask for the frame", "add the mask")
    (tmp_path / "empty").mkdir()
    refused(robust_endo("evaluate", "--data", tmp_path / "empty", *options), "frames in", "the layout is")


def test_models_that_do_not_fit(robust_endo, make_folder, model_file, tmp_path):
    options = ("--data", make_folder(), "--out", tmp_path / "run")
    refused(robust_endo("evaluate", "--model", f"{model_file}:nothing", *options), "a callable 'nothing'")
    refused(robust_endo("evaluate", "--model", f"{model_file}:not_a_model", *options))
    refused(robust_endo("evaluate", "--model", "tiny-resnet/mmoe", "--classes", "a,b,c", *options), "segmentation")
    twice = ("--model", f"a={model_file}:build", "--model", f"a={model_file}:build")
    refused(robust_endo("evaluate", *twice, *options), "a different name for each model")


def test_an_unknown_command(robust_endo):
    result = robust_endo("evalute")
    assert result.exit_code == 2
    assert "Expected a command, got 'evalute': did you mean evaluate?" in result.stderr


def test_debug_shows_where_it_happened(robust_endo, tmp_path):
    result = robust_endo("--debug", "evaluate", "--severity", "9", "--out", tmp_path)
    assert type(result.exception).__name__ == "RobustEndoError"


def test_a_truncated_frame_does_not_lose_the_run(robust_endo, make_folder, model_file, tmp_path):
    root = make_folder()
    path = root / "test/1/image/OP1_img_00.png"
    path.write_bytes(path.read_bytes()[:300])
    out = tmp_path / "run"
    result = robust_endo(
        "evaluate", "--data", root, "--model", f"{model_file}:build", "--corruption", "contrast", "--severity", 2,
        "--out", out, "--format", "none",
    )  # fmt: skip
    assert result.exit_code == 3, result.output
    assert "1 of 4 frames could not be used and are left out" in result.stderr
    assert "OP1_img_00.png" in result.stderr
    assert (out / "results.parquet").is_file()
