"""Pixels: labels, sizes, the content circle, and frames that are identical on every machine."""

import hashlib

import numpy as np
import pytest

from robustbench_endo.data.synthetic import SyntheticScenes, labels
from robustbench_endo.types import Sample

# SHA-256 (first 16 digits) of mask and image of frames of SyntheticScenes("test"): a change is a visible diff.
GOLDEN = {
    0: ("ddb3f9fb813878ac", "2201df7c60e3f0e3"),
    29: ("e2429a78bf1d0773", "6ad74f2335274cd0"),
}


def digest(array: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


@pytest.mark.parametrize("index", GOLDEN)
def test_render_reproduces_golden_pixels(samples: list[Sample], index: int) -> None:
    sample = samples[index]
    assert (digest(sample.mask.numpy()), digest(sample.image.numpy())) == GOLDEN[index]


def test_render_uses_all_seven_labels_and_no_other(samples: list[Sample]) -> None:
    counts = sum(np.bincount(sample.mask.numpy().ravel(), minlength=256) for sample in samples)
    assert (counts[:7] > 0.002 * counts.sum()).all()
    assert counts[7:].sum() == 0


def test_render_shows_an_instrument_on_tissue_in_every_frame(samples: list[Sample]) -> None:
    for sample in samples:
        mask = sample.mask.numpy()
        instruments = np.isin(mask, (labels.SHAFT, labels.WRIST, labels.GRASPER, labels.SCISSORS, labels.SUCTION))
        assert 0.01 < instruments.mean() < 0.5
        assert 0.3 < (mask == labels.BACKGROUND).mean() < 0.97


@pytest.mark.parametrize("index", [0, 7, 13, 22, 31, 40])
def test_render_at_twice_the_size_shows_the_same_scene(samples: list[Sample], index: int) -> None:
    double = SyntheticScenes("test", size=(512, 640))[index]
    assert (double.mask.numpy()[::2, ::2] == samples[index].mask.numpy()).mean() > 0.97
    halved = double.image.float().reshape(3, 256, 2, 320, 2).mean((2, 4))
    close = np.abs(halved.numpy() - samples[index].image.numpy())
    assert np.median(close) < 8.0


@pytest.mark.parametrize("size", [(32, 32), (101, 67), (1009, 1306)])
def test_render_takes_any_size(size: tuple[int, int]) -> None:
    sample = SyntheticScenes("test", size=size)[8]
    assert sample.image.shape == (3, *size)
    assert sample.mask.shape == size
    assert len(np.unique(sample.mask.numpy())) >= 3


def test_render_is_black_background_outside_the_content_circle(scenes: SyntheticScenes, samples: list[Sample]) -> None:
    circular = [k for k in range(len(scenes)) if scenes.scene(k).patient.scope.radius < 0.7]
    assert 6 <= len(circular) < len(scenes)
    for k in circular:
        corner = (slice(0, 12), slice(0, 12))
        assert samples[k].image.numpy()[(slice(None), *corner)].mean() < 8
        assert (samples[k].mask.numpy()[corner] == labels.BACKGROUND).all()


def test_render_makes_tissue_red_and_well_exposed(samples: list[Sample]) -> None:
    for sample in samples:
        image, tissue = sample.image.numpy(), sample.mask.numpy() == labels.BACKGROUND
        red, green, blue = (image[c][tissue & (image.max(0) > 20)].mean() for c in range(3))
        assert red > 1.15 * max(green, blue)
        assert 50 < red < 220
        assert 0.0005 < (image.min(0) > 200).mean() < 0.25  # wet highlights


def test_render_colours_do_not_determine_the_labels(samples: list[Sample]) -> None:
    """The most frequent label of each of 512 colours in half of the patients is a bad prediction for the others."""
    bins = [np.tensordot((64, 8, 1), s.image.numpy() // 32, axes=1).ravel() for s in samples]
    masks = [s.mask.numpy().ravel() for s in samples]
    table = np.zeros((512, 7))
    for colour, mask in zip(bins[:24], masks[:24], strict=True):
        np.add.at(table, (colour, mask), 1)
    guess = table.argmax(1)[np.concatenate(bins[24:])]
    truth = np.concatenate(masks[24:])
    ious = [((guess == k) & (truth == k)).sum() / ((guess == k) | (truth == k)).sum() for k in range(7)]
    assert np.mean(ious) < 0.4
