"""`robust-endo verify`: a run passes, every kind of tampering is refused by every command that reads runs."""

import json
import re
import shutil

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import robustbench_endo as rb
from robustbench_endo.evidence import write_evidence
from robustbench_endo.gate import load_plan, run_gate
from robustbench_endo.reports import write_reports
from robustbench_endo.results.integrity import read_run, write_run


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    """A run of two models on two frames, with images and tables."""
    out = tmp_path_factory.mktemp("verify") / "run"
    models = {name: rb.load_model(name, weights="pretrained") for name in ("tiny-resnet/mmoe", "tiny-resnet/dselect_k")}
    data = rb.load_dataset("synthetic", frames=2, size=(64, 80))
    results = rb.evaluate(models, data, "contrast", (3, 5), out, gallery_frames=1)
    write_reports(results, out, ("csv",))
    return out


@pytest.fixture
def run(original, tmp_path):
    """A copy of the run."""
    return shutil.copytree(original, tmp_path / "run")


def edit_table(path, change):
    """Write a Parquet file again with other rows or values; its metadata stay."""
    table = pq.read_table(path)
    changed = pa.Table.from_pandas(change(table.to_pandas()), table.schema, preserve_index=False)
    pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)


def edit_info(run, **entries):
    """Change run.json by hand."""
    info = json.loads((run / "run.json").read_text("utf-8"))
    (run / "run.json").write_text(json.dumps({**info, **entries}), "utf-8")


def edit_results(run):
    edit_table(run / "results.parquet", lambda rows: rows.assign(tp_0=rows["tp_0"] + 5))


def delete_row(run):
    edit_table(run / "results.parquet", lambda rows: rows.iloc[1:])


def duplicate_row(run):
    edit_table(run / "results.parquet", lambda rows: pd.concat([rows, rows.iloc[:1]]))


def swap_chunks(run):
    first, second = sorted((run / "records").iterdir())[:2]
    first.rename(run / "x")
    second.rename(first)
    (run / "x").rename(second)


def edit_chunk(run):
    edit_table(run / "records" / "chunk-00000.parquet", lambda rows: rows.assign(dice_mean=0.9))


def delete_chunk(run):
    (run / "records" / "chunk-00001.parquet").unlink()


def truncate_results(run):
    path = run / "results.parquet"
    path.write_bytes(path.read_bytes()[:-40])


def rename_model(run):
    models = read_run(run)["models"]
    edit_info(run, models=[{**models[0], "name": "better"}, models[1]])


def remove_model(run):
    edit_info(run, models=read_run(run)["models"][:1])


def change_seed(run):
    edit_info(run, seed=7)


def change_suite(run):
    edit_info(run, suite={**read_run(run)["suite"], "hash": "0" * 64})


def hide_failures(run):
    edit_info(run, failures=[{"id": "none", "reason": "none"}])


def edit_summary(run):
    path = run / "summary.csv"
    path.write_text(path.read_text("utf-8").replace("contrast,5", "contrast,3"), "utf-8")


def edit_image(run):
    next((run / "gallery").glob("*/*.webp")).write_bytes(b"another image")


def add_image(run):
    (run / "gallery" / "0" / "smoke-5.webp").write_bytes(b"an image")


def edit_gallery_index(run):
    (run / "gallery" / "index.json").write_text('{"models": [], "frames": [{"image_id": "x", "folder": "../.."}]}')


TAMPERING = (
    edit_results, delete_row, duplicate_row, swap_chunks, edit_chunk, delete_chunk, truncate_results, rename_model,
    remove_model, change_seed, change_suite, hide_failures, edit_summary, edit_image, add_image, edit_gallery_index,
)  # fmt: skip


def test_verify_passes_a_run(robust_endo, run):
    result = robust_endo("verify", run)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("passed  ") == 15
    assert result.stdout.endswith("All 15 checks passed.\n")


@pytest.mark.parametrize("tamper", TAMPERING)
def test_tampered_run_is_refused(robust_endo, run, tmp_path, tamper):
    tamper(run)
    verified = robust_endo("verify", run)
    assert verified.exit_code == 1, verified.output
    assert "FAILED  " in verified.stdout
    for command in (("report", run), ("compare", run), ("merge", run), ("merge", run, "--out", tmp_path / "merged")):
        refused = robust_endo(*command)
        assert refused.exit_code == 2, (command, refused.output)
        assert refused.stderr.startswith("Error: ")
        assert refused.stderr.count("\n") == 1
    robust_endo("leaderboard", run.parent, "--out", tmp_path / "site")
    assert "0 verified submissions on 0 boards" in (tmp_path / "site" / "index.html").read_text("utf-8")


def test_verify_fails_for_a_run_whose_checksums_were_computed_again(robust_endo, run):
    edit_results(run)
    write_run(run, read_run(run))
    result = robust_endo("verify", run)
    assert result.exit_code == 1, result.output
    assert "FAILED  results.parquet has the records of all chunks" in result.stdout


