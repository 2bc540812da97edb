"""Write tiny fake copies of the public data sets, each in its published layout.

``python fake_layouts.py OUT`` writes all of them; the tests call the functions. Every frame has the rectangle
``BOX`` painted as some label on background, so that a test knows what a reader must return.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

SIZE = (36, 48)
BOX = (slice(6, 14), slice(8, 20))
BOX_PIXELS = 8 * 12

WATERSHED = (50, 11, 21, 13, 12, 31, 23, 24, 25, 32, 22, 33, 5)
"""CholecSeg8k's grey values in order of the class."""
GALLBLADDER = (255, 160, 165)
CLASPER = (0, 255, 255)
DOMAINS = ("regular", "smoke", "blood", "low_brightness", "bg_change")


def image(path: Path, level: int = 120) -> None:
    """A textured RGB frame whose red level distinguishes it from others."""
    rows, columns = np.indices(SIZE)
    pixels = np.stack([level + (rows + columns) % 20, 40 + rows % 30, 40 + columns % 30], -1)
    save(path, pixels)


def mask(path: Path, label: int | tuple[int, ...], background: int | tuple[int, ...] = 0) -> None:
    """A grey or coloured mask with the box painted in ``label``."""
    colours = () if isinstance(label, int) else (len(label),)
    pixels = np.zeros((*SIZE, *colours), np.uint8)
    pixels[:] = background
    pixels[BOX] = label
    save(path, pixels)


def save(path: Path, pixels: np.ndarray) -> None:
    """Write pixels, as an array where the suffix is ``.npy``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".npy":
        np.save(path, pixels)
    else:
        Image.fromarray(pixels.astype(np.uint8)).save(path)


def multitask(root: Path, activities: Sequence[int] = (1, 3), splits: Sequence[str] = ("train", "test")) -> Path:
    """MTLESD, MTLEndovis and MTLEndovis-Gen: ``split/activity/image|mask``; the label is the activity's number."""
    for split in splits:
        for activity in activities:
            for frame in range(2):
                name = f"case{activity}_{frame:03d}.png"
                image(root / split / str(activity) / "image" / name)
                mask(root / split / str(activity) / "mask" / name, min(activity, 6))
    return root


def endovis17(root: Path) -> Path:
    """The challenge's archives: training with one folder per instrument, test labels in a separate archive."""
    for number, tools in ((1, ("Left_Prograsp_Forceps_labels", "Other_labels")), (6, ("Prograsp_Forceps",))):
        sequence = root / ("instrument_1_4_training" if number < 5 else "instrument_5_8_training")
        sequence /= f"instrument_dataset_{number}"
        for frame in ("frame000.png", "frame001.png"):
            image(sequence / "left_frames" / frame)
            image(sequence / "right_frames" / frame)
            for tool in tools:
                mask(sequence / "ground_truth" / tool / frame, 0 if tool.startswith("Other") else 20)
    image(root / "instrument_1_4_testing" / "instrument_dataset_1" / "left_frames" / "frame225.png")
    labels = root / "instrument_2017_test" / "instrument_2017_test" / "instrument_dataset_1"
    mask(labels / "TypeSegmentation" / "frame225.png", 3)
    mask(labels / "BinarySegmentation" / "frame225.png", 255)
    return root


def endovis17_cropped(root: Path) -> Path:
    """The widespread preprocessed copy: JPEG frames and masks of 32 grey levels per type."""
    sequence = root / "cropped_train" / "instrument_dataset_3"
    image(sequence / "images" / "frame000.jpg")
    mask(sequence / "instruments_masks" / "frame000.png", 32 * 6)
    mask(sequence / "binary_masks" / "frame000.png", 255)
    return root


