"""Every command and every example of the README runs, on one frame instead of all."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from robustbench_endo.cli import main

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text("utf-8")
SHORTER = {
    "evaluate": ["--limit", "1", "--severity", "5"],
    "train": ["--epochs", "1"],
    "models": ["-m", "tiny-resnet/mmoe"],
}
"""Options that make a command quick; the last one given counts."""

MODEL = """
import torch


class Mine(torch.nn.Module):
    def forward(self, images):
        light = images.mean(1, keepdim=True)
        return torch.cat([5 * light, -5 * light, 0 * light], 1)


def build(num_classes):
    return Mine()
"""


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.S)


def commands() -> list[list[str]]:
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    return [shlex.split(line, comments=True) for line in lines if line.startswith("robust-endo")]


@pytest.fixture(scope="module")
def user_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty folder with a user's frames and model in it."""
    return tmp_path_factory.mktemp("user")


def test_every_command_in_order(user_folder, make_folder, monkeypatch):
    root = make_folder(splits=("train", "test"), size=(96, 128))
    shutil.copytree(root, user_folder / "my_frames")
    (user_folder / "my_model.py").write_text(MODEL)
    monkeypatch.chdir(user_folder)
    assert len(commands()) >= 10
    for command in commands():
        short = [*command[1:], *SHORTER.get(command[1], [])]
        result = CliRunner().invoke(main, short, catch_exceptions=False)
        allowed = (0, 3) if short[:2] == ["datasets", "check"] else (0,)  # both splits of the frames name one patient
        assert result.exit_code in allowed, f"{shlex.join(short)}\n{result.output}"
    for written in ("runs/demo/report.html", "runs/demo/results.parquet", "runs/mine/model.safetensors", "preview.png"):
        assert (user_folder / written).is_file()


@pytest.mark.parametrize("block", blocks("python"))
def test_python_examples(block, user_folder, monkeypatch, capsys):
    monkeypatch.chdir(user_folder)
    exec(compile(block, "README.md", "exec"), {})
    assert "smoke" in capsys.readouterr().out


def test_make_demo_is_the_command_that_is_shown():
    recipe = subprocess.run(["make", "-n", "demo"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    shown = next(command for command in commands() if "runs/demo" in command)
    assert f".venv/bin/{shlex.join(shown)}" in recipe
    targets = re.findall(r"^make (\w+)", "\n".join(blocks("bash")), re.M)
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert targets == ["demo", "test"]
    assert all(f"\n{target}:" in makefile for target in targets)


def test_every_command_of_the_program_is_in_the_readme():
    for name in main.commands:
        assert f"robust-endo {name}" in README or f"`{name}`" in README


def test_pictures_and_links_are_there():
    for target in re.findall(r"\]\((?!http)([^)#]+)\)", README):
        assert (ROOT / target).is_file(), target
