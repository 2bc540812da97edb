"""`robust-endo evaluate`: options, configuration files, bad input, excluded frames."""

import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from robustbench_endo.corruptions.kernels import triton_support
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.io_utils import read_json
from robustbench_endo.results import load_results


def assert_error(result, *texts):
    """One sentence (expected, got, what to do, or: cannot, reason), exit code 2, no traceback."""
    lines = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert result.exit_code == 2, result.output
    assert len(lines) == 1, result.output
    assert ("Expected" in lines[0] and "got" in lines[0]) or "Cannot" in lines[0]
    for text in texts:
        assert text in lines[0]
    assert "Traceback" not in result.output


OPTIONS = [
    (["--model", "tiny-resnet/mmo"], ["'tiny-resnet/mmo'", "tiny-resnet/mmoe"]),
    (["--model", "nothing.py:build"], ["no nothing.py", "check the path"]),
    (["--data", "synthetik"], ["'synthetik'", "did you mean synthetic?"]),
    (["--data", "./nowhere"], ["a data folder at nowhere", "check the path"]),
    (["--corruption", "smok"], ["'smok'", "smoke"]),
    (["--replicates", "0"], ["at least 1 replicate", "got 0"]),
    (["--severity", "0"], ["severities from 1 to 5", "got 0"]),
    (["--severity", "6"], ["severities from 1 to 5", "got 6"]),
    (["--severity", "a-b"], ["severities such as 1-5", "'a-b'"]),
    (["--resolution", "tiny"], ["a resolution such as", "'tiny'"]),
    (["--suite", "endo20"], ["'endo20'", "endo19"]),
    (["--backend", "nrtk"], ["backend to be one of", "got 'nrtk'", "imagecorruptions"]),
    (["--limit", "0"], ["--limit to be an integer of at least 1", "got '0'"]),
    (["--split", "validate"], ["'validate'"]),
    (["--format", "doc"], ["report formats", "'doc'"]),
]


@pytest.mark.parametrize(("options", "texts"), OPTIONS, ids=lambda value: " ".join(value) if len(value) == 2 else "")
def test_evaluate_rejects_option(robust_endo, options, texts, tmp_path):
    assert_error(robust_endo("evaluate", "--limit", 1, "--out", tmp_path / "run", *options), *texts)


def test_evaluate_rejects_a_pattern_that_the_shell_replaced(robust_endo, tmp_path):
    result = robust_endo("evaluate", "--out", tmp_path / "run", "--model", "runs/a/seed0", "runs/a/seed1")
    assert_error(result, "only options, got the argument 'runs/a/seed1'", "quote a pattern")


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has a CUDA device")
@pytest.mark.parametrize("command", ["evaluate", "train"])
def test_evaluate_rejects_missing_gpu(robust_endo, command, tmp_path):
    result = robust_endo(command, "--device", "cuda", "--out", tmp_path / "run")
    assert_error(result, "a CUDA device", "use --device cpu or auto")


def test_evaluate_rejects_unwritable_out(robust_endo, tmp_path, make_folder, model_file):
    (tmp_path / "file").write_text("in the way")
    result = robust_endo(
        "evaluate", "--data", make_folder(), "--model", f"{model_file}:build", "--out", tmp_path / "file" / "run"
    )
    assert_error(result, "Cannot write to the folder", "Choose another one")


def test_evaluate_looks_for_triton_before_the_run(robust_endo, tmp_path, make_folder, model_file, monkeypatch):
    def triton_failure(device):
        raise RobustEndoError(f"Cannot use Triton on {device}.")

    monkeypatch.setattr(triton_support, "triton_failure", triton_failure)
    options = ("--data", make_folder(), "--model", f"{model_file}:build", "--device", "cpu", "--out", tmp_path / "run")
    result = robust_endo("evaluate", *options)
    assert_error(result, "Cannot use Triton on cpu.")
    assert not (tmp_path / "run" / "run.json").exists()


def grey(mode="L", size=(64, 48)):
    return Image.fromarray(np.zeros((size[1], size[0], 3), np.uint8)).convert(mode)


