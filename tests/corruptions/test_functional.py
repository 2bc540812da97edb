"""``corrupt`` on arrays and tensors, 8-bit and floating."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from robustbench_endo.corruptions import corrupt, list_corruptions, load_suite, to_bytes
from robustbench_endo.errors import RobustEndoError

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 40, 48, 3), dtype=np.uint8)


def test_corrupt_array_equals_its_item_of_a_batch_and_of_a_tensor() -> None:
    both = corrupt(IMAGES, "shot_noise", 3, ["a", "b"], seed=4)
    assert both.dtype == np.uint8
    assert both.shape == IMAGES.shape
    assert np.array_equal(corrupt(IMAGES[1], "shot_noise", 3, "b", seed=4), both[1])
    tensor = torch.from_numpy(IMAGES).permute(0, 3, 1, 2)
    corrupted = corrupt(tensor, "shot_noise", 3, ["a", "b"], seed=4)
    assert corrupted.dtype == torch.uint8
    assert np.array_equal(corrupted.permute(0, 2, 3, 1).numpy(), both)


def test_corrupt_keeps_floating_tensors_floating() -> None:
    tensor = torch.from_numpy(IMAGES).permute(0, 3, 1, 2) / 255
    corrupted = corrupt(tensor, "shot_noise", 3, ["a", "b"], seed=4)
    assert corrupted.dtype == torch.float32
    assert np.array_equal(
        to_bytes(corrupted).permute(0, 2, 3, 1).numpy(), corrupt(IMAGES, "shot_noise", 3, ["a", "b"], 4)
    )


def test_corrupt_depends_on_id_seed_and_severity() -> None:
    results = [
        corrupt(IMAGES[0], "gaussian_noise", 3),
        corrupt(IMAGES[0], "gaussian_noise", 3, "other"),
        corrupt(IMAGES[0], "gaussian_noise", 3, seed=1),
        corrupt(IMAGES[0], "gaussian_noise", 4),
    ]
    assert len({result.tobytes() for result in results}) == 4
    assert np.array_equal(corrupt(IMAGES[0], "gaussian_noise", 3, "image"), results[0])
    assert np.array_equal(corrupt(IMAGES[0], "gaussian_noise", 3, suite=load_suite("endo19")), results[0])


def test_corrupt_at_severity_0_is_the_identity() -> None:
    assert np.array_equal(corrupt(IMAGES, "gaussian_noise", 0, ["a", "b"]), IMAGES)


def test_to_bytes_rounds_to_nearest_ties_to_even() -> None:
    assert to_bytes(torch.tensor([0.0, 0.499 / 255, 0.501 / 255, 0.5, 1.0])).tolist() == [0, 0, 1, 128, 255]


def test_list_corruptions_are_those_of_the_suite() -> None:
    assert list_corruptions() == list(load_suite("endo19").names)
    assert list_corruptions("imagenet-c") == list(load_suite("imagenet-c").names)


def test_corrupt_accepts_a_read_only_strided_array() -> None:
    view = IMAGES[0, :, ::-1]
    view.flags.writeable = False
    assert corrupt(view, "gaussian_noise", 1).shape == view.shape


IMAGE = np.full((40, 40, 3), 128, np.uint8)
BAD_INPUT = [
    ((IMAGES, None), "Expected ids, one stable name for each of the 2 images, got none"),
    ((torch.full((2, 3, 40, 40), 0.5), None), "Expected ids"),
    ((IMAGES, [1, 2]), "Expected ids to be texts, got 1"),
]


@pytest.mark.parametrize(("call", "text"), BAD_INPUT)
def test_corrupt_rejects_bad_input(call: tuple[Any, Any], text: str) -> None:
    with pytest.raises(RobustEndoError, match=text):
        corrupt(call[0], "gaussian_noise", 1, call[1])


def test_corrupt_suggests_the_closest_name() -> None:
    with pytest.raises(RobustEndoError, match=r"got 'gausian_noise': did you mean gaussian_noise"):
        corrupt(IMAGE, "gausian_noise", 1)
