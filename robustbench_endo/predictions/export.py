"""Stored predictions as files for other tools: PNG files with a table (CSV, JSON), or a FiftyOne data set."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.io_utils import writable_folder, write_atomically, write_json
from robustbench_endo.predictions.codec import encode_gray
from robustbench_endo.predictions.files import KEYS
from robustbench_endo.predictions.reader import StoredPrediction, stored_predictions
from robustbench_endo.results.csv_text import csv_text
from robustbench_endo.results.integrity import is_inside

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results

FORMATS = ("csv", "json", "fiftyone")

ReadFrame = Callable[[str, str, float, int], tuple[bytes, Any]]
"""(frame, corruption, severity, draw) -> the image as PNG, and the target map uint8 (H, W) or None."""

_SCORES = ("iou_mean", "dice_mean", "hd95", "nsd", "activity_target", "activity_prediction", "activity_confidence")
"""Columns of the records that a table repeats, where the run has them."""


def export_table(results: Results, folder: Path, form: str) -> Path:
    """Write every stored label map as a PNG below ``masks``, and a table of all predictions with scores and paths.

    Args:
        results: of a run with predictions.
        folder: empty, or created.
        form: ``csv`` or ``json``.

    Returns:
        The table: ``predictions.csv`` or ``predictions.json``.

    Raises:
        RobustEndoError: a folder that is not empty.
        RunError: a run without predictions.
    """
    _check_empty(folder)
    rows = [_row(results, folder, each) for each in stored_predictions(results)]
    names = ["subject_id", *(name for name in _SCORES if name in results.frame)]
    records = results.frame[[*KEYS, *names]].astype({"severity": float})
    table = pd.DataFrame(rows).astype({"severity": float}).merge(records, how="left", on=list(KEYS))
    path = folder / f"predictions.{form}"
    content = csv_text(table, "%.7g") if form == "csv" else table.to_json(orient="records", indent=1)
    write_atomically(path, content.encode())
    return path


def export_fiftyone(results: Results, folder: Path, read_frame: ReadFrame) -> Path:
    """Write a data set that ``fiftyone.Dataset.from_dir(folder, fiftyone.types.FiftyOneDataset)`` imports.

    A sample is a frame at a condition: its corrupted image, ``ground_truth`` and one ``Segmentation`` or
    ``Classification`` per model and task, with the condition and the scores of each model as fields. Masks are gray
    PNG files, because FiftyOne reads a palette as colours.

    Args:
        results: of a run with predictions.
        folder: empty, or created.
        read_frame: gives the images and targets, which a run does not store.

    Returns:
        The folder.

    Raises:
        RobustEndoError: a folder that is not empty.
        RunError: a run without predictions.
    """
    _check_empty(folder)
    fields = {model: _field(model) for model in results.models}
    samples: dict[tuple[str, str, float, int], dict[str, Any]] = {}
    scores = results.frame.set_index(list(KEYS)).sort_index()
    for each in stored_predictions(results):
        key = (each.image_id, each.corruption, float(each.severity), each.replicate)
        if key not in samples:
            samples[key] = _sample(results, folder, each, *read_frame(*key))
        samples[key] |= _labels(results, folder, each, fields[each.model])
        record = scores.loc[(each.model, each.corruption, each.severity, each.replicate, each.image_id)]
        samples[key] |= {
            f"{name}_{fields[each.model]}": float(record[name])
            for name in ("dice_mean", "iou_mean")
            if name in scores and np.isfinite(record[name])
        }
    _write_index(results, folder, fields, list(samples.values()))
    return folder


def _write_index(results: Results, folder: Path, fields: Mapping[str, str], samples: list[dict[str, Any]]) -> None:
    masks = [task.name for task in results.tasks if task.has_label_map]
    names = {str(i): name for task in masks for i, name in enumerate(results.labels[task])}
    info = {"default_mask_targets": names, "models": fields, "run": results.info["name"]}
    write_json(folder / "metadata.json", {"name": results.info["name"], "media_type": "image", "info": info})
    write_json(folder / "samples.json", {"samples": samples})


def _row(results: Results, folder: Path, each: StoredPrediction) -> dict[str, Any]:
    row: dict[str, Any] = {name: getattr(each, name) for name in KEYS}
    for task in results.tasks:
        if task.has_label_map:
            path = f"masks/{_field(each.model)}/{_condition(each)}/{_file(each.image_id)}"
            row[f"{task.name}_path"] = _write(folder, path, each.png[task.name]) if task.name in each.png else ""
        else:
            values = each.values.get(task.name)
            rounded = [] if values is None else [round(float(value), 7) for value in values]
            row[f"{task.name}_probabilities"] = json.dumps(rounded) if rounded else ""
    return row


def _sample(results: Results, folder: Path, each: StoredPrediction, image: bytes, target: Any) -> dict[str, Any]:
    name = f"{_condition(each)}/{_file(each.image_id)}"
    rows = results.frame[results.frame["image_id"] == each.image_id]
    sample: dict[str, Any] = {
        "filepath": _write(folder, f"data/{name}", image),
        "tags": [each.corruption],
        "image_id": each.image_id,
        "subject_id": str(rows["subject_id"].iloc[0]),
        "corruption": each.corruption,
        "severity": float(each.severity),
        "draw": each.replicate,
    }
    if target is not None:
        path = _write(folder, f"fields/ground_truth/{name}", encode_gray(target))
        sample["ground_truth"] = {"_cls": "Segmentation", "mask_path": path}
    return sample


def _labels(results: Results, folder: Path, each: StoredPrediction, field: str) -> dict[str, Any]:
    labels: dict[str, Any] = {}
    for task in results.tasks:
        name = f"{task.name}_{field}"
        if task.name in each.png:
            path = f"fields/{name}/{_condition(each)}/{_file(each.image_id)}"
            mask = encode_gray(each.values[task.name])
            labels[name] = {"_cls": "Segmentation", "mask_path": _write(folder, path, mask)}
        elif task.name in each.values:
            best = int(each.values[task.name].argmax())
            known = {"label": results.labels[task.name][best], "confidence": float(each.values[task.name][best])}
            labels[name] = {"_cls": "Classification", **known}
    return labels


def _write(folder: Path, name: str, content: bytes) -> str:
    if not is_inside(name):
        raise RobustEndoError(f"Expected ids of frames that are relative paths, got {name!r}: rename the frame.")
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return name


def _check_empty(folder: Path) -> None:
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RobustEndoError(f"Expected an empty or new folder for the export, got {folder}: name another --out.")
    writable_folder(folder)


def _condition(each: StoredPrediction) -> str:
    draw = f"-draw{each.replicate}" if each.replicate else ""
    return f"{each.corruption}-{each.severity:g}{draw}"


def _file(image_id: str) -> str:
    return image_id if image_id.endswith(".png") else f"{image_id}.png"


def _field(model: str) -> str:
    """The name of a model as a name of a field: letters, digits and underscores."""
    return re.sub(r"\W+", "_", model, flags=re.ASCII)
