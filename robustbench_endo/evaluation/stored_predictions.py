"""Storing predictions during an evaluation: as rows of the chunks' files, or of the largest drops."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from robustbench_endo.io_utils import write_atomically
from robustbench_endo.predictions.codec import encode_label_map, encode_logits
from robustbench_endo.predictions.files import (
    KEYS,
    chunk_file,
    logits_column,
    prediction_schema,
    prediction_writer,
    shape_column,
)
from robustbench_endo.tasks.classification.score import ClassificationPrediction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from robustbench_endo.evaluation.batch import Batch
    from robustbench_endo.evaluation.conditions import Condition
    from robustbench_endo.evaluation.plan import EvaluationPlan
    from robustbench_endo.evaluation.predict import Predictions
    from robustbench_endo.tasks.base import Task
    from robustbench_endo.tasks.prediction import Prediction

Write = Callable[[Sequence[pa.Table]], None]


@dataclass(frozen=True)
class PredictionStore:
    """Encodes predictions.

    Attributes:
        tasks: of the run.
        logits: whether logits are stored, too.
        active: whether anything is stored.
        ids: the only frames to store; None for all.
    """

    tasks: Sequence[Task]
    logits: bool = False
    active: bool = True
    ids: Collection[str] | None = field(default=None)

    @property
    def schema(self) -> pa.Schema:
        """The columns."""
        return prediction_schema({task.name: task.has_label_map for task in self.tasks}, logits=self.logits)

    def encode(self, condition: Condition, batch: Batch, predictions: Mapping[str, Predictions]) -> list[pa.Table]:
        """The predictions for a batch, one table; none where nothing is stored."""
        if not self.active:
            return []
        rows = []
        for model, outputs in predictions.items():
            arrays = {task.name: _on_host(outputs.get(task.name)) for task in self.tasks}
            for i, image_id in enumerate(batch.ids):
                if self.ids is not None and image_id not in self.ids:
                    continue
                row: dict[str, Any] = dict(zip(KEYS, (model, *_values(condition), image_id), strict=True))
                for task in self.tasks:
                    row |= self._cells(task, arrays[task.name], i)
                rows.append(row)
        return [pa.Table.from_pylist(rows, self.schema)]

    def _cells(self, task: Task, arrays: Mapping[str, np.ndarray], i: int) -> dict[str, Any]:
        cells: dict[str, Any] = {}
        if "value" in arrays and arrays["valid"][i]:
            value = arrays["value"][i]
            cells[task.name] = encode_label_map(value) if task.has_label_map else value.tolist()
        if self.logits and "logits" in arrays:
            cells[logits_column(task.name)] = encode_logits(arrays["logits"][i])
            cells[shape_column(task.name)] = list(arrays["logits"][i].shape)
        return cells


def prediction_store(mode: str, tasks: Sequence[Task]) -> PredictionStore:
    """The store of a run during its chunks.

    Args:
        mode: see :data:`~robustbench_endo.evaluation.config.PREDICTIONS`.
    """
    return PredictionStore(tasks, logits=mode == "all+logits", active=mode.startswith("all"))


def chunk_writer(plan: EvaluationPlan, chunk: int) -> AbstractContextManager[Write]:
    """Writes the predictions of a chunk, whose file is complete when the block ends; discards them without a store."""
    return _writing(plan, chunk) if plan.predictions.active else nullcontext(lambda tables: None)


@contextmanager
def _writing(plan: EvaluationPlan, chunk: int) -> Iterator[Write]:
    path = chunk_file(plan.folder.path, chunk)
    with prediction_writer(path, plan.predictions.schema, plan.folder.run, chunk) as writer:
        yield writer.write
    plan.folder.restored(path)


def _values(condition: Condition) -> tuple[str, float, int]:
    return condition.corruption, float(condition.severity), condition.replicate


def stored_mode(info: Mapping[str, Any]) -> str:
    """Which predictions the run of a run.json stores."""
    return str(info.get("config", {}).get("save_predictions", "none"))


def copy_predictions(source: Path, target: Path, chunk: int) -> None:
    """Copy the predictions of a chunk to another run folder."""
    path = chunk_file(target, chunk)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, chunk_file(source, chunk).read_bytes())


def _on_host(prediction: Prediction | None) -> dict[str, np.ndarray]:
    if prediction is None:
        return {}
    value = prediction.label_map
    if isinstance(prediction, ClassificationPrediction):
        value = prediction.probability
    tensors = {"valid": prediction.valid, "value": value, "logits": prediction.logits}
    return {
        name: tensor.float().cpu().numpy() if name == "logits" else tensor.cpu().numpy()
        for name, tensor in tensors.items()
        if tensor is not None
    }
