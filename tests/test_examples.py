"""The scripts in ``examples/`` run from any folder, quickly and without a network."""

import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from robustbench_endo.gate import load_plan

EXAMPLES = Path(__file__).parents[1] / "examples"
OUTPUT = {
    "corrupt_a_frame.py": ("smoke.png", "gaussian_noise"),
    "evaluate_your_model.py": ("threshold", "smoke", "contrast"),
    "compare_two_models.py": ("tiny-endoarss/tesla", "smoke", "miou"),
    "back_to_back.py": ("severity", "widening", "int8 and fp32"),
    "custom_metric.py": ("recall", "clean", "smoke"),
    "track_a_run.py": ("tensorboard --logdir runs", "accuracy", "contrast", "Unit: %"),
}
"""Script -> words that it prints."""


def test_examples_are_all_tested():
    assert sorted(path.name for path in EXAMPLES.glob("*.py")) == sorted(OUTPUT)


@pytest.mark.parametrize("name", OUTPUT)
def test_example_is_short_and_says_how_to_run_it(name):
    lines = (EXAMPLES / name).read_text("utf-8").splitlines()
    assert len(lines) <= 40
    assert f"python examples/{name}" in lines[0]


@pytest.mark.parametrize(("name", "criteria"), [("acceptance.toml", 4), ("non_inferiority.toml", 3)])
def test_example_plans_are_valid_and_say_how_to_use_them(name, criteria):
    plan = load_plan(EXAMPLES / name)
    assert len(plan.criteria) == criteria
    assert f"robust-endo gate runs/demo --plan examples/{name}" in plan.text


@pytest.mark.docs
@pytest.mark.slow
@pytest.mark.parametrize("name", OUTPUT)
def test_example_runs_in_an_empty_folder(name, tmp_path):
    if name == "track_a_run.py":
        pytest.importorskip("tensorboard", reason="the extra `train` is not installed")
    if name == "back_to_back.py":
        pytest.importorskip("onnxruntime", reason="the extra `onnx` is not installed")
        pytest.importorskip("onnxscript", reason="the extra `onnx` is not installed")
    warnings = "ignore" if name == "back_to_back.py" else "error"  # of onnxruntime's quantization
    command = [sys.executable, "-W", warnings, str(EXAMPLES / name)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(word in done.stdout for word in OUTPUT[name]), done.stdout
    if name == "corrupt_a_frame.py":
        with Image.open(tmp_path / "smoke.png") as image:
            assert (image.mode, image.size) == ("RGB", (320, 256))
