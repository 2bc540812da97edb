"""Masks as they really come: each coding is refused with a sentence, or read correctly."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.data import load_dataset
from robustbench_endo.io_utils import read_json

SIZE = (40, 56)
FRAMES = 3


def truth(number: int) -> np.ndarray:
    """Labels 0, 1 and 2; the first frame has only background."""
    labels = np.zeros(SIZE, np.uint8)
    if number:
        labels[8:20, 8:40] = 1
        labels[12:18, 30:44] = 2
    return labels


def coded(*values: object) -> Callable[[int], Image.Image]:
    """Masks with these values or colours in place of the labels 0, 1, 2."""
    return lambda number: Image.fromarray(np.array(values, np.uint8)[truth(number)])


def with_border(number: int) -> Image.Image:
    """Class indices in a border of 255."""
    labels = truth(number)
    labels[:4] = 255
    return Image.fromarray(labels)


def wide(number: int) -> Image.Image:
    """16-bit class indices."""
    return Image.fromarray(truth(number).astype(np.uint16))


def opaque(number: int) -> Image.Image:
    """Class indices three times, with an opaque alpha channel."""
    labels = truth(number)
    return Image.fromarray(np.stack([labels, labels, labels, np.full(SIZE, 255, np.uint8)], -1))


def noisy(number: int) -> Image.Image:
    """Values of a photograph."""
    return Image.fromarray(np.random.default_rng(number).integers(0, 255, SIZE, np.uint8))


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A function that writes frames with masks of a coding."""

    def make(coding: Callable[[int], Image.Image], suffix: str = ".png") -> Path:
        root = tmp_path / "surgery"
        for kind in ("image", "mask"):
            (root / kind).mkdir(parents=True)
        for number in range(FRAMES):
            pixels = np.random.default_rng(number).integers(60, 140, (*SIZE, 3), np.uint8)
            pixels[truth(number) > 0] = 210
            Image.fromarray(pixels).save(root / "image" / f"OP1_{number}.png")
            coding(number).save(root / "mask" / f"OP1_{number}{suffix}")
        return root

    return make


@pytest.fixture
def evaluate(robust_endo, model_file, tmp_path) -> Callable[..., object]:
    """A function that evaluates a folder on clean frames."""

    def run(root: Path, *options: object) -> object:
        return robust_endo(
            "evaluate", "--data", root, "--model", f"{model_file}:build", "--corruption", "clean", "--format", "none",
            "--out", tmp_path / "run", *options,
        )  # fmt: skip

    return run


REFUSED = {
    "0 and 255": (
        coded(0, 255, 255),
        ".png",
        "Expected at least two classes in the masks, got only 0 (background) and 255, which means ignored: give "
        "--label-map 0=background,255=instrument if 255 is a class.",
    ),
    "0, 70, 160": (
        coded(0, 160, 70),
        ".png",
        "Expected labels numbered from 0 without gaps, got 0, 70, 160 without 1, 2, 3, 4, 5, 6, 7, 8 and 150 more: map "
        "them, as in --label-map 0=background,70=NAME1,160=NAME2, or name all classes with --classes or classes.txt "
        "where some are only rare.",
    ),
    "colours": (
        coded((0, 0, 0), (255, 0, 0), (0, 255, 0)),
        ".png",
        "got colours (#000000, #ff0000, #00ff00): name them, as in --label-map #000000=background,#ff0000=instrument.",
    ),
    "JPEG": (
        coded(0, 1, 2),
        ".jpg",
        "whose values are blurred: write masks as PNG, or give ranges such as --label-map "
        "0-127=background,128-255=instrument.",
    ),
    "all ignored": (
        coded(255, 255, 255),
        ".png",
        "Expected labels in the masks, got 255 (ignored) in every pixel of every mask: give the values with "
        "--label-map 0=background,255=instrument, or correct the masks.",
    ),
    "many values": (
        noisy,
        ".png",
        "Expected masks with the numbers of a few classes, got 255 different values, as images or lossy files have "
        "them: write class indices as PNG, or map ranges, as in --label-map 0-127=background,128-255=instrument.",
    ),
    "from 1": (
        coded(1, 2, 3),
        ".png",
        "Expected labels numbered from 0 without gaps, got 1, 2, 3 without 0: map them, as in --label-map "
        "1=background,2=NAME1,3=NAME2, or name all classes with --classes or classes.txt where some are only rare.",
    ),
    "one class": (
        coded(0, 0, 0),
        ".png",
        "Expected at least two classes in the masks, got only 0 (background): every prediction of it would be right; "
        "check the masks, or map their values with --label-map.",
    ),
}


