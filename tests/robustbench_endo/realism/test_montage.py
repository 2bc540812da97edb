"""Montage of real pairs with synthetic conditions."""

import numpy as np
import pytest
from PIL import Image

from robustbench_endo.errors import DataError
from robustbench_endo.realism.montage import pair_montage, save_montage
from robustbench_endo.realism.pairs import Pair


def _pair(name, sequence, level):
    return Pair(name, sequence, *(np.full((48, 96, 3), value, np.uint8) for value in (level, level + 50)))


def test_pair_montage_has_a_row_for_each_sequence():
    pairs = [_pair("a0", "a", 20), _pair("a1", "a", 90), _pair("b0", "b", 150)]
    sheet = np.asarray(pair_montage(pairs, {"dark": lambda frame, _: frame // 2}))
    assert sheet.shape == (16 + 2 * 142, 3 * 282, 3)
    centers = sheet[np.ix_([16 + 70, 16 + 142 + 70], [140, 282 + 140, 564 + 140])][..., 0]
    assert centers.tolist() == [[20, 70, 10], [150, 200, 75]]


@pytest.mark.parametrize("name", ["missing/sheet.png", "sheet.unknown"])
def test_save_montage_names_the_file_that_it_cannot_write(tmp_path, name):
    with pytest.raises(DataError, match="Cannot write the montage"):
        save_montage(tmp_path / name, Image.new("RGB", (8, 8)))
