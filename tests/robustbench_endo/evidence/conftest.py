"""A small run, hazards and an acceptance plan for it, and the evidence pack of both."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import robustbench_endo as rb
from robustbench_endo.evidence import Pack, write_evidence
from robustbench_endo.evidence import pack as pack_module
from robustbench_endo.results import Results, load_results
from robustbench_endo.results.integrity import read_run, write_run
from robustbench_endo.results.verify import Check

MODEL = "mmoe"
HAZARDS = """id,hazard,harm,corruptions,severities,criterion,note
H1,Smoke <hides> the tip,serious,smoke,all,clean-dice; dice>=0.05; smoke-change,=1+1
H2,Contrast is low,minor,"contrast, glass_blur","1,2",smoke-dice,
H3,Nothing is visible,,glass_blur,1,dice>=0.5,
H4,The image freezes,,,,,
"""
PLAN = """name = "example"
[[criteria]]
id = "clean-dice"
metric = "dice"
corruption = "clean"
at_least = 0.5
[[criteria]]
id = "smoke-dice"
metric = "dice"
corruption = "smoke"
severities = [1]
at_least = 0.5
[[criteria]]
id = "smoke-change"
metric = "miou"
corruption = "smoke"
severities = [1, 3]
non_inferior = 0.05
[[criteria]]
id = "unused"
metric = "hd95"
corruption = "contrast"
severities = [3]
at_most = 500.0
"""
LOG = b"== 12 passed, 1 skipped in 0.50s ==\n"


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of one model on seven frames of seven subjects."""
    folder = tmp_path_factory.mktemp("evidence") / "run"
    data = rb.load_dataset("synthetic", frames=7, size=(48, 64))
    data.subjects = tuple(f"P{number}" for number in range(7))
    model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    rb.evaluate({MODEL: model}, data, "smoke,contrast", (1, 3), folder, gallery_frames=0)
    return folder


@pytest.fixture(scope="session")
def results(run: Path) -> Results:
    return load_results(run)


@pytest.fixture(scope="session")
def baseline(results: Results) -> Results:
    """The run as another one: with another checksum."""
    return replace(results, info={**results.info, "checksum": "0" * 64})


@pytest.fixture
def checked_once(results: Results, pack: Pack, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks of the run itself, which take longest, are those of the pack."""
    checks = [Check(each["name"], each["problem"]) for each in pack.content["validation"]["verify"]]
    monkeypatch.setattr(pack_module, "run_checks", lambda run: checks)


@pytest.fixture(scope="session")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with hazards.csv, acceptance.toml and a log of tests."""
    folder = tmp_path_factory.mktemp("inputs")
    (folder / "hazards.csv").write_text(HAZARDS, "utf-8")
    (folder / "acceptance.toml").write_text(PLAN, "utf-8")
    (folder / "pytest.log").write_bytes(LOG)
    return folder


@pytest.fixture(scope="session")
def written(
    results: Results, baseline: Results, inputs: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Pack, Path]:
    """The pack, and its folder; the baseline has the same records."""
    folder = tmp_path_factory.mktemp("packs") / "pack"
    arguments = (inputs / "hazards.csv", folder, inputs / "acceptance.toml", baseline, inputs / "pytest.log")
    return write_evidence(results, *arguments), folder


@pytest.fixture(scope="session")
def pack(written: tuple[Pack, Path]) -> Pack:
    return written[0]


@pytest.fixture
def folder(written: tuple[Pack, Path], tmp_path: Path) -> Path:
    """A copy of the folder of the pack."""
    return shutil.copytree(written[1], tmp_path / "pack")


@pytest.fixture
def edited_run(run: Path, tmp_path: Path) -> Path:
    """A copy of the run in which one record was changed and all checksums were computed again."""
    copy = shutil.copytree(run, tmp_path / "run")
    for path in (copy / "results.parquet", *(copy / "records").iterdir()):
        table = pq.read_table(path)
        rows = table.to_pandas()
        selected = (rows["corruption"] == "smoke") & (rows["severity"] == 3) & (rows["subject_id"] == "P2")
        rows["tp_0"] += selected
        changed = pa.Table.from_pandas(rows, table.schema, preserve_index=False)
        pq.write_table(changed.replace_schema_metadata(table.schema.metadata), path)
    write_run(copy, read_run(copy))
    return copy
