"""Data sets are named, got and compared with Table I before anything is trained."""

import pytest

from robustbench_endo.errors import ReproductionError
from robustbench_endo.reproduction import grid
from robustbench_endo.reproduction.datasets import drawn, facts, given
from robustbench_endo.reproduction.presets import QUICK


def test_a_folder_is_read_as_the_one_data_set_of_the_table(tmp_path):
    found = given([str(tmp_path)], None, grid("table2"))
    assert found["mtlesd"].told == f"mtlesd:{tmp_path}"
    assert found["mtlesd"].own
    assert not given(["synthetic"], None, grid("table2"))["mtlesd"].own


def test_the_generalisation_set_has_an_option_of_its_own(tmp_path):
    found = given([f"mtlendovis:{tmp_path}"], str(tmp_path), grid("table4"))
    assert found["mtlendovis-gen"].told == f"mtlendovis-gen:{tmp_path}"
    with pytest.raises(ReproductionError, match="Expected --data-gen mtlendovis-gen:DIR"):
        given([f"mtlendovis:{tmp_path}"], None, grid("table4"))


WRONG = [
    ([], "table2", "Expected --data mtlesd:DIR for table2, got none"),
    (["mtlendovis:x"], "table2", "Expected mtlesd for table2, got mtlendovis"),
    (["x"], "table5", "write mtlesd:x or mtlendovis:x"),
    (["mtlesd:x", "mtlesd:y"], "table2", "got it twice"),
]


@pytest.mark.parametrize(("specs", "table", "text"), WRONG)
def test_what_is_missing_is_said(specs, table, text):
    with pytest.raises(ReproductionError, match=text):
        given(specs, None, grid(table))


def test_frames_are_compared_with_table_one():
    source = drawn("mtlesd", QUICK)
    (line,) = facts({"mtlesd": source}, {("mtlesd", "train"): source.load("train")})
    assert "train 4 frames (Table I: 1618)" in line
    assert "3 activities as in Table I" in line


def test_drawn_data_sets_have_patients_of_their_own():
    one, other = (drawn(name, QUICK).load("test")[0].image for name in ("mtlesd", "mtlendovis"))
    assert not one.equal(other)
