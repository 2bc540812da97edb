"""The validation of a data set as printed."""

import io

import numpy as np
import pytest
from PIL import Image
from rich.console import Console

from robustbench_endo.cli import dataset_report
from robustbench_endo.cli.dataset_report import print_report
from robustbench_endo.data import FolderDataset
from robustbench_endo.data.checking import check


@pytest.fixture
def printed(make_folder):
    """The printed validation of a folder; ``edit`` changes the folder before."""

    def text(edit=None, **options):
        root = make_folder(**options)
        if edit:
            edit(root)
        console = Console(file=io.StringIO(), width=140)
        print_report(check({"test": FolderDataset(root)}), console)
        return console.file.getvalue()

    return text


def test_print_report_has_splits_subjects_classes_and_activities(printed):
    text = printed(frames=3)
    for part in ("Frames", "Subjects (patients or sequences)", "Classes (of pixels", "Activities (frames)"):
        assert part in text


def test_print_report_counts_frames_with_a_surround(printed):
    def frame(root):
        for file in root.rglob("image/*.png"):
            pixels = np.asarray(Image.open(file).convert("RGB")).clip(60).copy()
            pixels[:, :8] = 0
            Image.fromarray(pixels).save(file)

    assert "surround" not in printed(frames=2)
    text = printed(frame, frames=2)
    count = next(line for line in text.splitlines() if "surround" in line)
    number = count.split(" of ")
    assert number[0].split(": ")[1] == number[1].split()[0]


def test_print_report_counts_errors_and_names_their_frames(printed):
    def damage(root):
        for file in root.rglob("image/*.png"):
            file.write_bytes(b"")

    text = printed(damage, frames=2)
    assert "Error: " in text
    assert "No errors." not in text


def test_print_report_sums_subjects_beyond_the_limit(printed, monkeypatch):
    monkeypatch.setattr(dataset_report, "MAX_ROWS", 1)
    assert "… 1 more" in printed(frames=4)


def test_percent_keeps_two_digits_of_rare_classes():
    assert [dataset_report._percent(value) for value in (0, 0.5, 0.00012)] == ["0 %", "50.0 %", "0.012 %"]