def endovis18(root: Path, with_palette: bool = True) -> Path:
    """The challenge's releases with coloured labels, one repaired frame and the files that macOS adds to archives."""
    release = root / "miccai_challenge_2018_release_1" / "miccai_challenge_2018_release_1"
    test = root / "test_data" / "test_data"
    for sequence in (release / "seq_1", release / "seq_2", test / "seq_1-20180917T000000Z-1-001" / "seq_1"):
        for frame in ("frame000.png", "frame001.png"):
            image(sequence / "left_frames" / frame)
            image(sequence / "right_frames" / frame)
            mask(sequence / "labels" / frame, CLASPER, (0, 0, 0))
    mask(root / "repairs" / "repairs" / "seq_1_frame001.png", (0, 255, 0), (0, 0, 0))
    junk = root / "miccai_challenge_2018_release_1" / "__MACOSX" / "seq_9" / "left_frames"
    junk.mkdir(parents=True)
    (junk / "._frame000.png").write_bytes(b"\0\5\26\7")
    (release / "seq_1" / "left_frames" / "._frame000.png").write_bytes(b"\0\5\26\7")
    if with_palette:
        classes = [("background-tissue", [0, 0, 0]), ("instrument-shaft", [0, 255, 0]), ("instrument-clasper", CLASPER)]
        items = [{"name": name, "color": colour, "classid": index} for index, (name, colour) in enumerate(classes)]
        (release / "labels.json").write_text(json.dumps(items))
    return root


def endovis18_types(root: Path) -> Path:
    """ISINet's instrument types: flat in train, one folder per sequence in val."""
    for split, name in (("train", "seq1_frame000.png"), ("val", "seq_2/frame000.png"), ("val", "seq_5/frame000.png")):
        image(root / split / "images" / name)
        mask(root / split / "annotations" / name, 7)
    return root


def cholecseg8k(root: Path) -> Path:
    """Three videos; watershed masks are RGB with equal channels; the box is gallbladder on black background."""
    for video in ("video01", "video12", "video17"):
        clip = root / video / f"{video}_00080"
        for frame in (80, 81):
            stem = f"frame_{frame}_endo"
            image(clip / f"{stem}.png")
            mask(clip / f"{stem}_watershed_mask.png", (22, 22, 22), (50, 50, 50))
            mask(clip / f"{stem}_color_mask.png", GALLBLADDER, (127, 127, 127))
            mask(clip / f"{stem}_mask.png", (22, 22, 22), (50, 50, 50))
    return root


def kvasir_instrument(root: Path) -> Path:
    """JPEG frames; masks nearly black and nearly white, as after lossy compression."""
    frames = {"train": ("ckcu1", "ckcu2"), "test": ("ckcu3",)}
    for split, names in frames.items():
        for name in names:
            image(root / "images" / f"{name}.jpg")
            mask(root / "masks" / f"{name}.png", (251, 252, 250), (3, 2, 4))
        (root / f"{split}.txt").write_text("\n".join(names) + "\n")
    return root


def endovis15(root: Path) -> Path:
    """EndoVis 2015 rigid: the three archives as they are unpacked; the label is shaft (160) or manipulator (70)."""
    for part, operations in (("Segmentation_Rigid_Training/Training", (1, 2)), ("Testing", (1, 5))):
        for operation in operations:
            for frame in (1, 2):
                stem = f"img_{frame:02d}"
                folder = root / part / f"OP{operation}"
                labels = folder if "Training" in part else root / "Segmentation_Rigid_Testing_GT" / f"OP{operation}"
                image(folder / "Raw" / f"{stem}_raw.png", 100 + 10 * operation + frame)
                mask(labels / "Masks" / f"{stem}_class.png", 160 if frame == 1 else 70)
                mask(labels / "Masks" / f"{stem}_instrument.png", 1)
    return root


def segstrong_c(root: Path, arrays: bool = False) -> Path:
    """One motion per split, both eyes; test was also recorded under four conditions, train clean only."""
    for split, part, domains in (
        ("train", "3", DOMAINS[:1]),
        ("val", "1", ("regular", "bg_change")),
        ("test", "9", DOMAINS),
    ):
        for eye in ("left", "right"):
            sequence = root / split / part / "0"
            for frame in range(2):
                for level, domain in enumerate(domains):
                    image(sequence / domain / eye / f"{frame}.png", 120 + 20 * level)
                if arrays:
                    mask(sequence / "ground_truth" / eye / f"{frame}.npy", 1)
                else:
                    mask(sequence / "ground_truth" / eye / f"{frame}.png", 255)
    return root


WRITERS = {
    "mtlesd": multitask,
    "mtlendovis": multitask,
    "mtlendovis-gen": multitask,
    "endovis15": endovis15,
    "endovis17": endovis17,
    "endovis18": endovis18,
    "cholecseg8k": cholecseg8k,
    "kvasir-instrument": kvasir_instrument,
    "segstrong-c": segstrong_c,
}
"""Name of a data set -> function that writes a fake of it."""

if __name__ == "__main__":
    for name, write in WRITERS.items():
        write(Path(sys.argv[1]) / name)
