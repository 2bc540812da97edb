"""`robust-endo compare`."""

import re
import shutil

import numpy as np
import pandas as pd
import pytest

from robustbench_endo.results.integrity import read_run, write_run


@pytest.fixture
def run(robust_endo, make_folder, model_file, tmp_path):
    """A run of two models on four frames."""
    names = ("--model", f"one={model_file}:build", "--model", f"two={model_file}:build")
    data = ("--data", make_folder(), "--corruption", "contrast", "--severity", "2,5", "--format", "none")
    result = robust_endo("evaluate", *data, *names, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.output
    return tmp_path / "run"


def test_compare_within_a_run_and_between_runs(robust_endo, run, tmp_path):
    result = robust_endo("compare", run, "--metric", "miou", "--resamples", 300)
    assert result.exit_code == 0, result.output
    assert "mIoU (%): two compared with one" in result.stdout
    text = " ".join(result.stdout.split())
    assert "are not distinguishable by mIoU (one - two, mean over subjects: 0.00, interval" in text
    assert "subjects (patients or sequences" in text
    shutil.copytree(run, tmp_path / "again")
    write_run(tmp_path / "again", {**read_run(run), "name": "again"})
    result = robust_endo("compare", run, tmp_path / "again", "--metric", "miou", "--baseline", "again/one")
    assert result.exit_code == 0, result.output
    assert "run/two compared with again/one" in result.stdout


def test_compare_writes_page(robust_endo, run, tmp_path):
    result = robust_endo("compare", run, "--metric", "miou", "--resamples", 300, "--out", tmp_path / "c.html")
    assert result.exit_code == 0, result.output
    assert "Differences from one" in (tmp_path / "c.html").read_text("utf-8")
    result = robust_endo("compare", run, "--resamples", 300, "--out", tmp_path / "c.pdf")
    assert result.exit_code == 2, result.output
    assert "a file ending in .html" in result.stderr


def study(records, random, subjects=5, frames=8):
    """Records of two exchangeable models: each has its own level for a patient, the patients have one in common."""
    copies = []
    for subject in range(subjects):
        level = {model: random.normal(0, 0.05) for model in records["model"].unique()}
        common = random.normal(0, 0.1)
        for frame in range(frames):
            copy = records[records["image_id"] == records["image_id"].iloc[0]].copy()
            noise = random.normal(0, 0.05, len(copy))
            copy["iou_mean"] = (0.6 + common + copy["model"].map(level) + noise).clip(0, 1).astype(np.float32)
            copies.append(copy.assign(image_id=f"OP{subject}_{frame}.png", subject_id=f"OP{subject}"))
    return pd.concat(copies, ignore_index=True)


def replace_records(folder, records):
    """Write other records of the same conditions, as a run would."""
    records.to_parquet(folder / "results.parquet")
    info = read_run(folder)
    write_run(folder, {**info, "data": {**info["data"], "frames": records["image_id"].nunique()}})


def test_compare_rarely_distinguishes_exchangeable_models(robust_endo, run, tmp_path):
    records, rejected, random = pd.read_parquet(run / "results.parquet"), 0, np.random.default_rng(0)
    for number in range(12):
        folder = tmp_path / f"study{number}"
        shutil.copytree(run, folder)
        replace_records(folder, study(records, random))
        result = robust_endo("compare", folder, "--metric", "miou_per_image")
        assert result.exit_code == 0, result.output
        rejected += "are not distinguishable" not in " ".join(result.stdout.split())
        assert "no test can be significant with 5 subjects" in " ".join(result.stdout.split())
    assert rejected <= 1


def test_compare_of_one_subject_gives_no_interval_no_p_value_and_no_winner(robust_endo, run, tmp_path):
    records = pd.read_parquet(run / "results.parquet")
    one = study(records, np.random.default_rng(1), subjects=1)
    one.loc[one["model"] == "two", "iou_mean"] -= 0.3
    shutil.copytree(run, tmp_path / "one")
    replace_records(tmp_path / "one", one)
    result = robust_endo("compare", tmp_path / "one", "--metric", "miou_per_image")
    assert result.exit_code == 0, result.output
    text = " ".join(result.stdout.split())
    assert "one and two are not distinguishable by mIoU per frame (one - two, mean over subjects: +" in text
    assert ", no interval)" in text
    assert text.count("One subject (patient or sequence): no interval and no p-value") == 1
    assert not re.search(r"\b0\.\d{3}\b", text)  # p-values have three decimals


WRONG = [
    (("{run}", "--metric", "iou"), "a metric of the run, got 'iou'"),
    (("{run}", "--baseline", "three"), "to compare with, got 'three': choose from one, two"),
    (("{run}", "--resamples", "3"), "at least 200 resamples, got 3"),
    (("{run}", "--bootstrap-unit", "patient"), "got 'patient'"),
    (("{run}", "--confidence", "95"), "write 0.95 for 95 %"),
    (("{nowhere}",), "a finished run in"),
]


@pytest.mark.parametrize(("arguments", "text"), WRONG)
def test_compare_rejects_option(robust_endo, run, tmp_path, arguments, text):
    filled = [argument.format(run=run, nowhere=tmp_path / "nowhere") for argument in arguments]
    result = robust_endo("compare", *filled)
    assert result.exit_code == 2, result.output
    errors = [line for line in result.stderr.splitlines() if line.startswith("Error: Expected ")]
    assert len(errors) == 1, result.output
    assert text in errors[0]


def test_compare_rejects_runs_of_other_settings(robust_endo, run, tmp_path):
    shutil.copytree(run, tmp_path / "other")
    info = read_run(run)
    suite = {**info["suite"], "resolution": 128}
    other = {**info, "name": "other", "protocol": "endoarss", "suite": suite, "seed": 5}
    records = tmp_path / "other" / "results.parquet"
    pd.read_parquet(records).assign(endoarss_hd=np.float32(1), endoarss_ssim=np.float32(1)).to_parquet(records)
    write_run(tmp_path / "other", other)
    result = robust_endo("compare", run, tmp_path / "other")
    assert result.exit_code == 2
    for text in (
        "protocol is 'standard' in run and 'endoarss' in other",
        "resolution is '512' in run and '128' in other; seed is '0' in run and '5' in other",
    ):
        assert text in result.stderr
