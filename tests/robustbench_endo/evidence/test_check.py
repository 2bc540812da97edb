"""Checking a pack: an untouched one passes; one edited record, number, file or input is named."""

import hashlib
import json
from dataclasses import replace

import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evidence import check_evidence, check_packs
from robustbench_endo.results import load_results

pytestmark = pytest.mark.usefixtures("checked_once")


def checks(folder, results):
    """With the baseline of the pack, which has the same records and another checksum."""
    return check_evidence(folder, results, replace(results, info={**results.info, "checksum": "0" * 64}))


def problems(folder, results):
    return [check.problem for check in checks(folder, results) if not check.passed]


def edit(path, before, after):
    text = path.read_text("utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), "utf-8")


def reseal(folder):
    """Write manifest.json again, as somebody who hides an edit would."""
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"] = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in manifest["files"]}
    (folder / "manifest.json").write_text(json.dumps(manifest), "utf-8")


def test_untouched_pack_passes(folder, results):
    assert problems(folder, results) == []


def test_one_edited_record_is_named_by_its_row(folder, edited_run, written):
    results = load_results(edited_run)
    named = {check.name.partition(": ")[2]: check.problem for check in checks(folder, results)}
    row = named["every row of traceability.csv follows from its records"]
    assert row.startswith("Row 2 of traceability.csv (hazard H1, criterion H1:dice>=0.05, model mmoe) has another ")
    assert named["the pack is about this run"].startswith("It was written from a run with the checksum ")


def test_one_edited_number_in_the_table_is_named(folder, results, pack):
    value = f"{pack.rows[3].value}"
    edit(folder / "traceability.csv", value, "99.5")
    reseal(folder)
    (problem,) = problems(folder, results)
    assert problem.startswith(
        "Row 4 of traceability.csv (hazard H2, criterion smoke-dice, model mmoe) has another value"
    )
    assert "99.5 instead of" in problem


def test_one_edited_checksum_in_the_table_is_named(folder, results, pack):
    edit(folder / "traceability.csv", pack.rows[0].records_sha256, "0" * 64)
    assert "has another records_sha256 than its records give" in problems(folder, results)[0]


@pytest.mark.parametrize(
    ("file", "before", "after", "expected"),
    [
        ("evidence.json", '"pass": ', '"pass": 1', "evidence.json has another summary.pass than the records give"),
        ("evidence.json", '"passed": true', '"passed": false', "evidence.json has another validation.verify[0].passed"),
        (
            "evidence.md",
            "2 of 4 hazards",
            "4 of 4 hazards",
            "evidence.md is not what the records and inputs give, from",
        ),
        ("not_covered.csv", "effects over time", "nothing", "not_covered.csv is not what the records"),
        ("model_card-mmoe.md", "value: ", "value: 1", "model_card-mmoe.md is not what the records"),
        ("tests.log", "12 passed", "13 passed", "evidence.json has another inputs.tests.log"),
        ("hazards.csv", "minor", "none", "traceability.csv"),
        ("acceptance.toml", "at_least = 0.5", "at_least = 0.4", "traceability.csv"),
    ],
)
def test_edits_are_named_although_the_manifest_was_written_again(folder, results, file, before, after, expected):
    edit(folder / file, before, after)
    reseal(folder)
    assert any(expected in problem for problem in problems(folder, results))


def test_files_that_were_changed_added_or_removed_are_named(folder, results):
    edit(folder / "evidence.html", "Evidence", "evidence")
    assert problems(folder, results) == ["evidence.html was changed after the pack was written, from line 8."]
    (folder / "evidence.html").unlink()
    assert problems(folder, results) == ["evidence.html is missing: write the pack again."]
    (folder / "extra.csv").touch()
    assert "extra.csv is no file of the pack: remove it." in problems(folder, results)


def test_rows_that_were_removed_are_noticed(folder, results):
    path = folder / "traceability.csv"
    path.write_text("\n".join(path.read_text("utf-8").splitlines()[:-1]) + "\n", "utf-8")
    assert problems(folder, results)[0].startswith("traceability.csv has 3 rows x ")


def test_inputs_that_are_unreadable_are_a_failed_check(folder, results):
    (folder / "hazards.csv").write_text("nothing")
    (problem,) = problems(folder, results)
    assert problem.startswith("Expected the columns id, hazard, ")


@pytest.mark.parametrize("name", ["validation", "run", "traceability", "summary"])
def test_content_of_another_form_is_a_failed_check(folder, results, name):
    path = folder / "evidence.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), name: "nothing"}), "utf-8")
    assert any(f"evidence.json has another {name}" in problem for problem in problems(folder, results))


def test_validation_of_another_form_is_a_failed_check(folder, results):
    path = folder / "evidence.json"
    content = json.loads(path.read_text("utf-8"))
    content["validation"]["installation"] = {"versions": 3}
    path.write_text(json.dumps(content), "utf-8")
    assert problems(folder, results) == [
        "The validation of the tool in evidence.json has another form than robust-endo evidence writes."
    ]


def test_packs_in_the_run_folder_are_checked(folder, results, baseline, tmp_path):
    packs = check_packs(replace(results, path=tmp_path), baseline)
    assert [check.name for check in packs if not check.passed] == []
    assert len(packs) == 4
    (check,) = check_packs(replace(results, path=tmp_path))
    assert check.problem.startswith("Expected the baseline run run of the evidence pack ")
    assert check_packs(replace(results, path=folder)) == []


def test_other_folders_are_errors(results, folder):
    with pytest.raises(RunError, match="Expected an evidence pack in"):
        check_evidence(folder.parent, results)
    with pytest.raises(RobustEndoError, match="got none: give it with --baseline"):
        check_evidence(folder, results)
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(RunError, match="it names no files"):
        check_evidence(folder, results)
    (folder / "evidence.json").write_text("{")
    (folder / "manifest.json").write_text('{"files": {}}')
    with pytest.raises(RunError, match="invalid JSON"):
        check_evidence(folder, results)