def test_verify_names_the_row_of_an_edited_summary(robust_endo, run):
    path = run / "summary.csv"
    frame = pd.read_csv(path)
    frame.loc[2, "miou"] = 12.5
    frame.to_csv(path, index=False)
    write_run(run, read_run(run))
    result = robust_endo("verify", run)
    assert "summary.csv has another miou in row 3 than the records give: 12.5 instead of" in result.stdout


def test_verify_fails_for_an_edited_table(robust_endo, run):
    path = run / "tables" / "scores.csv"
    frame = pd.read_csv(path)
    frame["miou"] += 1
    frame.to_csv(path, index=False)
    result = robust_endo("verify", run)
    assert result.exit_code == 1, result.output
    assert "FAILED  the tables agree with the records: tables/scores.csv has another miou in row 1" in result.stdout


@pytest.fixture(scope="module")
def reported(original, tmp_path_factory):
    """A copy of the run with a gate and an evidence pack in its folder."""
    run = shutil.copytree(original, tmp_path_factory.mktemp("reported") / "run")
    inputs = run.parent
    (inputs / "plan.toml").write_text(PLAN)
    (inputs / "hazards.csv").write_text(
        "id,hazard,corruptions,severities,criterion\nH1,Contrast,contrast,3,dice>=0.1\n"
    )
    (inputs / "tests.log").write_text("== 1 passed in 0.10s ==\n")
    results = rb.load_results(run)
    run_gate(results, load_plan(inputs / "plan.toml")).write(run / "gate.json")
    write_evidence(results, inputs / "hazards.csv", run / "evidence", test_log=inputs / "tests.log")
    return run


PLAN = """[[criteria]]
id = "clean"
metric = "dice"
corruption = "clean"
at_least = 0.5
"""
PASSED = (
    "the tables agree with the records",
    "gate.json agrees with the records and its plan",
    "evidence: every row of traceability.csv follows from its records",
)


def test_verify_computes_tables_gate_and_evidence_again(robust_endo, reported):
    result = robust_endo("verify", reported)
    assert result.exit_code == 0, result.output
    assert all(f"passed  {name}" in result.stdout for name in PASSED)


def test_verify_names_one_changed_number_of_each_file(robust_endo, reported, tmp_path):
    run = shutil.copytree(reported, tmp_path / "run")
    (run / "report.html").write_text("<p>Dice 99.9</p>", "utf-8")
    for file, pattern in {
        "gate.json": r'(?<="value": )[\d.]+',
        "tables/scores.csv": r"\d\d\.\d{6,}",
        "evidence/traceability.csv": r"\d\d\.\d{6,}",
    }.items():
        text = (run / file).read_text("utf-8")
        (run / file).write_text(re.sub(pattern, "12.5", text, count=1), "utf-8")
    result = robust_endo("verify", run)
    assert result.exit_code == 1, result.output
    assert "FAILED  report.html agrees with the records: report.html is no report of this version" in result.stdout
    assert "gate.json has another criteria[0].value than the records give: 12.5 instead of" in result.stdout
    assert "tables/scores.csv has another " in result.stdout
    assert "Row 1 of traceability.csv (hazard H1, criterion H1:dice>=0.1, model " in result.stdout
    assert "has another value than its records give: 12.5 instead of" in result.stdout


def test_verify_tests_the_installation(robust_endo):
    result = robust_endo("verify", "--self-test")
    assert result.exit_code == 0, result.output
    assert "passed  19 corruptions at severity 3 have their recorded checksums" in result.stdout
    without = robust_endo("verify")
    assert without.exit_code == 2
    assert "Expected the argument RUN, got none: give the folder of a run, or --self-test." in without.stderr


def test_verify_replays_images_and_predictions(robust_endo, tmp_path):
    arguments = ("--model", "tiny-resnet/mmoe", "--data", "synthetic@frames=2", "--format", "none")
    evaluated = robust_endo("evaluate", *arguments, "--corruption", "smoke,contrast", "--out", tmp_path / "run")
    assert evaluated.exit_code == 0, evaluated.output
    result = robust_endo("verify", tmp_path / "run", "--replay", 5, "--model", "tiny-resnet/mmoe")
    assert result.exit_code == 0, result.output
    assert "passed  5 corrupted images are those of the run" in result.stdout
    assert "passed  their predictions give the recorded values" in result.stdout
    other = robust_endo("verify", tmp_path / "run", "--replay", 5, "--data", "synthetic@frames=3")
    assert other.exit_code == 1
    assert "FAILED  the data are those of the run: synthetic has 3 frames with other" in other.stdout
    wrong = robust_endo("verify", tmp_path / "run", "--model", "tiny-resnet/mmoe=tiny-resnet/dselect_k")
    assert wrong.exit_code in (1, 2)


def test_verify_rejects_a_folder_without_a_run(robust_endo, tmp_path):
    result = robust_endo("verify", tmp_path)
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: Expected a finished run in")
