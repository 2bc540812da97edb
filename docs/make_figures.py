"""``make figures``: the images of the README and the gallery of corruptions, from synthetic data."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import corruption_page
import gallery_images
import numpy as np
import report_images
import torch
from augmentation_sheet import COLOURS, augmentation_sheet
from numpy.typing import NDArray
from PIL import Image

from robustbench_endo.corruptions import Suite, load_suite
from robustbench_endo.data.synthetic import SyntheticScenes
from robustbench_endo.reports.plotting.contact_sheet import corruption_sheet
from robustbench_endo.types import Sample

IMAGES = Path(__file__).parent / "images"


def scenes(columns: int = 6, rows: int = 3) -> Image.Image:
    """Scenes side by side, every second one with its mask as an overlay."""
    data = SyntheticScenes(split="test")
    samples = [data[index * len(data) // (columns * rows)] for index in range(columns * rows)]
    tiles = [_masked(sample) if number % 2 else _pixels(sample) for number, sample in enumerate(samples)]
    lines = [np.concatenate(tiles[start : start + columns], 1) for start in range(0, len(tiles), columns)]
    return Image.fromarray(np.concatenate(lines)).resize((columns * 200, rows * 160), Image.Resampling.LANCZOS)


def corruptions(suite: Suite, index: int = 5) -> Image.Image:
    """One scene under every corruption and severity: noise and blur on the left, occlusion and digital on the right."""
    sample = SyntheticScenes(split="test", size=(256, 320))[index]
    halves = [_sheet(suite, suite.select(groups), sample) for groups in ("noise,blur", "occlusion,digital")]
    sheet = Image.new("RGB", (sum(half.width for half in halves), max(half.height for half in halves)), "white")
    sheet.paste(halves[0], (0, 0))
    sheet.paste(halves[1], (halves[0].width, 0))
    return sheet


def augmentations(indices: tuple[int, ...] = (5, 20)) -> Image.Image:
    """Scenes under the pipeline ``surgical`` of albumentations, and under that of torchvision."""
    data = SyntheticScenes(split="test", size=(240, 300))
    samples = [data[index] for index in indices]
    assert all(sample.mask is not None for sample in samples)
    return augmentation_sheet([(_pixels(sample), sample.mask.numpy()) for sample in samples if sample.mask is not None])


def _sheet(suite: Suite, names: tuple[str, ...], sample: Sample) -> Image.Image:
    images = {}
    for name, severity in ((name, severity) for name in names for severity in range(1, 6)):
        corrupted = suite.corrupt(sample.image[None].float() / 255, name, severity, [sample.id])
        images[name, severity] = (corrupted.images[0] * 255).round().byte().permute(1, 2, 0).numpy()
    return Image.open(BytesIO(corruption_sheet(images, width=140))).convert("RGB")


def _pixels(sample: Sample) -> NDArray[np.uint8]:
    return sample.image.permute(1, 2, 0).numpy()


def _masked(sample: Sample) -> NDArray[np.uint8]:
    assert sample.mask is not None
    labels = sample.mask.numpy()
    over = (_pixels(sample) * 0.45 + COLOURS[labels] * 0.55).astype(np.uint8)
    return np.where(labels[..., None] > 0, over, _pixels(sample))


def main() -> None:
    """Write ``docs/images`` and the generated part of docs/corruptions.md."""
    torch.set_num_threads(1)  # these frames are too small for several threads
    IMAGES.mkdir(exist_ok=True)
    scenes().save(IMAGES / "scenes.jpg", quality=88)
    suite = load_suite("endo19")
    corruptions(suite).save(IMAGES / "corruptions.jpg", quality=88)
    augmentations().save(IMAGES / "augmentation.jpg", quality=85)
    corruption_page.write(suite)
    with TemporaryDirectory() as folder:
        results = report_images.shipped_run(Path(folder) / f"{report_images.FRAMES}-synthetic-frames")
        report_images.severity(results, IMAGES / "severity.png")
        report_images.screenshot(results, IMAGES / "report.png")
        gallery_images.write(results, IMAGES / "gallery")


if __name__ == "__main__":
    main()
