"""Runs with other provenance."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from robustbench_endo.results import load_results
from robustbench_endo.results.integrity import write_run
from robustbench_endo.results.io import write_table


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
