"""Philox in plain torch against the published vectors."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.corruptions.kernels.rng.philox_torch import philox, random_numbers

# Random123, kat_vectors, philox4x32 10: counter (4 words), key (2 words), output (4 words).
KNOWN = [
    ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
    ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
    ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
]


@pytest.mark.parametrize(("counter", "key", "output"), KNOWN)
def test_philox_gives_the_published_vectors(counter: str, key: str, output: str) -> None:
    c, k, expected = ([torch.tensor(int(word, 16)) for word in text.split()] for text in (counter, key, output))
    assert list(philox(tuple(c), tuple(k))) == expected


def test_random_numbers_starts_with_the_published_block() -> None:
    words = random_numbers("words", (0,), 4, 0, torch.device("cpu"))
    assert words.tolist() == [[0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]]
