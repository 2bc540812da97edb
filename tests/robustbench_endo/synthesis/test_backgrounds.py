from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.errors import FrameError, SynthesisError
from robustbench_endo.synthesis import SingleImageDataset
from robustbench_endo.synthesis.backgrounds import Backgrounds
from robustbench_endo.types import Dataset


def backgrounds(data, size=(96, 128), limit=None, instruments=None, progress=lambda done, total: None):
    return Backgrounds(data, instruments, size, limit, 0, progress)


def test_single_image_dataset_is_a_dataset_of_one_frame(tmp_path):
    path = tmp_path / "tissue_07.png"
    Image.fromarray(np.full((20, 30, 3), 90, np.uint8)).save(path)
    data = SingleImageDataset(path)
    assert isinstance(data, Dataset)
    assert (len(data), data.ids, data.subjects) == (1, ("tissue_07.png",), ("tissue",))
    assert data[0].image.shape == (3, 20, 30)
    assert data[0].targets == {}
    assert SingleImageDataset(path, r"(\d+)").subjects == ("07",)
    with pytest.raises(FrameError, match="Cannot read the image"):
        SingleImageDataset(tmp_path / "absent.png")[0]


def test_backgrounds_cover_the_size_of_the_images(clean):
    prepared = backgrounds(clean, (64, 100)).load(0)
    assert prepared.image.shape == (75, 100, 3)
    assert prepared.view.shape == (75, 100)
    assert prepared.view.all()


def test_backgrounds_inpaint_instruments_and_borders(bars):
    data = bars(change=lambda image, mask: image.__setitem__(slice(0, 12), 0))
    prepared = backgrounds(data).load(0)
    assert not prepared.view[:9].any()
    assert prepared.image[..., 0].min() > 60
    assert (np.ptp(prepared.image.astype(int), axis=2) > 20).all()


def test_backgrounds_inpaint_only_the_labels_of_instruments(bars):
    prepared = backgrounds(bars(), instruments=(2,)).load(0)
    grey = np.ptp(prepared.image.astype(int), axis=2) < 10
    mask = bars()[0].mask.numpy()
    assert grey[mask == 1].mean() > 0.5
    assert not grey[mask == 2].any()


def test_backgrounds_select_frames_and_report_progress(clean):
    calls = []
    one = backgrounds(clean, limit=1, progress=lambda done, total: calls.append((done, total)))
    assert (len(one), calls) == (1, [(1, 1)])
    both = backgrounds(clean)
    assert [both.id(number) for number in range(2)] == clean.ids
    assert [both.subject_id(number) for number in range(2)] == clean.subjects
    assert set(both.checksums) == set(clean.ids)


def test_backgrounds_leave_out_covered_frames(bars):
    data = bars(change=lambda image, mask: mask.fill(1) if image[0, 0, 0] == bars()[1].image[0, 0, 0] else None)
    assert backgrounds(data).indices == [0, 2, 3]
    with pytest.raises(SynthesisError, match="at least 75% of its view, got none among 4 frames of bars"):
        backgrounds(bars(change=lambda image, mask: mask.fill(1)))
