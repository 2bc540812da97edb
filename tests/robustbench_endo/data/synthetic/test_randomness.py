"""One stream for each key, the same for the same key."""

import numpy as np

from robustbench_endo.data.synthetic.randomness import SPLITS, random_stream, uniform


def test_random_stream_differs_between_keys() -> None:
    draws = {
        random_stream(seed, split, purpose, index).bytes(16)
        for seed in (0, 1)
        for split in SPLITS
        for purpose in ("patient", "scene", "sensor")
        for index in range(5)
    }
    assert len(draws) == 2 * 3 * 3 * 5


def test_random_stream_is_the_same_for_the_same_key() -> None:
    assert random_stream(7, "val", "scene", 3).bytes(64) == random_stream(7, "val", "scene", 3).bytes(64)


def test_uniform_is_a_float_in_the_interval() -> None:
    rng = np.random.default_rng(0)
    values = [uniform(rng, -0.3, 0.1) for _ in range(100)]
    assert all(type(value) is float and -0.3 <= value < 0.1 for value in values)