FRAMES = [
    ("image", grey("CMYK"), ["8-bit RGB", "a CMYK image", "convert"]),
    ("image", Image.fromarray(np.zeros((48, 64), np.uint16)), ["8-bit RGB", "16-bit"]),
    ("mask", grey("L", (32, 48)), ["a mask of the size of its frame", "32 x 48"]),
    ("mask", None, ["a mask for the frame", "add the mask"]),
]


@pytest.mark.parametrize(("part", "content", "texts"), FRAMES)
def test_evaluate_excludes_one_invalid_frame(robust_endo, make_folder, model_file, tmp_path, part, content, texts):
    root = make_folder()
    path = root / "test" / "1" / part / "OP1_img_00.png"
    path.unlink()
    if content is not None:
        content.save(path.with_suffix(".tif"))
    result = robust_endo(
        "evaluate", "--data", root, "--classes", "a,b,c", "--model", f"{model_file}:build", "--out", tmp_path / "run",
        "--corruption", "clean", "--format", "none",
    )  # fmt: skip
    assert result.exit_code == 3, result.output
    assert "1 of 4 frames could not be used and are excluded; the first: 1/image/OP1_img_00." in result.stderr
    for text in texts:
        assert text in result.stderr
    assert len(read_json(tmp_path / "run/run.json")["failures"]) == 1


def test_evaluate_rejects_labels_beyond_the_classes(robust_endo, make_folder, model_file, tmp_path):
    root = make_folder()
    Image.fromarray(np.full((48, 64), 9, np.uint8)).save(root / "test/1/mask/OP1_img_00.png")
    result = robust_endo(
        "evaluate", "--data", root, "--classes", "a,b,c", "--model", f"{model_file}:build", "--out", tmp_path / "run"
    )
    assert_error(result, "OP1_img_00.png", "labels from 0 to 2", "got 9", "--classes", "--label-map")


def test_evaluate_rejects_invalid_folder(robust_endo, make_folder, model_file, tmp_path):
    root = make_folder()
    for path in root.glob("test/*/mask/*.png"):
        path.unlink()
    options = ("--model", f"{model_file}:build", "--out", tmp_path / "run")
    assert_error(robust_endo("evaluate", "--data", root, *options), "4 of 4 frames", "a mask for the frame")
    (tmp_path / "empty").mkdir()
    assert_error(robust_endo("evaluate", "--data", tmp_path / "empty", *options), "frames in", "the layout is")


def test_evaluate_rejects_invalid_model(robust_endo, make_folder, model_file, tmp_path):
    options = ("--data", make_folder(), "--out", tmp_path / "run")
    assert_error(robust_endo("evaluate", "--model", f"{model_file}:nothing", *options), "a callable 'nothing'")
    assert_error(robust_endo("evaluate", "--model", f"{model_file}:not_a_model", *options))
    assert_error(robust_endo("evaluate", "--model", "tiny-resnet/mmoe", "--classes", "a,b,c", *options), "segmentation")
    twice = ("--model", f"a={model_file}:build", "--model", f"a={model_file}:build")
    assert_error(robust_endo("evaluate", *twice, *options), "a different name for each model")


def test_evaluate_excludes_truncated_frame(robust_endo, make_folder, model_file, tmp_path):
    root = make_folder()
    path = root / "test/1/image/OP1_img_00.png"
    path.write_bytes(path.read_bytes()[:300])
    out = tmp_path / "run"
    result = robust_endo(
        "evaluate", "--data", root, "--model", f"{model_file}:build", "--corruption", "contrast", "--severity", 2,
        "--out", out, "--format", "none",
    )  # fmt: skip
    assert result.exit_code == 3, result.output
    assert "1 of 4 frames could not be used and are excluded" in result.stderr
    assert "OP1_img_00.png" in result.stderr
    assert (out / "results.parquet").is_file()


@pytest.fixture
def reference_run(robust_endo, make_folder, model_file, tmp_path):
    pytest.importorskip("imagecorruptions")
    root = make_folder()

    def call(*options):
        data = ("--data", root, "--model", f"{model_file}:build", "--out", tmp_path / "run", "--format", "none")
        return robust_endo("evaluate", *data, "--severity", 3, *options)

    return call


