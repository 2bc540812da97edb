"""A run in the form in which workers receive it: models, data, and user code that is not installed there."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from robustbench_endo.corruptions import Selection
from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.calibrations import Calibrations
from robustbench_endo.evaluation.config import EvaluationConfig
from robustbench_endo.evaluation.data_fingerprint import DataFingerprint
from robustbench_endo.evaluation.plan import EvaluationPlan
from robustbench_endo.evaluation.predict import Model
from robustbench_endo.io_utils import read_json, weights_sha256
from robustbench_endo.metrics.base import Metric
from robustbench_endo.models import load_model
from robustbench_endo.models.assemble import split_io_spec
from robustbench_endo.models.external.file_type import is_model_file
from robustbench_endo.results.integrity import RUN_FILE
from robustbench_endo.tasks.registry import labels_of
from robustbench_endo.types import Dataset

_SERIALIZATION_ERRORS = (
    TypeError,
    AttributeError,
    RuntimeError,
    NotImplementedError,
    LookupError,
    ValueError,
    OSError,
)

PROBE_FRAMES = 8
"""Frames by which a worker checks that it sees the same data."""


@dataclass(frozen=True)
class ReloadableModel:
    """A model that cannot be serialized, such as one from a TorchScript or ONNX file: workers load its file.

    Attributes:
        spec: argument of :func:`~robustbench_endo.models.load_model`.
        sha256: of its weights.
        trust_model_file: its file is not vetted, because it was not on the driver either.
    """

    spec: str
    sha256: str
    trust_model_file: bool = False

    def load(self, data: Dataset) -> Model:
        """The model.

        Raises:
            ModelError, RunError: the file is missing here or is another one.
        """
        model = load_model(self.spec, labels=labels_of(data), trust_model_file=self.trust_model_file)
        if weights_sha256(model) != self.sha256:
            raise RunError(
                f"Expected the model {self.spec} as it was where the run began, got another one on {platform.node()}: "
                "put the file on a file system that all machines of the cluster share."
            )
        return model


@dataclass(frozen=True)
class RayPayload:
    """A run as a worker receives it.

    Attributes:
        config: its device is a kind without number, because Ray assigns the GPU; its folder is absolute.
        models: by name.
        dataset: frames with targets.
        selected: suite and corruptions.
        metrics: a user's own.
        chunks: indices of the frames of each chunk.
        identity: of the run, by which a worker checks the run folder.
        directory: working directory, where relative paths begin.
        fingerprint: of the data on the driver.
        calibrations: of the models.
    """

    config: EvaluationConfig
    models: Mapping[str, Model | ReloadableModel]
    dataset: Dataset
    selected: Selection
    metrics: Sequence[Metric]
    chunks: Sequence[Sequence[int]]
    identity: Mapping[str, Any]
    directory: Path
    fingerprint: DataFingerprint
    calibrations: Calibrations = field(default_factory=dict)

    @property
    def probe(self) -> list[int]:
        """Indices of frames by which a worker checks that it sees the same data."""
        indices = [index for chunk in self.chunks for index in chunk]
        return indices[:: max(1, len(indices) // PROBE_FRAMES)][:PROBE_FRAMES]


def serialize(ray: Any, plan: EvaluationPlan) -> bytes:
    """The run in bytes, models on the CPU.

    Raises:
        RunError: a model, metric or data set cannot be serialized.
    """
    config = replace(
        plan.config,
        out=plan.config.out.resolve(),
        device=plan.device.type,
        precision=plan.precision,
        workers=1 if plan.device.type == "cpu" else plan.config.workers,
        engine="local",
        address=None,
    )
    with _models_on_cpu(plan), by_value(ray.cloudpickle):
        try:
            data: bytes = ray.cloudpickle.dumps(
                RayPayload(
                    config,
                    _serializable_models(ray, plan.models),
                    plan.dataset,
                    Selection(plan.suite, tuple(plan.corruptions)),
                    plan.user_metrics,
                    plan.chunks,
                    read_json(plan.config.out / RUN_FILE)["identity"],
                    Path.cwd(),
                    plan.fingerprint,
                    plan.calibrations,
                )
            )
        except _SERIALIZATION_ERRORS as error:
            raise RunError(
                f"Cannot send models, metrics and data to other machines: {type(error).__name__}: {error}. Give the "
                "model as FILE.py:factory or a checkpoint folder, or use --shard, which sends nothing."
            ) from error
    return data


def _serializable_models(ray: Any, models: Mapping[str, Model]) -> dict[str, Model | ReloadableModel]:
    serializable: dict[str, Model | ReloadableModel] = dict(models)
    for name, model in models.items():
        spec = getattr(model, "spec", None)
        if spec and is_model_file(split_io_spec(spec)[0]):
            try:
                ray.cloudpickle.dumps(model)
            except _SERIALIZATION_ERRORS:
                trusted = bool(getattr(model, "trust_model_file", False))
                serializable[name] = ReloadableModel(spec, weights_sha256(model), trusted)
    return serializable


@contextmanager
def _models_on_cpu(plan: EvaluationPlan) -> Iterator[None]:
    """The models on the CPU while they are serialized: workers use other GPUs than this process."""
    modules = [model for model in plan.models.values() if isinstance(model, torch.nn.Module)]
    if plan.device.type == "cpu":
        yield
        return
    for module in modules:
        module.to("cpu")
    try:
        yield
    finally:
        for module in modules:
            module.to(plan.device)


@contextmanager
def by_value(cloudpickle: Any) -> Iterator[None]:
    """Send the code of loaded modules that belong to no installed package together with the objects that use it."""
    installed = {*packages_distributions(), *sys.stdlib_module_names, "robustbench_endo", "__main__"}
    user_modules = [
        module
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType)
        and name.partition(".")[0] not in installed
        and getattr(module, "__file__", None)
        and getattr(module, "__name__", None) == name
    ]
    for module in user_modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in user_modules:
            cloudpickle.unregister_pickle_by_value(module)
