"""Every command and every example of the README runs, on one frame instead of all."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from docs_pages import ROOT, code, command_lines, missing_links, run_command

from robustbench_endo.cli import main

README = (ROOT / "README.md").read_text("utf-8")
SHORTER = {
    "evaluate": ["--limit", "1", "--severity", "5"],
    "train": ["--epochs", "1"],
    "models": ["-m", "tiny-resnet/mmoe"],
    "report": ["--resamples", "200"],
}
"""Options that shorten a command; the last value of an option counts."""


def shorter(command: list[str]) -> list[str]:
    """Options for a command: all corruptions are computed for one model, and reports written of two for three."""
    options = SHORTER.get(command[1], [])
    if command[1] == "evaluate":
        options = [*options, *(("--corruption", "smoke,bleeding") if "runs/demo" in command else ("--format", "none"))]
    return options


MODEL = """
import torch


class Mine(torch.nn.Module):
    def forward(self, images):
        light = images.mean(1, keepdim=True)
        return torch.cat([5 * light, -5 * light, 0 * light], 1)


def build(num_classes):
    return Mine()
"""


@pytest.fixture(scope="module")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for a user's frames and model."""
    return tmp_path_factory.mktemp("user")


@pytest.mark.slow
def test_readme_commands_run_in_order(user_folder, make_folder, monkeypatch):
    root = make_folder(splits=("train", "test"), size=(96, 128))
    shutil.copytree(root, user_folder / "my_frames")
    (user_folder / "my_model.py").write_text(MODEL)
    monkeypatch.chdir(user_folder)
    assert len(command_lines(README)) >= 10
    for command in command_lines(README):
        # Both splits of the frames name one patient.
        allowed = (3,) if command[1:3] == ["datasets", "check"] else ()
        run_command([*command, *shorter(command)], *allowed)
    for written in ("runs/demo/report.html", "runs/demo/results.parquet", "runs/mine/model.safetensors", "preview.png"):
        assert (user_folder / written).is_file()


@pytest.mark.parametrize("example", code(README))
def test_readme_example_runs(example, user_folder, monkeypatch, capsys):
    monkeypatch.chdir(user_folder)
    exec(compile(example, "README.md", "exec"), {})
    assert "smoke" in capsys.readouterr().out


def test_readme_demo_is_the_command_of_make_demo():
    recipe = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    demo = next(command for command in command_lines(README) if "runs/demo" in command)
    assert f".venv/bin/{shlex.join(demo)}" in recipe
    targets = re.findall(r"^make (\w+)", "\n".join(code(README, "bash")), re.M)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert targets == ["demo", "test"]
    assert all(f"\n{target}:" in makefile for target in targets)


def test_readme_names_every_command():
    for name in main.commands:
        assert f"robust-endo {name}" in README or f"`{name}`" in README


def test_readme_links_exist():
    assert missing_links(README, ROOT) == []
