"""Frames of codecs."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_endo.corruptions.kernels.backend import Bytes
from robustbench_endo.corruptions.surgical.codec_frames import from_planes_420, round_trip, to_planes_420


def test_codec_frames_are_rounded_and_come_back_in_order() -> None:
    images = torch.stack([torch.full((3, 2, 2), value) for value in (0.2, 0.6)])
    coded = round_trip(images, lambda frame, index: frame + np.uint8(index))
    assert torch.allclose(coded[:, 0, 0, 0] * 255, torch.tensor([51.0, 154.0]))


def test_planes_of_grey_have_no_chroma_and_studio_range() -> None:
    frame = np.full((4, 4, 3), 255, np.uint8)
    y, cb, cr = to_planes_420(frame)
    assert (y[0, 0], cb[0, 0], cr[0, 0]) == (235, 128, 128)


def test_planes_and_back_keep_a_colour_within_two_levels() -> None:
    frame = np.broadcast_to(np.array([180, 60, 40], np.uint8), (4, 6, 3))
    assert np.abs(from_planes_420(to_planes_420(frame)).astype(int) - frame).max() <= 2


def test_frames_for_a_codec_are_contiguous_and_images_come_back_so() -> None:
    images = torch.rand(2, 3, 4, 6).contiguous(memory_format=torch.channels_last)

    def code(frame: Bytes, index: int) -> Bytes:
        assert frame.flags.c_contiguous
        return frame

    coded = round_trip(images, code)
    assert coded.is_contiguous()
    assert torch.equal(coded, (images * 255).round() / 255)
