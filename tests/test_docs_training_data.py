"""The page on training data: its commands and examples run, its tables name what there is."""

import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_endo.cli.errors import ErrorHandlingGroup
from robustbench_endo.cli.synthesize import synthesize
from robustbench_endo.training.augmentation.augmentation import OVERLAPPING, OVERLAPPING_PARAMETERS
from robustbench_endo.training.augmentation.augmix import OPERATIONS

PAGE = (Path(__file__).parents[1] / "docs" / "training_data.md").read_text("utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.S)


@pytest.fixture
def workplace(tmp_path, monkeypatch):
    """A folder with the files that the page speaks of."""
    monkeypatch.chdir(tmp_path)
    image = np.zeros((64, 80, 3), np.uint8)
    image[..., 0] = np.random.default_rng(0).integers(120, 200, (64, 80))
    Image.fromarray(image).save("tissue.png")
    image[20:30, 30:] = 128
    mask = np.zeros((64, 80), np.uint8)
    mask[20:30, 30:], mask[20:30, 30:45] = 1, 2
    for part, pixels in (("image", image), ("mask", mask)):
        folder = tmp_path / "frames" / "train" / "cutting" / part
        folder.mkdir(parents=True)
        Image.fromarray(pixels).save(folder / "patient_01.png")
    (tmp_path / "my.toml").write_text(blocks("toml")[0])
    return tmp_path


def test_commands(workplace):
    group = ErrorHandlingGroup(commands=[synthesize])
    lines = [line for block in blocks("bash") for line in block.splitlines()]
    assert len(lines) == 2
    for line in lines:
        few = [word if word != "200" else "2" for word in shlex.split(line)[1:]]
        result = CliRunner().invoke(group, few, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    assert len(list(workplace.rglob("synthetic/train/cutting/image/tissue_*.png"))) == 2
    assert len(list(workplace.rglob("own/train/1/mask/patient_01_*.png"))) == 2


def test_python_example(workplace, capsys):
    pytest.importorskip("albumentations")
    for block in blocks("python"):
        exec(compile(block, "training_data.md", "exec"), {})
    assert capsys.readouterr().out == "('gaussian_noise',)\n"


def test_tables_name_what_there_is():
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M))
    assert named == set(OPERATIONS)
    table = PAGE.split("| a transform such as")[1].split("\n\n")[0]
    assert set(re.findall(r"`([A-Z]\w+)`", table)) <= {*OVERLAPPING, *OVERLAPPING_PARAMETERS}
