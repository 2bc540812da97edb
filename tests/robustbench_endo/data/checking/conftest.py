"""A data folder of two splits, and its validation."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.data.checking import Findings, check, splits_of

SUBJECT_REGEX = r"((?:train|test)/./image/OP\d)"


@pytest.fixture
def root(make_folder) -> Path:
    """Train and test, two activities of four frames each, two patients in each split."""
    return make_folder(frames=4, splits=("train", "test"))


@pytest.fixture
def validate(root) -> Callable[..., Findings]:
    """A function that validates the folder."""

    def run(subject_regex: str | None = SUBJECT_REGEX, **options: object) -> Findings:
        return check(*splits_of(root, subject_regex=subject_regex, **options))

    return run


@pytest.fixture
def write_mask() -> Callable[[Path, np.ndarray], None]:
    """A function that writes a mask of any values."""
    return lambda path, values: Image.fromarray(values.astype(np.uint8)).save(path)


@pytest.fixture
def scene() -> Callable[[int], np.ndarray]:
    """A function that makes an image of smooth random colours from a number."""

    def make(number: int) -> np.ndarray:
        coarse = np.random.default_rng(number).integers(0, 255, (6, 8, 3), np.uint8)
        return np.asarray(Image.fromarray(coarse).resize((320, 240), Image.Resampling.BICUBIC))

    return make
