"""Streams: one for each key, the same for the same key."""

from robustbench_endo.data.synthetic.raster import SPLITS, generator


def test_every_key_has_its_own_stream() -> None:
    draws = {
        generator(seed, split, purpose, index).bytes(16)
        for seed in (0, 1)
        for split in SPLITS
        for purpose in ("patient", "scene", "sensor")
        for index in range(5)
    }
    assert len(draws) == 2 * 3 * 3 * 5


def test_same_key_same_stream() -> None:
    assert generator(7, "val", "scene", 3).bytes(64) == generator(7, "val", "scene", 3).bytes(64)
