"""The contact sheet of the augmentation pipelines: the same frames by albumentations and by torchvision."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from robustbench_endo.training.augmentation import augmentation

COLOURS = np.array(
    [(0, 0, 0), (86, 180, 233), (0, 158, 115), (240, 228, 66), (230, 159, 0), (204, 121, 167), (0, 114, 178)], np.uint8
)
IGNORED = (128, 128, 128)
WIDTH, HEIGHT, COLUMNS, HEAD, GAP = 150, 120, 6, 20, 3

Frames = Sequence[tuple[NDArray[np.uint8], NDArray[np.uint8]]]


def augmentation_sheet(frames: Frames, pipelines: Sequence[str] = ("surgical", "surgical-v2")) -> Image.Image:
    """A block of rows per pipeline and a row per frame: the original, then the frame with several seeds.

    Args:
        frames: images (H, W, 3) and masks (H, W).
        pipelines: names of pipelines.
    """
    block = HEAD + len(frames) * (HEIGHT + GAP)
    sheet = Image.new("RGB", (COLUMNS * (WIDTH + GAP), block * len(pipelines)), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for number, name in enumerate(pipelines):
        library = "torchvision" if name.endswith("-v2") else "albumentations"
        draw.text((2, number * block + 2), f"{name} ({library}): original, then five seeds", "black", font)
        augment = augmentation(name)
        for row, (image, mask) in enumerate(frames):
            top = number * block + HEAD + row * (HEIGHT + GAP)
            for column in range(COLUMNS):
                changed = augment(image, mask, 100 * row + column) if column and augment else (image, mask)
                sheet.paste(_tile(*changed), (column * (WIDTH + GAP), top))
    return sheet


def _tile(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> Image.Image:
    """A frame with the outlines of its mask, and grey where the mask is ignored."""
    size = (WIDTH, HEIGHT)
    pixels = np.array(Image.fromarray(image).resize(size, Image.Resampling.BILINEAR))
    labels = np.array(Image.fromarray(mask).resize(size, Image.Resampling.NEAREST))
    outline = np.zeros(labels.shape, bool)
    outline[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    outline[1:] |= labels[1:] != labels[:-1]
    pixels[outline] = COLOURS[np.minimum(labels, len(COLOURS) - 1)][outline]
    pixels[outline & (labels == 0)] = (255, 255, 255)
    pixels[labels == 255] = IGNORED
    return Image.fromarray(pixels)
