"""Fit temperatures and prediction sets of one model on clean validation frames."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.confidence.calibration import UNITS, Calibration, TaskCalibration
from robustbench_endo.confidence.conformal import (
    THRESHOLDS,
    check_promise,
    conformal_threshold,
    loss_curve,
    unit_losses,
)
from robustbench_endo.confidence.prediction_sets import foreground, label_probabilities, true_probabilities
from robustbench_endo.confidence.temperature import Temperature, fit_temperature
from robustbench_endo.config import check_choice
from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.batch import Batch
from robustbench_endo.evaluation.calibrations import frame_digests, model_identity, run_settings
from robustbench_endo.evaluation.call import call_config, planned
from robustbench_endo.evaluation.device import deterministic, device_errors
from robustbench_endo.evaluation.loop import read_frames
from robustbench_endo.evaluation.model_arguments import Models
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.predict import Predictions, predict
from robustbench_endo.evaluation.provenance import utc_now, versions
from robustbench_endo.metrics.calibration import sample_pixels
from robustbench_endo.results.schema import image_checksum
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.prediction import Prediction
from robustbench_endo.types import IGNORE, Dataset

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from robustbench_endo.evaluation.config import EvaluationOptions

UNUSED = Path("calibration")
"""Folder of the plan, in which nothing is written."""

_STEP = 2
"""Of the sampled rows and columns of a mask every second one is used for the temperature: 1,024 pixels per frame."""


@dataclass
class TaskSamples:
    """What the fit of one task needs of the frames.

    Attributes:
        logits, targets: of labelled predictions, for the temperature.
        curves: loss of each frame by threshold, NaN where it has none.
        sizes: labels in a set by threshold, of valid predictions.
        frames: index of the frame of each curve.
    """

    logits: list[NDArray[np.float32]] = field(default_factory=list)
    targets: list[NDArray[np.intp]] = field(default_factory=list)
    curves: list[NDArray[np.float64]] = field(default_factory=list)
    sizes: list[NDArray[np.float64]] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)


def calibrate_confidence(
    model: Models,
    data: Dataset | str | Path,
    alpha: float = 0.1,
    unit: Literal["subject", "frame"] = "subject",
    **options: Unpack[EvaluationOptions],
) -> Calibration:
    """Fit temperatures and prediction sets of a model on clean validation frames that no later run evaluates.

    Args:
        model: one model, as in :func:`robustbench_endo.evaluate`.
        data: labelled validation frames.
        alpha: the promise: the expected loss of a set is at most alpha. The loss is the share of a frame's foreground
            pixels whose class is not in the set (segmentation), or that the label is not in it.
        unit: ``subject``: for a further patient, whose loss is the mean over its frames; ``frame``: for a further
            frame, which holds only where frames are independent.
        options: as in :func:`robustbench_endo.evaluate`: ``resolution``, ``region``, ``limit``, ``device``, ...

    Returns:
        The calibration; ``.save(path)`` writes it for ``evaluate(calibration=path)``.

    Raises:
        RobustEndoError: too few subjects for alpha, no labels, or settings that cannot be met.

    >>> import robustbench_endo as rb
    >>> model = rb.load_model("tiny-resnet/mmoe", weights="pretrained")
    >>> data = rb.load_dataset("synthetic", frames=4, size=(64, 64))
    >>> calibration = rb.calibrate_confidence(model, data, alpha=0.5)
    >>> calibration.tasks["segmentation"].bound <= 0.5
    True
    """
    config = call_config("clean", (1,), UNUSED, None, "local", options)
    with planned(config, model, data, None, ()) as plan:
        return fit_calibration(plan, alpha, unit)


def fit_calibration(plan: EvaluationPlan, alpha: float, unit: str) -> Calibration:
    """The calibration of the only model of a plan on its clean frames; see :func:`calibrate_confidence`."""
    _check(plan, unit)
    names = plan.dataset.subjects if unit == "subject" else plan.dataset.ids
    codes = dict(
        zip(plan.indices, np.unique([str(names[i]) for i in plan.indices], return_inverse=True)[1], strict=True)
    )
    check_promise(alpha, len(set(codes.values())), unit)
    samples = {task.name: TaskSamples() for task in plan.tasks}
    checksums: list[str] = []
    with device_errors(plan.device), deterministic():
        for _, batch, predictions in _predictions(plan, {}):
            checksums += _checksums(batch)
            for task, prediction, target in _labelled(plan, batch, predictions):
                _sample(samples[task.name], task, prediction, target)
        fits = _fit_temperatures(samples)
        _measure_sets(plan, fits, samples)
    tasks = {name: _fit_sets(plan.labels[name], fit, samples[name], codes, alpha, unit) for name, fit in fits.items()}
    data = {**_describe_data(plan), "image_checksums": checksums}
    return Calibration(alpha, unit, tasks, _describe_model(plan), data, run_settings(plan), utc_now(), versions())


def _check(plan: EvaluationPlan, unit: str) -> None:
    check_choice("unit", unit, UNITS)
    if len(plan.models) != 1:
        raise RobustEndoError(
            f"Expected one model to calibrate, got {len(plan.models)} ({', '.join(plan.models)}): calibrate each."
        )
    if plan.config.adapt is not None or plan.config.calibration:
        raise RobustEndoError("Expected a model as it is to calibrate, got adapt or calibration: leave them out.")


def _measure_sets(plan: EvaluationPlan, fits: Mapping[str, Temperature], samples: Mapping[str, TaskSamples]) -> None:
    for frames, batch, predictions in _predictions(plan, {name: fit.temperature for name, fit in fits.items()}):
        for task, prediction, target in _labelled(plan, batch, predictions):
            _measure(samples[task.name], task, prediction, target, frames)


def _fit_temperatures(samples: Mapping[str, TaskSamples]) -> dict[str, Temperature]:
    fits = {
        name: fit_temperature(np.concatenate(each.logits), np.concatenate(each.targets))
        for name, each in samples.items()
        if each.targets
    }
    if not fits:
        raise RobustEndoError(
            "Expected labelled frames with a valid prediction to calibrate on, got none: give validation data with "
            "labels of a task that the model has."
        )
    return fits


def _predictions(
    plan: EvaluationPlan, temperatures: Mapping[str, float]
) -> Iterator[tuple[list[int], Batch, Predictions]]:
    """Indices, frames and predictions of the clean frames, batch by batch."""
    (model,) = plan.models.values()
    index_of = {plan.dataset.ids[index]: index for index in plan.indices}
    for chunk in plan.chunks:
        for frames in read_frames(plan, chunk)[0]:
            size = plan.batch_size or len(frames)
            for start in range(0, len(frames), size):
                rows = list(range(start, min(start + size, len(frames))))
                batch = frames.select(rows).to(plan.device)
                predictions = predict(model, batch.images, plan.tasks, plan.precision, temperatures)
                yield [index_of[name] for name in batch.ids], batch, predictions


def _labelled(
    plan: EvaluationPlan, batch: Batch, predictions: Predictions
) -> Iterator[tuple[Task, Prediction, Tensor]]:
    """The tasks that the model has, with predictions and targets."""
    for task in plan.tasks:
        if task.name in predictions:
            yield task, predictions[task.name], _target(plan, task, batch)


def _target(plan: EvaluationPlan, task: Task, batch: Batch) -> Tensor:
    """Targets of a task, without the surround where it is not scored."""
    target, surround = batch.targets[task.name], batch.surround(scored=plan.config.region == "frame")
    if task.has_label_map and surround is not None and not surround.scored:
        return target.masked_fill(surround.outside, IGNORE)
    return target


def _checksums(batch: Batch) -> list[str]:
    levels = (batch.images * 255).round().byte().cpu().numpy()
    return [f"{image_checksum(image) & (1 << 64) - 1:016x}" for image in levels]


@torch.inference_mode()
def _sample(samples: TaskSamples, task: Task, prediction: Prediction, target: Tensor) -> None:
    """Logits and targets of labelled predictions: of each frame, or of a sample of its pixels."""
    logits, valid = prediction.logits, prediction.valid
    assert logits is not None
    if not task.has_label_map:
        known = valid & (target >= 0) & (target < logits.shape[1])
        pairs = [(logits[known], target[known])]
    else:
        pairs = []
        for item, mask in zip(logits[valid], target[valid], strict=True):
            maps = torch.nn.functional.interpolate(item[None].float(), mask.shape, mode="bilinear", align_corners=False)
            rows = sample_pixels(maps[0])[:, ::_STEP, ::_STEP].flatten(1).T
            labels = sample_pixels(mask)[::_STEP, ::_STEP].flatten()
            known = labels < rows.shape[1]
            pairs.append((rows[known], labels[known]))
    samples.logits += [part.float().cpu().numpy() for part, _ in pairs if len(part)]
    samples.targets += [part.cpu().numpy().astype(np.intp) for _, part in pairs if len(part)]


@torch.inference_mode()
def _measure(samples: TaskSamples, task: Task, prediction: Prediction, target: Tensor, frames: Sequence[int]) -> None:
    """Loss and size of the sets of each frame at every threshold."""
    assert prediction.logits is not None
    samples.frames += frames
    if task.has_label_map:
        maps = true_probabilities(prediction.logits, target)
        parts = [(sample_pixels(each), true[foreground(mask)]) for (each, true), mask in zip(maps, target, strict=True)]
    else:
        probability, true = label_probabilities(prediction.logits, target)
        parts = [
            (each, one[label >= 0])
            for each, one, label in zip(probability, true[:, None], target[:, None], strict=True)
        ]
    for valid, (each, true) in zip(prediction.valid.tolist(), parts, strict=True):
        values = true.cpu().numpy()
        failed = np.full(len(THRESHOLDS), 1.0 if len(values) else np.nan)
        samples.curves.append(loss_curve(values) if valid else failed)
        if valid:
            samples.sizes.append(len(each) * (1 - loss_curve(each.flatten().cpu().numpy())))


def _fit_sets(
    labels: Sequence[str], fit: Temperature, samples: TaskSamples, codes: Mapping[int, int], alpha: float, unit: str
) -> TaskCalibration:
    units = np.array([codes[index] for index in samples.frames])
    losses = unit_losses(np.stack(samples.curves), units)
    best = conformal_threshold(losses, alpha, unit=unit)
    size = np.mean(samples.sizes, axis=0)[int(np.searchsorted(THRESHOLDS, np.float32(best.threshold)))]
    return TaskCalibration(
        tuple(labels),
        *fit,
        threshold=best.threshold,
        risk=best.risk,
        bound=best.bound,
        units=best.units,
        set_size=float(size),
    )


def _describe_data(plan: EvaluationPlan) -> dict[str, Any]:
    return {
        "name": plan.dataset.name,
        "split": getattr(plan.dataset, "split", None),
        "fingerprint": plan.fingerprint.total,
        "frames": len(plan.indices),
        "subjects": sorted({str(plan.dataset.subjects[index]) for index in plan.indices}),
        "frame_digests": frame_digests(plan),
    }


def _describe_model(plan: EvaluationPlan) -> dict[str, Any]:
    ((name, model),) = plan.models.items()
    return {"name": name, "spec": getattr(model, "spec", name), **model_identity(model)}
