"""The compiled round trip of frames: what the comparison with libjpeg in test_codec.py does not show."""

from __future__ import annotations

import numpy as np

from robustbench_endo.corruptions.kernels.jpeg.block_transform import group_steps
from robustbench_endo.corruptions.kernels.jpeg.dct import CHROMINANCE, LUMINANCE, quantisation_table
from robustbench_endo.corruptions.kernels.jpeg.frame_codec import code_frame

STEPS = tuple(group_steps(quantisation_table(15, base)) for base in (LUMINANCE, CHROMINANCE))


def test_the_frame_is_not_changed() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (21, 35, 3), np.uint8)
    copy = frame.copy()
    code_frame(frame, *STEPS)
    np.testing.assert_array_equal(frame, copy)


def test_grey_stays_grey() -> None:
    levels = np.random.default_rng(1).integers(0, 256, (40, 30, 1), np.uint8)
    coded = code_frame(np.repeat(levels, 3, axis=2), *STEPS)
    assert (coded == coded[..., :1]).all()


def test_blocks_far_apart_do_not_affect_each_other() -> None:
    frame = np.random.default_rng(2).integers(0, 256, (64, 64, 3), np.uint8)
    changed = frame.copy()
    changed[:16, :16] = 0
    difference = (code_frame(frame, *STEPS) != code_frame(changed, *STEPS)).any(2)
    assert difference[:16, :16].any()
    assert not difference[17:].any()  # one pixel further than the block: the chroma is interpolated
    assert not difference[:, 17:].any()
