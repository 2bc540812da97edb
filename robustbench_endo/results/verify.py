"""Checks of a finished run that no bug of a model, a data set or the evaluation passes unnoticed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.optimize import linear_sum_assignment

from robustbench_endo.metrics.aggregation import Floats
from robustbench_endo.results.completeness import incompleteness
from robustbench_endo.results.failure_points import failure_point_problem
from robustbench_endo.results.integrity import SUMMARY_FILE
from robustbench_endo.results.results import Results
from robustbench_endo.results.schema import CLEAN, IMAGE_CHECKSUM, KEYS
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.classification.metrics import known_labels
from robustbench_endo.tasks.classification.task import Classification
from robustbench_endo.tasks.segmentation.metrics import count_columns
from robustbench_endo.tasks.segmentation.visibility import HIDDEN, HIDDEN_SHARE, VISIBLE

CONDITION = ["corruption", "severity", "replicate"]
_FRAME = [*CONDITION, "image_id"]
FEWEST = 5
"""Frames below which the order of labels is not checked: few frames agree with many orders."""

CLEARLY, HARDLY = 0.6, 0.1
"""Labels are exchanged where a predicted one agrees more than this with another true one, and less with its own."""


@dataclass(frozen=True)
class Check:
    """One check of a run.

    Attributes:
        name: what has to hold.
        problem: what does not, in one sentence; empty where the check passes.
    """

    name: str
    problem: str

    @property
    def passed(self) -> bool:
        """Whether there is no problem."""
        return not self.problem


def verify(results: Results) -> list[Check]:
    """Check the records of a run against each other, against the truth and against the files of its folder.

    Args:
        results: a finished run.

    >>> import robustbench_endo as rb
    >>> model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    >>> data = rb.load_dataset("synthetic", frames=1, size=(64, 64))
    >>> results = rb.evaluate({"resnet": model}, data, "smoke", (3,))
    >>> [check.name for check in verify(results) if not check.passed]
    []
    """
    return [Check(name, check(results)) for name, check in CHECKS.items()]


def _complete(results: Results) -> str:
    problem = incompleteness(results)
    return f"There are {problem}: the run folder was changed; evaluate again." if problem else ""


def _in_range(results: Results) -> str:
    for metric in results.metrics:
        values = metric.frame_values(results.frame) if metric.record_columns else None
        if values is None or not np.isfinite(values).any():
            continue
        lowest = -1.0 if metric.name.endswith("ssim") else 0.0
        highest = metric.upper_bound / metric.scale if metric.upper_bound else np.inf
        outside = (values < lowest - 1e-6) | (values > highest + 1e-6)
        if metric.name not in ("image_psnr",) and outside.any():
            row = results.frame.iloc[int(np.flatnonzero(outside)[0])]
            value = float(values[int(np.flatnonzero(outside)[0])])
            return f"{metric.label} is {value:g} for {row['image_id']} under {row['corruption']} {row['severity']}."
    return ""


def _clean_is_unchanged(results: Results) -> str:
    clean = results.frame[results.frame["corruption"] == CLEAN]
    changed = clean[(clean["image_ssim"] < 1 - 1e-6) | np.isfinite(clean["image_psnr"])]
    return f"{changed['image_id'].iloc[0]} differs from itself without a corruption." if len(changed) else ""


def _truth_of_models(results: Results) -> str:
    for task in results.tasks:
        truth = _truth(results, task)
        differing = truth.groupby([results.frame[name] for name in _FRAME], observed=True).nunique().gt(1).any(axis=1)
        if differing.any():
            return f"The {task.name} targets of {_at(differing.idxmax())} differ between models."
    return ""


def _truth(results: Results, task: Task) -> pd.DataFrame:
    """What the records say about the target of each frame; NaN where a model gave no prediction for it."""
    frame, labels = results.frame, len(results.labels[task.name])
    if isinstance(task, Classification):
        return frame[[f"{task.name}_target"]]
    counts = frame[count_columns(labels)].to_numpy(np.float64).reshape(len(frame), 3, labels)
    truth = counts[:, 0] + counts[:, 2]
    truth[(truth + counts[:, 1]).sum(1) == 0] = np.nan
    return pd.DataFrame(truth, frame.index)


def _masks_move(results: Results) -> str:
    """Masks of corruptions that move the image differ from the clean ones; those of all others do not."""
    from robustbench_endo.corruptions import CORRUPTIONS

    frame = results.frame
    if "iou_mean_unwarped" not in frame:
        return ""
    truth = _truth(results, next(task for task in results.tasks if task.has_label_map)).assign(
        **{name: frame[name] for name in KEYS}
    )
    first = truth.dropna().drop_duplicates(_FRAME)
    clean = first[first["corruption"] == CLEAN].set_index("image_id")
    columns = [name for name in truth if isinstance(name, int)]
    for corruption, rows in first[first["corruption"].isin(results.corruptions)].groupby("corruption", observed=True):
        rows = rows[rows["image_id"].isin(clean.index)]
        moved = (rows[columns].to_numpy() != clean.loc[rows["image_id"], columns].to_numpy()).any(axis=1)
        kind = next((item for item in CORRUPTIONS if item.name == corruption), None)
        if kind is not None and len(rows) and moved.any() != kind.moves:
            expected = "moved with the image" if kind.moves else "unchanged"
            return f"The masks under {corruption} are not {expected}: targets and images do not fit."
    return ""


def _parts_add_up(results: Results) -> str:
    """Where a corruption covers the scene, every pixel is counted as visible or as hidden; elsewhere none is."""
    frame = results.frame
    if HIDDEN_SHARE not in frame or not all(f"{part}tp_0" in frame for part in (VISIBLE, HIDDEN)):
        return ""
    labels = len(results.labels[next(task.name for task in results.tasks if task.has_label_map)])
    total, visible, hidden = (
        frame[count_columns(labels, part)].to_numpy(np.int64).reshape(len(frame), 3, labels)
        for part in ("", VISIBLE, HIDDEN)
    )
    share = frame[HIDDEN_SHARE].to_numpy(np.float64)
    covered = np.isfinite(share)
    wrong = (visible + hidden != np.where(covered[:, None, None], total, 0)).any((1, 2))
    pixels, hidden_pixels = (counts[:, 0].sum(1) + counts[:, 2].sum(1) for counts in (total, hidden))
    wrong |= covered & (np.abs(hidden_pixels - share * pixels) > 1e-6 * pixels)
    if not wrong.any():
        return ""
    row = frame.iloc[int(np.flatnonzero(wrong)[0])]
    condition = f"{row['corruption']} {row['severity']}"
    return f"The visible and hidden pixels of {row['image_id']} under {condition} are not those of the frame."


def _draws_differ(results: Results) -> str:
    """No two severities, draws or frames have the same distortion in every frame: a seed would be used twice."""
    frame = results.frame.drop_duplicates(_FRAME)
    frame = frame[frame["corruption"].isin(results.corruptions)]
    for corruption, rows in frame.groupby("corruption", observed=True):
        table = rows.pivot(index="image_id", columns=["severity", "replicate"], values="image_psnr").dropna(axis=1)
        values = table.to_numpy(np.float64).T
        if len(values) > 1 and len(np.unique(values.round(6), axis=0)) < len(values):
            return f"Two severities or draws of {corruption} have the same images: they share a seed or parameters."
    return ""


def _frames_differ(results: Results) -> str:
    """No two frames have equal clean images, or records of every model: the same image under two names counts twice."""
    clean = results.frame[results.frame["corruption"] == CLEAN]
    images = clean.drop_duplicates("image_id").set_index("image_id")[IMAGE_CHECKSUM]
    if images.duplicated().any():
        first = list(images.index[images == images[images.duplicated()].iloc[0]][:2])
        return f"{int(images.duplicated(keep=False).sum())} frames are the same image, such as {' and '.join(first)}."
    columns = [name for name in clean.select_dtypes("number") if name not in (*KEYS, IMAGE_CHECKSUM)]
    wide = clean.pivot(index="image_id", columns="model", values=columns)
    numbers = wide.loc[:, wide.nunique() > 1]
    repeated = numbers.duplicated(keep=False) if numbers.shape[1] > 1 else pd.Series(data=False, index=wide.index)
    if not repeated.any():
        return ""
    first = list(repeated.index[repeated][:2])
    return f"{int(repeated.sum())} frames look the same to every model, such as {' and '.join(map(str, first))}."


def _label_order(results: Results) -> str:
    """The labels that a model predicts are in the order of the data set."""
    clean = results.frame[results.frame["corruption"] == CLEAN]
    for model, records in clean.groupby("model", observed=True, sort=False):
        if len(records) < FEWEST:
            continue
        for task in results.tasks:
            agreement = _agreement(task, records, len(results.labels[task.name]))
            if problem := _order_problem(agreement, results.labels[task.name]):
                return f"{model}: {problem} Check the order of the {task.plural} of the model and of the data."
    return ""


def _agreement(task: Task, records: pd.DataFrame, num_labels: int) -> Floats:
    """How well each predicted label (columns) fits each true one (rows), 0 to 1."""
    if isinstance(task, Classification):
        target, prediction, known = known_labels(records, task.name)
        counts = np.zeros((num_labels, num_labels))
        np.add.at(counts, (target[known], prediction[known]), 1)
        either = counts.sum(1, keepdims=True) + counts.sum(0, keepdims=True) - counts
        return np.asarray(counts / np.maximum(either, 1))
    counts = records[count_columns(num_labels)].to_numpy(np.float64).reshape(len(records), 3, num_labels)
    true, predicted = counts[:, 0] + counts[:, 2], counts[:, 0] + counts[:, 1]
    common = np.minimum(true[:, :, None], predicted[:, None, :]).sum(0)
    union = np.maximum(true[:, :, None], predicted[:, None, :]).sum(0)
    # On the diagonal the overlap is known; elsewhere sizes that follow each other from frame to frame are the evidence.
    agreement: Floats = common / np.maximum(union, 1)
    tp, fp, fn = counts.sum(0)
    np.fill_diagonal(agreement, tp / np.maximum(tp + fp + fn, 1))
    return agreement


def _order_problem(agreement: Floats, labels: Sequence[str]) -> str:
    rows, columns = linear_sum_assignment(-agreement)
    swapped = (rows != columns) & (agreement[rows, columns] > CLEARLY) & (agreement.diagonal() < HARDLY)
    changed = np.flatnonzero(swapped).tolist()
    if len(changed) < 2:
        return ""
    pairs = ", ".join(f"{labels[columns[i]]} where {labels[rows[i]]} is true" for i in changed[:3])
    return f"it predicts {pairs}."


def _summary(results: Results) -> str:
    if results.path is None or not (results.path / SUMMARY_FILE).is_file():
        return ""
    stored, computed = pd.read_csv(results.path / SUMMARY_FILE), results.scores()
    if len(stored) != len(computed):
        return f"{SUMMARY_FILE} has {len(stored)} rows instead of {len(computed)}: one of the files was changed."
    for name in stored.select_dtypes("number"):
        if name not in computed:
            continue
        different = ~np.isclose(stored[name], computed[name], rtol=1e-4, atol=1e-6, equal_nan=True)
        if different.any():
            row = int(np.flatnonzero(different)[0])
            values = f"{stored[name][row]:g} instead of {computed[name][row]:g}"
            return f"{SUMMARY_FILE} has another {name} in row {row + 1} than the records give: {values}."
    return ""


CHECKS: dict[str, Callable[[Results], str]] = {
    "every model has every frame under every condition, once": _complete,
    "values are in the range of their metric": _in_range,
    "clean images are unchanged": _clean_is_unchanged,
    "targets do not depend on the model": _truth_of_models,
    "masks move where, and only where, the image does": _masks_move,
    "visible and hidden pixels are those of the frame": _parts_add_up,
    "severities and draws are different images": _draws_differ,
    "failure points agree with the records": failure_point_problem,
    "frames are different images": _frames_differ,
    "labels are in the order of the data": _label_order,
    "summary.csv agrees with the records": _summary,
}
"""What has to hold -> the problem in one sentence, empty for none."""


def _at(key: object) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