def test_evaluate_with_imagecorruptions_is_not_resumed_with_builtin(reference_run, tmp_path):
    options = ("--corruption", "occlusion", "--resolution", "native")
    result = reference_run(*options, "--backend", "imagecorruptions")
    assert result.exit_code == 0, result.output
    assert "because that package lacks them: bleeding, smoke" in " ".join(result.stdout.split())
    info = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert info["suite"]["name"].startswith("imagecorruptions-imaug 1.")
    assert [entry["name"] for entry in info["corruptions"]] == ["brightness", "spatter"]
    assert info["notes"][-1] == "Left out, because that package lacks them: bleeding, smoke."
    first = (tmp_path / "run" / "results.parquet").read_bytes()
    assert reference_run(*options, "--backend", "imagecorruptions").exit_code == 0
    assert (tmp_path / "run" / "results.parquet").read_bytes() == first
    result = reference_run("--corruption", "brightness,spatter", "--resolution", "native")
    assert result.exit_code == 2
    assert "suite changed from" in result.stderr


def test_evaluate_with_imagecorruptions_rejects_missing_corruption(reference_run):
    result = reference_run("--corruption", "smoke", "--backend", "imagecorruptions")
    assert result.exit_code == 2
    assert "that imagecorruptions-imaug has, got smoke" in result.stderr


def test_evaluate_profile_prints_every_phase(robust_endo, tmp_path):
    options = ("-m", "tiny-resnet/mmoe", "-n", "1", "-c", "brightness", "-s", "3", "--format", "none", "--profile")
    result = robust_endo("evaluate", *options, "-o", tmp_path / "run")
    assert result.exit_code == 0, result.output
    percentages = dict(re.findall(r"^ +(\w+) +[\d.]+ +(\d+)%", result.stdout, re.MULTILINE))
    assert list(percentages) == ["decode", "corrupt", "forward", "metrics", "write", "idle"]
    assert 95 <= sum(map(int, percentages.values())) <= 130  # the next chunk is decoded meanwhile
    assert re.search(r"\d\.\d\d times the forward passes", result.stdout)


def test_evaluate_config_file_gives_the_run_of_its_options(robust_endo, make_folder, model_file, tmp_path):
    options = ("--data", make_folder(), "--model", f"{model_file}:build", "-c", "contrast", "-s", "2,5")
    options = (*options, "--format", "none", "--out", tmp_path / "run")
    printed = robust_endo("evaluate", *options, "--print-config")
    assert printed.exit_code == 0, printed.output
    assert not (tmp_path / "run").exists()
    (tmp_path / "run.toml").write_text(printed.stdout)
    result = robust_endo("evaluate", "--config", tmp_path / "run.toml", "-s", "5")
    assert result.exit_code == 0, result.output
    results = load_results(tmp_path / "run")
    assert results.severities == [5]
    assert results.info["config"]["corruptions"] == "contrast"


def test_evaluate_rejects_unknown_setting_of_config_file(robust_endo, tmp_path):
    (tmp_path / "run.toml").write_text("[evaluate]\nsed = 1\n")
    assert_error(robust_endo("evaluate", "--config", tmp_path / "run.toml"), "'sed'", "did you mean seed")


def test_evaluate_does_not_resume_with_a_changed_adapter_or_code(robust_endo, make_folder, model_file, tmp_path):
    adapter = tmp_path / "adapter.toml"
    adapter.write_text('channel_order = "RGB"\n')
    arguments = ("evaluate", "--data", make_folder(), "--corruption", "contrast", "--severity", 1, "--format", "none")
    arguments = (*arguments, "--model", f"{model_file}:build#{adapter}", "--out", tmp_path / "run")
    first = robust_endo(*arguments)
    assert first.exit_code == 0, first.output
    adapter.write_text('channel_order = "BGR"\n')
    second = robust_endo(*arguments)
    assert second.exit_code == 2, second.output
    assert "adapter.toml changed from" in second.stderr
    model_file.write_text(model_file.read_text() + "\n# changed\n")
    adapter.write_text('channel_order = "RGB"\n')
    third = robust_endo(*arguments)
    assert third.exit_code == 2
    assert f"{model_file.name} changed from" in third.stderr
