import pandas as pd
import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.results import QUANTITIES, load_results
from robustbench_endo.results.store import write_json, write_whole
from robustbench_endo.results.table import severity_mean_table

GROUPS = {"gaussian_noise": "noise", "contrast": "digital", "saturate": "digital"}


@pytest.fixture
def scores():
    rows = [("m", "clean", 0, 90.0)] + [
        ("m", name, severity, 10.0 * (i + 1) + severity) for i, name in enumerate(GROUPS) for severity in (1, 2)
    ]
    return pd.DataFrame(rows, columns=["model", "corruption", "severity", "miou"]).assign(images=4)


def test_table_has_the_shape_of_the_papers(scores):
    table = severity_mean_table(scores, ["miou"], GROUPS, ["m"])
    assert list(table.index) == [
        ("clean", "clean"),
        ("noise", "gaussian_noise"),
        ("digital", "contrast"),
        ("digital", "saturate"),
        ("mean", "noise"),
        ("mean", "digital"),
        ("mean", "all"),
    ]
    assert table["miou", "m"].tolist() == [90, 11.5, 21.5, 31.5, 11.5, 26.5, pytest.approx(21.5)]


def test_a_model_without_rows_is_not_a_number_in_the_table(scores):
    table = severity_mean_table(scores, ["miou"], GROUPS, ["m", "other"])
    assert table["miou", "other"].isna().all()


def test_an_unknown_metric(scores):
    with pytest.raises(RobustEndoError, match="Expected a metric of the run, found 'mIoU'"):
        severity_mean_table(scores, ["mIoU"], GROUPS, ["m"])


def test_every_quantity_describes_itself():
    for quantity in QUANTITIES.values():
        assert quantity.description.endswith(".")
        assert (quantity.scale == 100) == quantity.unit.startswith("%")


def test_no_run_there(tmp_path):
    with pytest.raises(RunError, match="Expected a finished run in .*, found no run.json"):
        load_results(tmp_path)
    write_json(tmp_path / "run.json", {})
    pd.DataFrame({"model": ["m"]}).to_parquet(tmp_path / "results.parquet")
    with pytest.raises(RunError, match="found no corruption, severity"):
        load_results(tmp_path)
    (tmp_path / "run.json").write_text("{")
    pd.DataFrame().to_parquet(tmp_path / "results.parquet")
    with pytest.raises(RunError):
        load_results(tmp_path)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "x"
    write_whole(path, lambda file: file.write(b"before"))

    def fail(file):
        file.write(b"half")
        raise OSError

    with pytest.raises(OSError, match=r"^$"):
        write_whole(path, fail)
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]
