"""Runs with other provenance, and submissions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from robustbench_endo.results import load_results
from robustbench_endo.results.integrity import write_run
from robustbench_endo.results.io import summary_csv, write_table
from robustbench_endo.submission.contents import Replay, Statement
from robustbench_endo.submission.write import write_submission


@pytest.fixture(scope="session")
def change() -> Callable[..., None]:
    """A function that changes entries of a run folder's run.json; a protocol gets the columns of its metrics."""

    def change_entries(folder: Path, **entries: Any) -> None:
        results = load_results(folder)
        changed = dataclasses.replace(results, info={**results.info, **entries})
        missing = {name: np.float32(0.5) for name in changed.schema.names if name not in changed.frame}
        if missing:
            frame = changed.frame.assign(**missing)
            write_table(folder / "results.parquet", pa.Table.from_pandas(frame, changed.schema, preserve_index=False))
        write_run(folder, changed.info)

    return change_entries


def consistent(frame: pd.DataFrame, info: Any) -> None:
    """An ``edit`` after which the records of a random run fit each other: each frame is a subject."""
    clean = frame["corruption"] == "clean"
    frame["subject_id"] = frame["image_id"]
    info["data"]["subjects"] = frame["image_id"].nunique()
    frame.loc[clean, "image_ssim"] = 1.0
    keys = frame[["image_id", "corruption", "severity"]]
    frame["image_checksum"] = pd.util.hash_pandas_object(keys, index=False).to_numpy().view(np.int64)
    frame["image_psnr"] = np.where(clean, np.inf, 20 + frame["image_checksum"] % 997 / 100)
    for index in range(3):
        frame[f"fn_{index}"] = (frame[f"tp_{index}"] + frame[f"fn_{index}"]).max() - frame[f"tp_{index}"]


@pytest.fixture(scope="session")
def submit_run(build_run: Any, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A function that writes a submission with random records of some models; ``better`` ones are far better."""

    def submit(
        folder: Path, models: list[str], better: tuple[str, ...] = (), training: dict[str, str] | None = None
    ) -> Path:
        def edit(frame: pd.DataFrame, info: Any) -> None:
            consistent(frame, info)
            scale = np.where(frame["model"].isin(better), 1.0, 0.5)
            for index in range(3):
                total = frame[f"tp_{index}"] + frame[f"fn_{index}"]
                frame[f"tp_{index}"] = (frame[f"tp_{index}"] * scale).astype(int)
                frame[f"fn_{index}"] = total - frame[f"tp_{index}"]

        run = build_run(
            tmp_path_factory.mktemp("run") / folder.name, models, ["contrast"], [1, 3], 12, gallery=False, edit=edit
        )
        (run.path / "summary.csv").write_bytes(summary_csv(run))
        write_run(run.path, {**run.info, "name": folder.name})
        write_submission(run.path, folder, Statement("", training or {}), replay=Replay(3, ("all",)))
        return folder

    return submit
