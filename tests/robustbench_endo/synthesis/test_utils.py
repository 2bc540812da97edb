from __future__ import annotations

import numpy as np
import torch
from PIL import Image

from robustbench_endo.synthesis.utils import (
    activity_name,
    checksum,
    covered_area,
    instrument_mask,
    luma,
    resize,
    select_frames,
    to_array,
)
from robustbench_endo.types import Sample


def sample(mask=None, activity=None):
    image = torch.arange(60, dtype=torch.uint8).reshape(3, 4, 5)
    return Sample.from_labels(image, mask, activity, "a.png", "a")


def test_luma_weights_the_channels():
    assert np.allclose(luma(np.eye(3, dtype=np.float32)[None]), [[0.299, 0.587, 0.114]])


def test_to_array_has_channels_last():
    pixels = to_array(sample())
    assert pixels.shape == (4, 5, 3)
    assert pixels.flags.c_contiguous
    assert np.array_equal(pixels[..., 1], sample().image[1].numpy())


def test_resize_takes_images_and_float_maps():
    assert resize(to_array(sample()), (8, 10), Image.Resampling.NEAREST).shape == (8, 10, 3)
    field = resize(np.full((4, 5), 0.3, np.float32), (2, 3), Image.Resampling.BILINEAR)
    assert field.dtype == np.float32
    assert np.allclose(field, 0.3)


def test_instrument_mask_selects_labels():
    mask = torch.tensor([[0, 1, 2, 255]], dtype=torch.uint8)
    assert instrument_mask(sample(mask), None).tolist() == [[0, 1, 2, 0]]
    assert instrument_mask(sample(mask), (2,)).tolist() == [[0, 0, 2, 0]]
    assert covered_area(sample(mask), (2,)).tolist() == [[False, False, True, True]]
    assert instrument_mask(sample(), None) is covered_area(sample(), None) is None


def test_checksum_covers_pixels_and_mask():
    mask = torch.zeros(4, 5, dtype=torch.uint8)
    other = sample()
    other.image[0, 0, 0] = 9
    sums = {checksum(sample()), checksum(sample(mask)), checksum(sample(mask + 1)), checksum(other)}
    assert len(sums) == 4
    assert checksum(sample()) == checksum(Sample(sample().image, {}, "b.jpg", "b"))


def test_select_frames_is_sorted_and_depends_on_the_seed():
    assert select_frames(5, None, 0) == select_frames(5, 9, 0) == [0, 1, 2, 3, 4]
    selected = select_frames(100, 10, 0)
    assert selected == sorted(set(selected)) == select_frames(100, 10, 0)
    assert len(selected) == 10
    assert selected != select_frames(100, 10, 1)


def test_activity_name_is_none_without_activity(bars):
    assert [activity_name(bars(), bars()[index]) for index in range(2)] == ["1", "2"]
    assert activity_name(bars(), sample()) is None
