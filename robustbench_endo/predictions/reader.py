"""Reading the stored predictions of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from robustbench_endo.errors import RobustEndoError, RunError, UnknownNameError
from robustbench_endo.predictions.codec import decode_label_map, decode_logits
from robustbench_endo.predictions.files import KEYS, logits_column, shape_column
from robustbench_endo.results.integrity import PREDICTIONS
from robustbench_endo.results.severity import as_severity
from robustbench_endo.tasks.base import Task

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

Array = NDArray[Any]


@dataclass(frozen=True)
class StoredPrediction:
    """What a model predicted for a frame at a condition.

    Attributes:
        model, corruption, severity, replicate, image_id: as in the records.
        values: task -> label map uint8 (H, W) at the size of the scored target, or probabilities float32 (K,); a task
            without a valid prediction is missing.
        png: task -> the file of its label map.
        logits: task -> float16, at the size that the model gave; empty where they were not stored.
    """

    model: str
    corruption: str
    severity: float
    replicate: int
    image_id: str
    values: dict[str, Array] = field(repr=False)
    png: dict[str, bytes] = field(repr=False, default_factory=dict)
    logits: dict[str, Array] = field(repr=False, default_factory=dict)


def prediction(
    results: Results,
    model: str,
    corruption: str,
    severity: float,
    image_id: str,
    replicate: int = 0,
    task: str | None = None,
    *,
    logits: bool = False,
) -> NDArray[Any]:
    """What a model predicted for a frame at a condition; stored with ``save_predictions``.

    Args:
        results: of a run folder.
        model, corruption, severity, image_id, replicate: as in the records; ``clean`` has severity 0.
        task: None for the task that leads the run.
        logits: return these instead.

    Returns:
        The label map, uint8 (H, W) at the size of the scored target, or the probabilities of the labels, float32 (K,);
        of logits float16, (C, h, w) or (K,).

    Raises:
        UnknownNameError: a model, task or frame that the run does not have.
        RunError: the run did not store it, or the model gave no valid prediction.
    """
    selected = _task(results, task)
    _check_names(results, model, corruption, severity, image_id, replicate)
    index = stored_index(results)
    rows = index[
        (index["image_id"] == image_id)
        & (index["model"] == model)
        & (index["corruption"] == corruption)
        & (index["severity"] == float(severity))
        & (index["replicate"] == replicate)
    ]
    where = f"{model} for {image_id} at {corruption} {as_severity(severity)}"
    if rows.empty:
        raise RunError(
            f"Expected a stored prediction of {where}, got only those of the largest drops: evaluate with "
            "--save-predictions all."
        )
    row = rows.iloc[0]
    (stored,) = read_rows(Path(row["file"]), int(row["group"]), [int(row["row"])], results.tasks, logits=logits)
    values = stored.logits if logits else stored.values
    if selected.name not in values:
        if logits and selected.name in stored.values:
            raise RunError(f"Expected stored logits of {where}, got none: evaluate with --save-predictions all+logits.")
        raise RunError(f"Expected a {selected.noun} of {where}, got none: the model gave no valid prediction there.")
    return values[selected.name]


def stored_predictions(
    results: Results,
    model: str | None = None,
    corruption: str | None = None,
    severity: float | None = None,
    *,
    logits: bool = False,
) -> Iterator[StoredPrediction]:
    """All stored predictions, one after the other, in the order of the files.

    Args:
        results: of a run folder.
        model, corruption, severity: only those; None for all.
        logits: whether to read logits as well.

    Raises:
        UnknownNameError: a model or corruption that the run does not have.
        RunError: the run did not store predictions.
    """
    _check_names(results, model, corruption, severity)
    rows = stored_index(results)
    for name, value in (("model", model), ("corruption", corruption), ("severity", severity)):
        rows = rows if value is None else rows[rows[name] == value]
    for (file, group), part in rows.groupby(["file", "group"], sort=False):
        yield from read_rows(Path(str(file)), int(group), part["row"].tolist(), results.tasks, logits=logits)


def prediction_keys(results: Results) -> pd.DataFrame:
    """Which predictions a run stores: one row each, ``model, corruption, severity, replicate, image_id``.

    Raises:
        RunError: the run did not store predictions.
    """
    return stored_index(results)[list(KEYS)].copy()


def has_predictions(results: Results) -> bool:
    """Whether a run stores the predictions of all its frames."""
    return results.path is not None and bool(list((results.path / PREDICTIONS).glob("chunk-*.parquet")))


def _task(results: Results, name: str | None) -> Task:
    tasks = {task.name: task for task in results.tasks}
    if name is None:
        return results.tasks[-1]
    if name not in tasks:
        raise UnknownNameError(f"Expected a task of the run ({', '.join(tasks)}), got {name!r}: correct task=.")
    return tasks[name]


def _check_names(
    results: Results,
    model: str | None,
    corruption: str | None,
    severity: float | None,
    image_id: str | None = None,
    replicate: int = 0,
) -> None:
    corruptions = ["clean", *results.corruptions, *results.recorded_conditions]
    for kind, value, known in (("model", model, results.models), ("corruption", corruption, corruptions)):
        if value is not None and value not in known:
            raise UnknownNameError(f"Expected a {kind} of the run, got {value!r}: choose from {', '.join(known)}.")
    if corruption is None:
        expected: list[float] = [0, *results.severities]
    elif corruption in ("clean", *results.recorded_conditions):
        expected = [0 if corruption == "clean" else 1]
    else:
        expected = results.severities
    if severity is not None and severity not in expected:
        raise RobustEndoError(
            f"Expected a severity among {', '.join(map(str, expected))} for {corruption or 'the run'}, got "
            f"{severity!r}: correct severity=."
        )
    if image_id is None:
        return
    if image_id not in set(results.frame["image_id"]):
        first = results.frame["image_id"].iloc[0]
        raise UnknownNameError(f"Expected a frame of the run, such as {first!r}, got {image_id!r}: correct image_id=.")
    draws = results.info.get("replicates", 1)
    if isinstance(replicate, bool) or not isinstance(replicate, int) or not 0 <= replicate < draws:
        raise RobustEndoError(f"Expected a draw from 0 to {draws - 1}, got {replicate!r}: correct replicate=.")


def stored_index(results: Results) -> pd.DataFrame:
    """Which ``file``, row ``group`` and ``row`` has each prediction, with its keys.

    Raises:
        RunError: the run did not store predictions.
    """
    folder = None if results.path is None else results.path / PREDICTIONS
    files = [] if folder is None else sorted(folder.glob("*.parquet"))
    if not files:
        where = "results without a run folder" if folder is None else f"none in {folder}"
        raise RunError(
            f"Expected a run with stored predictions, got {where}: run the same robust-endo evaluate with "
            "--save-predictions all."
        )
    return _read_index(tuple((str(path), path.stat().st_mtime_ns) for path in files))


@lru_cache(maxsize=4)
def _read_index(files: Sequence[tuple[str, int]]) -> pd.DataFrame:
    parts = []
    for path, _ in files:
        with _opened(Path(path)) as file:
            for group in range(file.num_row_groups):
                keys = file.read_row_group(group, columns=list(KEYS)).to_pandas()
                parts.append(keys.assign(file=path, group=group, row=np.arange(len(keys))))
    if not parts:
        return pd.DataFrame(columns=[*KEYS, "file", "group", "row"])
    return pd.concat(parts, ignore_index=True)


def read_rows(
    path: str | Path, group: int, rows: Sequence[int], tasks: Sequence[Task], *, logits: bool = False
) -> list[StoredPrediction]:
    """Predictions of a row group of a file, at the positions of :func:`stored_index`."""
    with _opened(Path(path)) as file:
        names = file.schema_arrow.names
        selected = [*KEYS, *(task.name for task in tasks)]
        if logits:
            selected += [each for task in tasks for each in (logits_column(task.name), shape_column(task.name))]
        table = file.read_row_group(group, columns=[name for name in selected if name in names]).take(list(rows))
    return [_stored(entry, tasks) for entry in table.to_pylist()]


def _stored(entry: dict[str, Any], tasks: Sequence[Task]) -> StoredPrediction:
    values: dict[str, Array] = {}
    png: dict[str, bytes] = {}
    logits: dict[str, Array] = {}
    for task in tasks:
        content = entry.get(task.name)
        if isinstance(content, bytes):
            png[task.name], values[task.name] = content, decode_label_map(content)
        elif content is not None:
            values[task.name] = np.array(content, np.float32)
        if (packed := entry.get(logits_column(task.name))) is not None:
            logits[task.name] = decode_logits(packed, entry[shape_column(task.name)])
    keys = {name: entry[name] for name in KEYS} | {"severity": as_severity(entry["severity"])}
    return StoredPrediction(**keys, values=values, png=png, logits=logits)


def _opened(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except (pa.ArrowException, OSError, ValueError) as error:
        reason = str(error).partition("\n")[0]
        raise RunError(
            f"Cannot read the stored predictions {path}: {reason}. Run the same robust-endo evaluate again."
        ) from error
