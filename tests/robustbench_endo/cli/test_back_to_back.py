"""`robust-endo compare --back-to-back`."""

import json

import pytest

PAIR = ("--back-to-back", "one", "two")


@pytest.fixture
def run(robust_endo, make_folder, model_file, tmp_path):
    """A run of two models on four frames, with predictions."""
    names = ("--model", f"one={model_file}:build", "--model", f"two={model_file}:build")
    data = ("--data", make_folder(), "--corruption", "contrast", "--severity", "2,5", "--format", "none")
    result = robust_endo("evaluate", *data, *names, "--save-predictions", "all", "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    return tmp_path / "run"


def test_back_to_back_prints_within_80_columns_and_writes_json(robust_endo, run, tmp_path):
    options = ("--margin", "1", "--latency", "--repeats", "20", "--latency-size", "32x40", "--out", tmp_path / "t.json")
    result = robust_endo("compare", run, *PAIR, *options)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines()[:-1])) <= 80
    assert "two and one are equivalent within 1 percentage point" in " ".join(result.stdout.split())
    assert "p99" in result.stdout
    rows = json.loads((tmp_path / "t.json").read_text("utf-8"))
    assert [row["severity"] for row in rows] == [0, 2, 5]
    assert {row["pixels_differ"] for row in rows} == {0}
    printed = json.loads(robust_endo("compare", run, *PAIR, "--json").stdout)
    assert printed["latency"] is None
    assert len(printed["rows"]) == 3


WRONG = (
    (("{run}", "--back-to-back", "one", "three"), "Expected a model of the runs, got 'three'"),
    (("{run}", *PAIR, "--baseline", "one"), "Expected no baseline with --back-to-back, got 'one'"),
    (("{run}", *PAIR, "--margin", "-1"), "Expected a margin above 0"),
    (("{run}", *PAIR, "--metric", "miou,dice"), "Expected one metric with --back-to-back"),
    (("{run}", *PAIR, "--out", "t.html"), "Expected --out FILE.csv or FILE.json"),
    (("{run}", *PAIR, "--latency", "--latency-size", "8"), "Expected --latency-size as HEIGHTxWIDTH, got '8'"),
    (("{run}", *PAIR, "--latency", "--repeats", "3"), "Expected repeats from 20"),
    (("{run}", "--margin", "1"), "Expected --margin only with --back-to-back"),
    (("{run}", "--margin", "0"), "Expected --margin only with --back-to-back"),
    (("{run}", "--latency"), "Expected --latency only with --back-to-back"),
    (("--back-to-back", "{run}", "{run}"), "Expected a run of one model in"),
    ((), "Expected at least one run to compare, got none"),
)


def test_back_to_back_explains_wrong_options(robust_endo, run):
    for arguments, text in WRONG:
        result = robust_endo("compare", *(str(run) if each == "{run}" else each for each in arguments))
        assert result.exit_code == 2, arguments
        assert text in " ".join(result.stderr.split()), arguments
