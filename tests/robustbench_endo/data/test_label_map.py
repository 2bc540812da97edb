import numpy as np
import pytest
from PIL import Image

from robustbench_endo.data.label_map import LabelMap, UnmappedValuesError, find_label_map
from robustbench_endo.errors import DataError


def test_label_map_numbers_names_in_the_order_of_their_appearance():
    labels = LabelMap.parse("0=background,70=tip,160-170=shaft,71=tip,255=ignore")
    assert labels.names == ("background", "tip", "shaft")
    codes = np.array([[0, 70, 71], [160, 170, 255]])
    np.testing.assert_array_equal(labels.decode(codes, labels.names), [[0, 1, 1], [2, 2, 255]])
    np.testing.assert_array_equal(labels.decode(codes, ("background", "shaft", "tip")), [[0, 2, 2], [1, 1, 255]])


def test_label_map_reads_grey_values_in_a_map_with_colours(tmp_path):
    labels = LabelMap.parse("0=background,#FF0000=tool")
    Image.fromarray(np.array([[[0, 0, 0], [255, 0, 0]]], np.uint8)).save(tmp_path / "a.png")
    codes = labels.read_codes(tmp_path / "a.png")
    assert labels.unmapped(codes) == []
    np.testing.assert_array_equal(labels.decode(codes, labels.names), [[0, 1]])


def test_label_map_lists_values_without_a_name():
    labels = LabelMap.parse("0=background,1=tool")
    assert labels.unmapped(np.array([0, 1, 9, 3, 9])) == [3, 9]
    error = labels.unmapped_error([3, 9], 2, 5, "a.png")
    assert isinstance(error, UnmappedValuesError)
    assert error.values == (3, 9)
    assert "got 3, 9 in 2 of 5 masks (the first: a.png): add 3=NAME or 3=ignore." in str(error)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Expected names of labels in --label-map, got none"),
        ("255=ignore", "Expected names of labels in --label-map, got none"),
        ("0", "Expected VALUE=NAME in --label-map, got '0'"),
        ("0=", "Expected VALUE=NAME in --label-map, got '0'"),
        ("x=background", "Expected a value .0., a range .1-9. or a colour .#ff0000. in --label-map, got 'x'"),
        ("0=background,300=tool", "Expected values from 0 to 255, ranges upwards, in --label-map, got '300'"),
        ("9-1=background", "Expected values from 0 to 255, ranges upwards, in --label-map, got '9-1'"),
        ("0=background,0-5=tool", "Expected one name per value in --label-map, got 'background' and 'tool' for 0-5"),
        ("1=tool,0=background", "Expected the background first in --label-map, got 'tool' before it"),
    ],
)
def test_label_map_rejects_invalid_text(text, message):
    with pytest.raises(DataError, match=message):
        LabelMap.parse(text)


def test_label_map_rejects_names_that_are_no_classes():
    with pytest.raises(DataError, match=r"Expected the names in --label-map among the classes \(a, b\), got 'tool'"):
        LabelMap.parse("0=a,1=tool").index_of(("a", "b"))


def test_find_label_map_prefers_the_text_to_the_file(tmp_path):
    assert find_label_map(None, tmp_path) is None
    (tmp_path / "labels.toml").write_text('[labels]\nbackground = [0, "2-9"]\ntool = "#ff0000"\n')
    assert str(find_label_map(None, tmp_path)) == "0=background,2-9=background,#ff0000=tool"
    assert str(find_label_map("0=background", tmp_path)) == "0=background"
    (tmp_path / "labels.toml").write_text("background = 0\n")
    with pytest.raises(DataError, match=r"Expected a table \[labels\] in .*labels.toml, got none"):
        find_label_map(None, tmp_path)
