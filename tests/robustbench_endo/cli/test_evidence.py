"""`robust-endo evidence`: written, checked, and refused in one sentence."""

import json
import shutil
from pathlib import Path

import pytest

import robustbench_endo as rb
from robustbench_endo.cli import resolve_inputs

EXAMPLE = Path(__file__).parents[3] / "examples" / "hazards.csv"
HAZARDS = "id,hazard,corruptions,severities,criterion\nH1,Low contrast,contrast,3,dice>=0.05\nH2,The image freezes,,,\n"
LOG = "== 3 passed in 0.10s ==\n"


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one model on two frames, without subjects enough for a verdict."""
    out = tmp_path_factory.mktemp("evidence") / "run"
    model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    data = rb.load_dataset("synthetic", frames=2, size=(48, 64))
    rb.evaluate({"tiny-resnet/mmoe": model}, data, "contrast", (3,), out, gallery_frames=0)
    return out


@pytest.fixture
def hazards(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("hazards.csv").write_text(HAZARDS)
    Path("tests.log").write_text(LOG)
    return "hazards.csv"


def write(robust_endo, run, hazards, *arguments):
    return robust_endo("evidence", run, "--hazards", hazards, "--test-log", "tests.log", "--out", "pack", *arguments)


def test_pack_is_written_and_checked(robust_endo, run, hazards):
    result = write(robust_endo, run, hazards)
    assert result.exit_code == 0, result.output
    assert "Hazards: 2, traced to results: 1, not covered: 1." in result.stdout
    assert "undecided  H1  tiny-resnet/mmoe: dice ≥ 5 %, contrast, severity 3: " in result.stdout
    checked = robust_endo("evidence", "--check", "pack", run)
    assert checked.exit_code == 0, checked.output
    assert checked.stdout.endswith("All 4 checks passed.\n")
    table = Path("pack/traceability.csv")
    table.write_text(table.read_text("utf-8").replace("H1,", "H2,", 1), "utf-8")
    failed = robust_endo("evidence", run, "--check", "pack", "--json")
    assert failed.exit_code == 1
    (problem,) = {each["problem"] for each in json.loads(failed.stdout)["checks"] if "every row" in each["name"]}
    assert problem.startswith("Row 1 of traceability.csv (hazard H1, ")


def test_edited_records_are_named_by_file_and_row(robust_endo, run, hazards, tmp_path):
    assert write(robust_endo, run, hazards).exit_code == 0
    copy = shutil.copytree(run, tmp_path / "copy")
    (copy / "summary.csv").write_text("model\n")
    result = robust_endo("evidence", copy, "--check", "pack")
    assert result.exit_code == 1
    assert "got summary.csv changed" in result.stdout
    assert "passed  pack: every row of traceability.csv follows from its records" in result.stdout


def test_replayed_frames_are_in_the_pack(robust_endo, run, hazards, monkeypatch):
    data = rb.load_dataset("synthetic", frames=2, size=(48, 64))
    monkeypatch.setattr(resolve_inputs, "load_data", lambda *arguments, **options: data)
    result = write(robust_endo, run, hazards, "--replay", 2, "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["traced"] == 1
    first = Path("pack/evidence.json").read_bytes()
    replay = json.loads(first)["validation"]["replay"]
    assert [each["passed"] for each in replay] == [True, True, True]
    write(robust_endo, run, hazards, "--replay", 2)
    assert Path("pack/evidence.json").read_bytes() == first
    assert robust_endo("evidence", run, "--check", "pack").exit_code == 0


BAD = {
    ("--hazards", "hazards.csv"): "Expected the option --out, got none",
    ("--out", "x"): "Expected the option --hazards, got none",
    ("--hazards", "missing.csv", "--out", "x"): "Cannot read missing.csv: No such file",
    ("--hazards", "hazards.csv", "--out", "x", "--plan", "missing.toml"): "Cannot read the plan missing.toml",
    ("--hazards", "hazards.csv", "--out", "x", "--plan", "hazards.csv"): "Cannot parse hazards.csv",
    (
        "--hazards",
        "hazards.csv",
        "--out",
        "x",
        "--test-log",
        "hazards.csv",
    ): "Expected JUnit XML or the output of pytest",
    ("--hazards", "hazards.csv", "--out", "x", "--baseline", "RUN"): "Expected a plan for the baseline run, got none",
    ("--hazards", "hazards.csv", "--out", "x", "--baseline", "nowhere"): "Expected a finished run in nowhere",
    ("--hazards", "hazards.csv", "--out", "x", "--model", "other=tiny-resnet/mmoe"): "Expected models of the run",
    ("--hazards", "hazards.csv", "--out", "x", "--replay", "-1"): "Expected --replay to be an integer",
    ("--hazards", "hazards.csv", "--out", "hazards.csv"): "Expected a folder for the evidence pack, got the file",
    ("--hazards", "hazards.csv", "--out", "RUN"): "Expected an empty folder for the evidence pack",
    ("--hazards", "hazards.csv", "--out", "."): "Expected an empty folder for the evidence pack",
    ("--check", "nowhere"): "Expected an evidence pack in nowhere",
    ("--check", "pack", "--hazards", "hazards.csv"): "Expected no --hazards with --check pack, got hazards.csv",
    ("--hazard", "hazards.csv"): "did you mean --hazards",
}


@pytest.mark.parametrize("arguments", BAD, ids=lambda words: " ".join(words))
def test_bad_input_is_one_sentence(robust_endo, run, hazards, arguments):
    result = robust_endo("evidence", run, *(run if word == "RUN" else word for word in arguments))
    assert result.exit_code == 2, result.output
    assert result.stderr.startswith("Error: ")
    assert BAD[arguments] in result.stderr
    assert result.stderr.count("\n") == 1
    assert not Path("x").exists()


def test_other_folders_than_runs_are_errors(robust_endo, hazards):
    result = robust_endo("evidence", "nowhere", "--hazards", hazards, "--out", "x")
    assert result.exit_code == 2
    assert "Expected a finished run in nowhere" in result.stderr


def test_example_hazards_fit_the_demo(robust_endo, run, hazards):
    result = write(robust_endo, run, EXAMPLE)
    assert result.exit_code == 0, result.output
    assert "not covered: " in result.stdout