@pytest.mark.parametrize("coding", REFUSED)
@pytest.mark.parametrize("command", ["evaluate", "train", "check"])
def test_masks_of_another_coding_are_refused(write, evaluate, robust_endo, tmp_path, coding, command):
    masks, suffix, sentence = REFUSED[coding]
    root = write(masks, suffix)
    if command == "evaluate":
        result = evaluate(root)
    elif command == "train":
        result = robust_endo("train", "--data", root, "--epochs", 1, "--out", tmp_path / "train", "--logger", "none")
    else:
        result = robust_endo("datasets", "check", root)
    assert result.exit_code == (3 if command == "check" else 2), result.output
    assert sentence in " ".join((result.stdout if command == "check" else result.stderr).split())
    assert "Traceback" not in result.output


READ = {
    "border of 255": (with_border, ".png", ()),
    "16 bits": (wide, ".png", ()),
    "opaque RGBA": (opaque, ".png", ()),
    "mapped values": (coded(0, 160, 70), ".png", ("--label-map", "0=background,160=class 1,70=class 2")),
    "mapped colours": (
        coded((0, 0, 0), (255, 0, 0), (0, 255, 0)),
        ".png",
        ("--label-map", "#000000=background,#ff0000=class 1,#00ff00=class 2"),
    ),
    "mapped ranges of a JPEG": (
        coded(0, 255, 128),
        ".jpg",
        ("--label-map", "0-70=background,185-255=class 1,71-184=class 2"),
    ),
}


@pytest.mark.parametrize("coding", READ)
def test_masks_are_read_correctly(write, evaluate, tmp_path, coding):
    masks, suffix, options = READ[coding]
    result = evaluate(write(masks, suffix), *options)
    assert result.exit_code == 0, result.output
    data = read_json(tmp_path / "run/run.json")["data"]
    assert data["name"] == "surgery"
    assert data["label_map"] == (options[1] if options else None)
    dataset = load_dataset(tmp_path / "surgery", label_map=options[1] if options else None)
    for number in range(FRAMES):
        scored = dataset[number].mask != 255
        np.testing.assert_array_equal(dataset[number].mask[scored], truth(number)[scored.numpy()])
        assert scored.numpy().mean() >= 0.9


def test_labels_file_equals_the_option(write, evaluate, robust_endo, tmp_path):
    root = write(coded(0, 160, 70))
    (root / "labels.toml").write_text('[labels]\nbackground = 0\nshaft = [160, "161-200"]\nmanipulator = 70\n')
    assert evaluate(root).exit_code == 0
    info = read_json(tmp_path / "run/run.json")
    assert info["tasks"]["segmentation"] == ["background", "shaft", "manipulator"]
    assert info["data"]["label_map"] == "0=background,160=shaft,161-200=shaft,70=manipulator"
    other = evaluate(root, "--label-map", "0=background,160=shaft,70=shaft")
    assert other.exit_code == 2
    assert "Cannot resume" in other.stderr
    assert robust_endo("datasets", "check", root).exit_code == 0


def test_values_without_a_name_are_refused_with_their_count(write, evaluate, robust_endo):
    root = write(coded(0, 160, 70))
    options = ("--label-map", "0=background,160=shaft")
    sentence = (
        "Expected only values of --label-map (0=background,160=shaft) in the masks, got 70 in 2 of 3 masks (the first: "
        f"{root}/mask/OP1_1.png): add 70=NAME or 70=ignore."
    )
    result = evaluate(root, *options)
    assert result.exit_code == 2
    assert sentence in result.stderr.replace("\n", " ")
    checked = robust_endo("datasets", "check", root, *options)
    assert checked.exit_code == 3
    assert "2 of 3 frames cannot be used" in checked.stdout
    ignored = evaluate(root, "--label-map", "0=background,160=shaft,70=ignore")
    assert ignored.exit_code == 0


def test_frames_of_one_class_are_evaluated_among_others(write, evaluate):
    assert evaluate(write(coded(0, 1, 2)), "--limit", 1).exit_code == 0


def test_one_odd_mask_is_left_out(write, evaluate, robust_endo, tmp_path):
    root = write(coded(0, 1, 2))
    coded((0, 0, 0), (255, 0, 0), (0, 255, 0))(1).save(root / "mask/OP1_1.png")
    result = evaluate(root)
    assert result.exit_code == 3
    assert (
        "1 of 3 frames could not be used and are excluded; the first: image/OP1_1.png: Expected class" in result.stderr
    )
    assert robust_endo("datasets", "check", root).exit_code == 3


def test_mask_coding_is_reported_before_a_model_that_does_not_fit_it(write, robust_endo, tmp_path):
    factory = tmp_path / "two.py"
    factory.write_text(
        "import torch\ndef build():\n    return lambda x: {'segmentation': torch.zeros(len(x), 2, *x.shape[2:])}\n",
        "utf-8",
    )
    root = write(coded(0, 160, 70))
    result = robust_endo("evaluate", "--data", root, "--model", f"{factory}:build", "--out", tmp_path / "run")
    assert result.exit_code == 2
    assert "Expected labels numbered from 0 without gaps" in result.stderr
    assert "segmentation outputs" not in result.stderr
