"""The plan of a run: everything that an engine needs, resolved from the configuration, the models and the data."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa
import torch

from robustbench_endo.corruptions import Selection, Suite, select
from robustbench_endo.errors import DataError, ModelError, RobustEndoError
from robustbench_endo.evaluation.adaptation.episode import split_episodes
from robustbench_endo.evaluation.adaptation.layers import check_adaptable
from robustbench_endo.evaluation.adaptation.settings import (
    Adaptation,
    adaptation_note,
    adapted_names,
    batch_size_of,
    parse_adaptation,
)
from robustbench_endo.evaluation.calibrations import (
    Calibrations,
    calibration_notes,
    check_calibrations,
    read_calibrations,
)
from robustbench_endo.evaluation.conditions import Condition, list_conditions, parse_selection, select_recorded
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.data_fingerprint import DataFingerprint, fingerprint_data
from robustbench_endo.evaluation.device import choose_device, choose_precision
from robustbench_endo.evaluation.gallery import GalleryWriter
from robustbench_endo.evaluation.methods import MethodSeed, ModelsByName, split_methods
from robustbench_endo.evaluation.predict import Model
from robustbench_endo.evaluation.profiler import Profiler
from robustbench_endo.evaluation.run_folder import RunFolder
from robustbench_endo.evaluation.stored_predictions import PredictionStore, prediction_store
from robustbench_endo.metrics.base import Metric
from robustbench_endo.metrics.prediction_sets import set_metrics
from robustbench_endo.models.contiguous_convolutions import use_contiguous_convolutions
from robustbench_endo.results.schema import arrow_schema
from robustbench_endo.tasks.base import Task
from robustbench_endo.tasks.registry import TASKS, labels_of
from robustbench_endo.types import Dataset

if TYPE_CHECKING:
    from robustbench_endo.evaluation.loop import Advance
    from robustbench_endo.evaluation.target_distortion import TargetSeverity

MAX_CHUNK, MAX_CHUNK_ON_DEVICE = 4, 32
"""Frames per chunk at most, on the CPU and elsewhere: the work that an interruption loses, and the largest batch."""
MAX_PIXELS = 1_500_000
"""Pixels per batch on the CPU, in whole frames: more need more memory and are no faster there."""


class Engine(Protocol):
    """Computes chunks of a plan and writes their records.

    Args:
        plan: of the run.
        chunks: numbers of the chunks to compute.
        profiler: receives the seconds per phase.
        advance: called with the frames x conditions done since the last call.
    """

    def __call__(self, plan: EvaluationPlan, chunks: Sequence[int], profiler: Profiler, advance: Advance) -> None: ...


@dataclass(frozen=True)
class EvaluationPlan:
    """A run, divided into chunks that any worker computes to the same bits.

    Attributes:
        config: the settings.
        dataset: frames with targets.
        models: name -> network on ``device`` in eval mode.
        seeds: name -> method and training seed of the models that belong to a method.
        suite: the corruptions with their severities.
        corruptions: names of those that run; ``recorded`` of the recorded conditions.
        tasks: those that the data set labels.
        labels: task name -> names of its labels.
        user_metrics: a user's own, scored with those of the tasks.
        device, precision: of the models.
        chunks: indices of the frames of each chunk.
        folder: where the records of a chunk are written atomically, as soon as all of them are computed.
        gallery: stores images of some frames.
        predictions: stores what the models predict.
        notes: sentences for the report.
        targets: the severities that give a target distortion; empty without a target, or until they are solved.
        given_fingerprint: of the data where the run began, if that was another process; else they are read here.
        calibrations: of the models that have one.
    """

    config: EvaluationConfig
    dataset: Dataset
    models: Mapping[str, Model]
    seeds: Mapping[str, MethodSeed]
    suite: Suite
    corruptions: Sequence[str]
    recorded: Sequence[str]
    tasks: Sequence[Task]
    labels: Mapping[str, tuple[str, ...]]
    user_metrics: Sequence[Metric]
    device: torch.device
    precision: str
    chunks: Sequence[Sequence[int]]
    folder: RunFolder
    gallery: GalleryWriter
    predictions: PredictionStore
    notes: tuple[str, ...]
    targets: Sequence[TargetSeverity] = ()
    given_fingerprint: DataFingerprint | None = None
    calibrations: Calibrations = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> DataFingerprint:
        """Of the frames when the run began."""
        return self.given_fingerprint or fingerprint_data(self.dataset, self.indices)

    @cached_property
    def conditions(self) -> list[Condition]:
        """Clean, the draws of the corruptions at their severities, the recorded conditions."""
        stochastic = [name for name in self.corruptions if self.suite.get(name).stochastic]
        replicates = dict.fromkeys(stochastic, self.config.replicates)
        return list_conditions(self.corruptions, self.config.run_severities, self.recorded, replicates)

    @cached_property
    def metric_settings(self) -> dict[str, Any]:
        """Settings of the metrics, as stored in run.json."""
        options = self.config.metric_options
        parts = [task.metric_settings(options, self.labels[task.name]) for task in self.tasks]
        return {key: value for part in parts for key, value in part.items()}

    @cached_property
    def frame_metrics(self) -> Mapping[str, tuple[Metric, ...]]:
        """Task name -> its metrics with a value per frame."""
        leading = self.tasks[-1].name
        settings = self.metric_settings
        metrics = {task.name: task.metrics(self.config.protocol, settings) for task in self.tasks}
        taken = {metric.name for each in metrics.values() for metric in each}
        taken.update(arrow_schema(self.tasks, self.labels, metrics).names)
        taken.update(metric.name for metric in set_metrics(self.tasks))
        for metric in self.user_metrics:
            name = metric.task or leading
            if name not in metrics:
                raise RobustEndoError(
                    f"Expected the metric {metric.name!r} to score a task of the run ({', '.join(metrics)}), got "
                    f"{name!r}: leave it out, or evaluate on data with that task."
                )
            names = {metric.name, *metric.record_columns}
            if names & taken:
                raise RobustEndoError(
                    f"Expected a new name for a metric and its columns, got {', '.join(sorted(names & taken))}, which "
                    "the run already has: choose another."
                )
            taken |= names
            metrics[name] = (*metrics[name], metric)
        return {name: tuple(metric for metric in each if metric.record_columns) for name, each in metrics.items()}

    @cached_property
    def schema(self) -> pa.Schema:
        """The columns of the records."""
        metrics = dict(self.frame_metrics)
        if self.calibrations:
            metrics |= {task.name: (*metrics[task.name], *set_metrics([task])) for task in self.tasks}
        return arrow_schema(self.tasks, self.labels, metrics, self.config.run_severities)

    def temperatures(self, model: str) -> dict[str, float] | None:
        """Task -> temperature of a calibrated model; None for any other whose logits are not stored."""
        calibration = self.calibrations.get(model)
        if calibration is None:
            return {} if self.predictions.logits else None
        return {name: each.temperature for name, each in calibration.tasks.items()}

    @property
    def indices(self) -> list[int]:
        """Indices of all frames, in order."""
        return [index for chunk in self.chunks for index in chunk]

    @property
    def max_pixels(self) -> int | None:
        """Pixels per batch at most; None for any number."""
        return MAX_PIXELS if self.batch_size is None and self.device.type == "cpu" else None

    @property
    def adaptation(self) -> Adaptation | None:
        """How the models adapt at test time; None for models as they are."""
        return parse_adaptation(self.config.adapt)

    @property
    def batch_size(self) -> int | None:
        """Frames per batch at most; None for any number."""
        return batch_size_of(self.config)

    def steps(self, chunk: int) -> int:
        """Frames x conditions of a chunk."""
        return len(self.chunks[chunk]) * len(self.conditions)


def build_plan(
    config: EvaluationConfig,
    models: ModelsByName,
    dataset: Dataset,
    selected: Selection | None = None,
    metrics: Sequence[Metric | type[Metric]] = (),
    chunks: Sequence[Sequence[int]] | None = None,
    fingerprint: DataFingerprint | None = None,
    calibrations: Calibrations | None = None,
) -> EvaluationPlan:
    """Resolve the settings of a run; its models are moved to the device.

    Args:
        models: name -> a model, or the models of a method, one per training seed; see :func:`.split_methods`.
        selected: from :func:`select_corruptions`; None selects by the configuration.
        metrics: further metrics, as classes or objects.
        chunks: indices of the frames of each chunk, where another process divided them.
        fingerprint: of the data, where another process has read them.
        calibrations: of the models; None for those that the configuration names.

    Raises:
        DataError, ModelError, RobustEndoError: settings that the models, the data or this machine do not allow.
    """
    if not models:
        raise ModelError("Expected at least one model, got none: name one with --model.")
    method = parse_adaptation(config.adapt)
    by_name, seeds = split_methods(adapted_names(models, method))
    device = choose_device(config.device)
    selected = selected or select_corruptions(config)
    if chunks is None:
        indices = select_indices(len(dataset), config.limit)
        chunks = split_chunks(indices, device) if method is None else split_episodes(dataset.ids, indices)
    labels = labels_of(dataset)
    tasks = [task for task in TASKS if labels[task.name]] or list(TASKS)
    check_adaptable(by_name, method)
    if calibrations is None:
        calibrations = read_calibrations(config, by_name)
    moved = move_models(by_name, device, compiled=config.compile)
    plan = EvaluationPlan(
        config=config,
        dataset=dataset,
        models=moved,
        seeds=seeds,
        suite=selected.suite,
        corruptions=selected.names,
        recorded=select_recorded(dataset, parse_selection(config.corruptions).recorded),
        tasks=tasks,
        labels={task.name: labels[task.name] for task in tasks},
        user_metrics=[metric() if isinstance(metric, type) else metric for metric in metrics],
        device=device,
        precision=choose_precision(config.precision, device),
        chunks=chunks,
        folder=RunFolder(config.out, config.save_predictions),
        gallery=_gallery(config, dataset, [index for chunk in chunks for index in chunk], list(by_name)),
        predictions=prediction_store(config.save_predictions, tasks),
        notes=(*config.notes, *adaptation_note(config), *selected.notes, *use_contiguous_convolutions(moved, device)),
        given_fingerprint=fingerprint,
        calibrations=calibrations,
    )
    check_calibrations(plan)
    return replace(plan, notes=(*plan.notes, *calibration_notes(plan))) if calibrations else plan


def select_corruptions(config: EvaluationConfig, suite: Suite | None = None) -> Selection:
    """The suite of a configuration at its resolution, and the names of the corruptions that run.

    Args:
        suite: instead of the configuration's.

    Raises:
        RobustEndoError: an unknown suite or corruption.
    """
    selection = parse_selection(config.corruptions)
    selected = select(suite or config.suite_name, selection.synthetic or "all", config.backend)
    if config.resolution is not None:
        selected = replace(selected, suite=replace(selected.suite, resolution=config.resolution))
    without_synthetic = not selection.synthetic and (selection.recorded or selection.clean)
    return replace(selected, names=()) if without_synthetic else selected


def select_indices(count: int, limit: int | None) -> list[int]:
    """Indices of the frames of a run, spread evenly.

    Raises:
        DataError: no frame, or a limit below 1.

    >>> select_indices(10, 3)
    [0, 3, 6]
    """
    if count == 0 or (limit is not None and limit < 1):
        got = "an empty dataset" if count == 0 else f"a limit of {limit}"
        raise DataError(f"Expected at least one frame to evaluate, got {got}: check --data, --split and --limit.")
    number = count if limit is None else min(limit, count)
    return [position * count // number for position in range(number)]


def split_chunks(indices: Sequence[int], device: torch.device) -> list[Sequence[int]]:
    """The frames in chunks, at least eight of them where there are enough frames.

    They depend only on the number of frames and the kind of device, so that results depend neither on the engine nor
    on an interruption.
    """
    largest = MAX_CHUNK if device.type == "cpu" else MAX_CHUNK_ON_DEVICE
    size = min(largest, max(1, len(indices) // 8))
    return [indices[start : start + size] for start in range(0, len(indices), size)]


def move_models(models: Mapping[str, Model], device: torch.device, *, compiled: bool) -> dict[str, Model]:
    """The models on a device in eval mode, on CUDA in the memory layout of its convolutions.

    Raises:
        RobustEndoError: compilation for another device than CUDA.
    """
    cuda = device.type == "cuda"
    if compiled and not cuda:
        raise RobustEndoError(f"Expected a CUDA device to compile models for, got {device}: leave --compile out.")
    moved = dict(models)
    for name, model in moved.items():
        if isinstance(model, torch.nn.Module):
            model.to(device).eval()
            if cuda:
                model.to(memory_format=torch.channels_last)
            network: Callable[..., dict[str, torch.Tensor]] = torch.compile(model) if compiled else model
            moved[name] = network
    return moved


def _gallery(
    config: EvaluationConfig, dataset: Dataset, indices: Sequence[int], models: Sequence[str]
) -> GalleryWriter:
    # Frames from the middle and the start: the ends of a recording are often the emptiest.
    ids = [dataset.ids[indices[len(indices) // 2]], dataset.ids[indices[0]]]
    return GalleryWriter(config.out, list(dict.fromkeys(ids))[: config.gallery_frames], models)
