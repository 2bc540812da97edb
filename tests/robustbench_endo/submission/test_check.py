"""The check of submissions: a good one passes, every tampered one is refused, also with new hashes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from robustbench_endo.errors import RunError
from robustbench_endo.io_utils import file_sha256
from robustbench_endo.results import load_results
from robustbench_endo.results.integrity import content_sha256, write_run
from robustbench_endo.submission.check import files_of, is_submission, read_submission, submission_problems


def replace_text(name: str, old: str, new: str) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        text = (folder / name).read_text("utf-8")
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1), "utf-8")

    return change


def records(edit: Callable[[pd.DataFrame], pd.DataFrame]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        table = pq.read_table(folder / "results.parquet")
        frame = edit(table.to_pandas())
        schema = pa.schema([table.schema.field(name) for name in table.schema.names if name in frame])
        pq.write_table(pa.Table.from_pandas(frame, schema, preserve_index=False), folder / "results.parquet")

    return change


def described(edit: Callable[[dict], object]) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        info = json.loads((folder / "run.json").read_text("utf-8"))
        edit(info)
        (folder / "run.json").write_text(json.dumps(info), "utf-8")

    return change


def first_score(folder: Path) -> str:
    return f"{load_results(folder).table(['miou']).loc[('clean', 'clean'), ('miou', 'one')]:.2f}"


def change_card(folder: Path) -> None:
    score = first_score(folder)
    replace_text("README.md", score, f"{float(score) + 10:.2f}")(folder)


def change_summary(folder: Path) -> None:
    frame = pd.read_csv(folder / "summary.csv")
    frame.loc[0, "miou"] += 5
    frame.to_csv(folder / "summary.csv", index=False)


def edit_record(frame: pd.DataFrame) -> pd.DataFrame:
    frame.loc[3, "tp_0"] += 400
    return frame


def other_severity(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(severity=frame["severity"].replace({3: 2}).astype(frame["severity"].dtype))


def swap_models(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.assign(model=frame["model"].map({"one": "two", "two": "one"}))


TAMPERED = {
    "edited record": records(edit_record),
    "records of the models exchanged": records(swap_models),
    "dropped subject": records(lambda frame: frame[frame["subject_id"] != frame["subject_id"].iloc[0]]),
    "dropped condition": records(lambda frame: frame[frame["severity"] != 3]),
    "edited severity": records(other_severity),
    "records of another version": records(lambda frame: frame.drop(columns="iou_mean")),
    "edited summary": change_summary,
    "exchanged number of the card": change_card,
    "edited score for the hub": replace_text(".eval_results/one.yaml", "value: ", "value: 9"),
    "renamed model": described(lambda info: info["models"][0].update(name="better")),
    "other data fingerprint": described(lambda info: info["data"].update(fingerprint="0" * 64)),
    "other weights": described(lambda info: info["models"][0].update(weights_sha256="0" * 64)),
    "other seed": described(lambda info: info.update(seed=info["seed"] + 1)),
    "missing records": lambda folder: (folder / "results.parquet").unlink(),
    "missing score for the hub": lambda folder: (folder / ".eval_results" / "two.yaml").unlink(),
    "missing card": lambda folder: (folder / "README.md").unlink(),
    "extra file": lambda folder: (folder / "report.html").write_text("<script>"),
}


def rehash(folder: Path) -> None:
    """Write all hashes again, as somebody who knows the format could."""
    info = json.loads((folder / "run.json").read_text("utf-8"))
    write_run(folder, info)
    description = json.loads((folder / "submission.json").read_text("utf-8"))
    description.pop("checksum")
    description["files"] = {name: file_sha256(folder / name) for name in sorted(files_of(folder))}
    description["checksum"] = content_sha256(description)
    (folder / "submission.json").write_text(json.dumps(description), "utf-8")


def test_submission_passes_every_check(submitted):
    results, problems = submission_problems(submitted)
    assert problems == []
    assert results.models == ["one", "two"]
    assert read_submission(str(submitted)).models == results.models
    assert is_submission(submitted)


@pytest.mark.parametrize("new_hashes", [False, True], ids=["", "new hashes"])
@pytest.mark.parametrize("change", TAMPERED.values(), ids=TAMPERED)
def test_tampered_submission_is_refused(submission, change, new_hashes):
    change(submission)
    if new_hashes:
        rehash(submission)
    results, problems = submission_problems(submission)
    assert results is None
    assert problems
    assert all(problem.endswith((".", "!", "?")) and "\n" not in problem for problem in problems)


def test_reading_a_tampered_submission_is_an_error(submission):
    change_summary(submission)
    with pytest.raises(RunError, match=r"Expected a submission that verifies in .*summary\.csv was changed"):
        read_submission(submission)


def test_rehashed_submission_without_a_change_passes(submission):
    rehash(submission)
    assert submission_problems(submission)[1] == []


def test_hashes_of_another_submission_are_refused(submission, submitted):
    description = json.loads((submitted / "submission.json").read_text("utf-8"))
    records(edit_record)(submission)
    rehash(submission)
    (submission / "submission.json").write_text(json.dumps(description), "utf-8")
    _, problems = submission_problems(submission)
    assert "results.parquet was changed after the submission was written: submit the run again." in problems


def test_links_are_refused_without_being_read(submission, tmp_path):
    card = submission / "README.md"
    card.rename(tmp_path / "elsewhere.md")
    card.symlink_to(tmp_path / "elsewhere.md")
    (submission / "records" / "out").symlink_to("/etc")
    _, problems = submission_problems(submission)
    assert "README.md is a symbolic link: copy the file itself." in problems
    assert any(problem.startswith("records/out is not part of the submission") for problem in problems)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Expected submission.json in a submission, got none"),
        ("{", "Cannot read submission.json"),
        ("[]", "Expected submission.json of format 1"),
        ('{"format": 2}', "Expected submission.json of format 1"),
        ('{"format": 1}', "Cannot use submission.json: it was changed"),
    ],
)
def test_description_that_cannot_be_read_is_refused(submission, content, message):
    path = submission / "submission.json"
    path.unlink()
    if content is not None:
        path.write_text(content)
    _, problems = submission_problems(submission)
    assert len(problems) == 1
    assert message in problems[0]


@pytest.mark.parametrize("key", ["files", "run", "training_data", "replay"])
def test_description_without_a_part_is_refused(submission, key):
    description = json.loads((submission / "submission.json").read_text("utf-8"))
    description = {name: value for name, value in description.items() if name not in (key, "checksum")}
    description["checksum"] = content_sha256(description)
    (submission / "submission.json").write_text(json.dumps(description))
    (problem,) = submission_problems(submission)[1]
    assert problem.startswith(f"Expected {key} in submission.json, got none that is valid")


def test_missing_folder_is_no_submission(tmp_path):
    assert not is_submission(tmp_path / "nowhere")
    assert "Expected submission.json" in submission_problems(tmp_path / "nowhere")[1][0]
