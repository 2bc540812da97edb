"""Pictures as they come: the same kind goes back."""

from __future__ import annotations

import numpy as np
import torch

from robustbench_endo.corruptions import corrupt, load_suite, to_bytes

PICTURES = np.random.default_rng(0).integers(0, 256, (2, 40, 48, 3), dtype=np.uint8)


def test_one_array_is_its_share_of_a_batch_and_of_a_tensor() -> None:
    both = corrupt(PICTURES, "shot_noise", 3, ["a", "b"], seed=4)
    assert both.dtype == np.uint8
    assert both.shape == PICTURES.shape
    assert np.array_equal(corrupt(PICTURES[1], "shot_noise", 3, "b", seed=4), both[1])
    tensor = torch.from_numpy(PICTURES).permute(0, 3, 1, 2)
    damaged = corrupt(tensor, "shot_noise", 3, ["a", "b"], seed=4)
    assert damaged.dtype == torch.uint8
    assert np.array_equal(damaged.permute(0, 2, 3, 1).numpy(), both)


def test_floats_stay_floats() -> None:
    tensor = torch.from_numpy(PICTURES).permute(0, 3, 1, 2) / 255
    damaged = corrupt(tensor, "shot_noise", 3, ["a", "b"], seed=4)
    assert damaged.dtype == torch.float32
    assert np.array_equal(
        to_bytes(damaged).permute(0, 2, 3, 1).numpy(), corrupt(PICTURES, "shot_noise", 3, ["a", "b"], 4)
    )


def test_id_seed_and_suite_decide_the_pixels() -> None:
    results = [
        corrupt(PICTURES[0], "gaussian_noise", 3),
        corrupt(PICTURES[0], "gaussian_noise", 3, "other"),
        corrupt(PICTURES[0], "gaussian_noise", 3, seed=1),
        corrupt(PICTURES[0], "gaussian_noise", 4),
    ]
    assert len({result.tobytes() for result in results}) == 4
    assert np.array_equal(corrupt(PICTURES[0], "gaussian_noise", 3, "image"), results[0])
    assert np.array_equal(corrupt(PICTURES[0], "gaussian_noise", 3, suite=load_suite("endo19")), results[0])


def test_severity_0_gives_the_bytes_back() -> None:
    assert np.array_equal(corrupt(PICTURES, "gaussian_noise", 0, ["a", "b"]), PICTURES)


def test_bytes_round_to_nearest_ties_to_even() -> None:
    assert to_bytes(torch.tensor([0.0, 0.499 / 255, 0.501 / 255, 0.5, 1.0])).tolist() == [0, 0, 1, 128, 255]


def test_a_read_only_strided_array_is_fine() -> None:
    view = PICTURES[0, :, ::-1]
    view.flags.writeable = False
    assert corrupt(view, "gaussian_noise", 1).shape == view.shape
