"""Folders of real pairs."""

import pytest
from PIL import Image

from robustbench_endo.errors import DataError
from robustbench_endo.realism.pairs import read_pairs


def test_read_pairs_names_the_missing_frame(tmp_path):
    (tmp_path / "pairs.csv").write_text("name,sequence\na.png,s1\nb.png,s2\n")
    with pytest.raises(DataError, match="Cannot read the frame"):
        read_pairs(tmp_path)
    for part in ("clear", "smoky"):
        (tmp_path / part).mkdir()
        for name in "ab":
            Image.new("RGB", (48, 48)).save(tmp_path / part / f"{name}.png")
    assert [pair.sequence for pair in read_pairs(tmp_path)] == ["s1", "s2"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("name,sequence\na.png,\n", "Expected name and sequence in each row"),
        ("name,sequence\na.png,s1\n", "Expected pairs of at least 2 sequences"),
    ],
)
def test_read_pairs_refuses_an_incomplete_table(tmp_path, content, message):
    (tmp_path / "pairs.csv").write_text(content)
    with pytest.raises(DataError, match=message):
        read_pairs(tmp_path)


def test_read_pairs_names_the_missing_table(tmp_path):
    with pytest.raises(DataError, match="got no such file"):
        read_pairs(tmp_path)
