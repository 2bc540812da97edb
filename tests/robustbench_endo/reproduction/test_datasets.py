"""Data sets are parsed and compared with Table I before anything is trained."""

import pytest

from robustbench_endo.errors import ReproductionError
from robustbench_endo.reproduction import grid
from robustbench_endo.reproduction.datasets import describe_sources, parse_sources, synthetic_source
from robustbench_endo.reproduction.presets import QUICK


def test_parse_sources_reads_a_folder_as_the_data_set_of_the_table(tmp_path):
    sources = parse_sources([str(tmp_path)], None, grid("table2"))
    assert sources["mtlesd"].label == f"mtlesd:{tmp_path}"
    assert sources["mtlesd"].is_original
    assert not parse_sources(["synthetic"], None, grid("table2"))["mtlesd"].is_original


def test_parse_sources_takes_the_generalisation_set_separately(tmp_path):
    sources = parse_sources([f"mtlendovis:{tmp_path}"], str(tmp_path), grid("table4"))
    assert sources["mtlendovis-gen"].label == f"mtlendovis-gen:{tmp_path}"
    with pytest.raises(ReproductionError, match="Expected --data-gen mtlendovis-gen:DIR"):
        parse_sources([f"mtlendovis:{tmp_path}"], None, grid("table4"))


WRONG = [
    ([], "table2", "Expected --data mtlesd:DIR for table2, got none"),
    (["mtlendovis:x"], "table2", "Expected mtlesd for table2, got mtlendovis"),
    (["x"], "table5", "write mtlesd:x or mtlendovis:x"),
    (["mtlesd:x", "mtlesd:y"], "table2", "got it twice"),
]


@pytest.mark.parametrize(("specs", "table", "text"), WRONG)
def test_parse_sources_names_what_is_missing(specs, table, text):
    with pytest.raises(ReproductionError, match=text):
        parse_sources(specs, None, grid(table))


def test_describe_sources_compares_with_table_one():
    source = synthetic_source("mtlesd", QUICK)
    (line,) = describe_sources({"mtlesd": source}, {("mtlesd", "train"): source.load("train")})
    assert "train 4 frames (Table I: 1618)" in line
    assert "3 activities as in Table I" in line


def test_synthetic_source_has_other_patients_per_data_set():
    one, other = (synthetic_source(name, QUICK).load("test")[0].image for name in ("mtlesd", "mtlendovis"))
    assert not one.equal(other)
