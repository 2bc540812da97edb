"""``robust-endo synthesize``: options, bad input, real frames where there are any."""

from __future__ import annotations

import json
from pathlib import Path

import click
import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image

from robustbench_endo.cli.errors import ErrorHandlingGroup
from robustbench_endo.cli.synthesize import synthesize

REAL = Path(__file__).parents[4] / "shared" / "data"


@click.group(cls=ErrorHandlingGroup)
def main():
    """Only this command."""


main.add_command(synthesize)


@pytest.fixture
def call():
    return lambda *arguments: CliRunner().invoke(main, ["synthesize", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path):
    """Two frames of a grey bar on red, and a clean one next to them."""
    image = np.zeros((64, 80, 3), np.uint8)
    image[..., 0] = np.random.default_rng(0).integers(120, 200, (64, 80))
    Image.fromarray(image).save(tmp_path / "clean.png")
    image[20:30, 30:] = 128
    mask = np.zeros((64, 80), np.uint8)
    mask[20:30, 30:], mask[20:30, 30:45] = 1, 2
    for name in ("a_1.png", "b_1.png"):
        for part, pixels in (("image", image), ("mask", mask)):
            (tmp_path / "data" / "train" / "cut" / part).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(tmp_path / "data" / "train" / "cut" / part / name)
    return tmp_path


def test_synthesize_on_one_image(call, folder):
    out = folder / "out"
    first = call("-b", folder / "clean.png", "-i", folder / "data", "-o", out, "-n", 3)
    assert first.exit_code == 0, first.output
    assert "Written: 3 images (3 of them now)" in first.stdout
    assert "from 2 instruments (0 could not be used) and 1 background." in first.stdout
    assert len(list((out / "train" / "cut" / "image").glob("clean_0000?.png"))) == 3
    assert "(0 of them now)" in call("-b", folder / "clean.png", "-i", folder / "data", "-o", out, "-n", 3).stdout


def test_synthesize_on_frames_with_instruments(call, folder):
    options = "--size 48x64 --instrument-labels shaft,2 --classes tissue,shaft,tip --max-instruments 1 --scales 0.9,1.1"
    done = call("-b", folder / "data", "-i", folder / "data", "-o", folder / "out", "-n", 2, *options.split())
    assert done.exit_code == 0, done.output
    record = json.loads((folder / "out" / "synthesis.json").read_text())
    assert record["settings"]["instruments"] == [1, 2]
    assert record["size"] == [48, 64]
    assert (folder / "out" / "classes.txt").read_text() == "tissue\nshaft\ntip\n"


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("-b none.png", "Expected the name of a dataset, got 'none.png'"),
        ("-b {0}/empty", "Expected frames in"),
        ("-i {0}/clean", "Expected a data folder at"),
        ("-i {0}/maskless", "Expected a mask for every instrument frame, got none for 1.png"),
        ("--size 640", "Expected a size such as 480x640"),
        ("--size big", "Expected a size such as 480x640"),
        ("--scales 1", "Expected two scales such as 0.75,1.35, got '1'"),
        ("--instrument-labels 7", "got '7': correct --instrument-labels"),
        ("--instrument-labels 0", "got '0': correct --instrument-labels"),
        ("--subject-regex (", "Expected a regular expression for the subjects"),
    ],
)
def test_synthesize_rejects_option(call, folder, options, text):
    (folder / "empty").mkdir()
    (folder / "maskless").mkdir()
    Image.open(folder / "clean.png").save(folder / "maskless" / "1.png")
    arguments = ["-b", folder / "clean.png", "-i", folder / "data", "-o", folder / "out"]
    result = call(*arguments, *options.format(folder).split())
    assert result.exit_code == 2, result.output
    assert text in result.stderr
    assert len(result.stderr.strip().splitlines()[-1]) > 20
    assert "Traceback" not in result.stderr
    assert not list((folder / "out").rglob("*.png"))


def test_synthesize_rejects_folder_of_another_seed(call, folder):
    arguments = ["-b", folder / "clean.png", "-i", folder / "data", "-o", folder / "out", "-n", 1]
    assert call(*arguments).exit_code == 0
    again = call(*arguments, "--seed", 1)
    assert again.exit_code == 2
    assert "settings.seed changed from 0 to 1. Use a new --out" in again.stderr


def test_synthesize_on_real_tissue(call, tmp_path):
    if not REAL.is_dir():
        pytest.skip("the real frames are not available")
    tools, tissue = REAL / "endovis15", REAL / "background" / "no_instrument_frame.png"
    options = "-n 4 --size 240x320 --limit-instruments 6 --activity count --subject-regex (OP[0-9]|no_instrument)"
    done = call("-b", tissue, "-i", tools, "-o", tmp_path / "out", *options.split())
    assert done.exit_code == 0, done.output
    record = json.loads((tmp_path / "out" / "synthesis.json").read_text())
    assert record["labels"] == "parts"
    assert {tool["subject_id"] for row in record["pictures"] for tool in row["instruments"]} <= {"OP1", "OP2"}
    for path in (tmp_path / "out").rglob("mask/*.png"):
        with Image.open(path) as mask:
            assert set(np.unique(np.asarray(mask))) <= {0, 1, 2}
