"""The page on training data: its commands and examples run, its tables name what the code has."""

import re

import numpy as np
import pytest
from click.testing import CliRunner
from docs_pages import code, command_lines, read_page, run_python
from PIL import Image

from robustbench_endo.cli.errors import ErrorHandlingGroup
from robustbench_endo.cli.synthesize import synthesize
from robustbench_endo.training.augmentation.augmix import OPERATIONS
from robustbench_endo.training.augmentation.corruption import OVERLAPPING, OVERLAPPING_PARAMETERS

PAGE = read_page("training_data")

pytestmark = pytest.mark.docs


@pytest.fixture
def page_folder(tmp_path, monkeypatch):
    """A folder with the files of the page."""
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
    (tmp_path / "my.toml").write_text(code(PAGE, "toml")[0])
    return tmp_path


def test_training_data_page_commands_run(page_folder):
    group = ErrorHandlingGroup(commands=[synthesize])
    commands = command_lines(PAGE)
    assert len(commands) == 2
    for words in commands:
        few = [word if word != "200" else "2" for word in words[1:]]
        result = CliRunner().invoke(group, few, catch_exceptions=False)
        assert result.exit_code == 0, result.output
    assert len(list(page_folder.rglob("synthetic/train/cutting/image/tissue_*.png"))) == 2
    assert len(list(page_folder.rglob("own/train/1/mask/patient_01_*.png"))) == 2


def test_training_data_page_examples_run(page_folder, capsys):
    pytest.importorskip("albumentations")
    run_python(PAGE, "training_data.md")
    assert capsys.readouterr().out == "('gaussian_noise',)\n"


def test_training_data_page_tables_name_operations_and_transforms():
    named = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M))
    assert named == set(OPERATIONS)
    table = PAGE.split("| a transform such as")[1].split("\n\n")[0]
    assert set(re.findall(r"`([A-Z]\w+)`", table)) <= {*OVERLAPPING, *OVERLAPPING_PARAMETERS}
