"""What a worker needs of a run, packed once: models, data, and the code of the user's that no machine has installed."""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from importlib.metadata import packages_distributions
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from robustbench_endo.errors import RunError
from robustbench_endo.evaluation.config import Request
from robustbench_endo.evaluation.plan import Work
from robustbench_endo.evaluation.predict import ModelCall
from robustbench_endo.evaluation.provenance import data_fingerprint, weights_hash
from robustbench_endo.models import load_model
from robustbench_endo.models.assemble import split_adapter
from robustbench_endo.models.external.file_type import is_model_file
from robustbench_endo.results.io import RUN_FILE, read_json
from robustbench_endo.types import Dataset

_UNSENDABLE = (TypeError, AttributeError, RuntimeError, NotImplementedError, LookupError, ValueError, OSError)

PROBED = 8
"""Frames by which a worker knows that it sees the same data."""


@dataclass(frozen=True)
class Again:
    """A model that cannot be sent, such as one from a TorchScript or ONNX file: it is loaded from there again.

    Attributes:
        spec: what :func:`~robustbench_endo.models.load_model` made it of.
        digest: of its weights.
    """

    spec: str
    digest: str

    def load(self, data: Dataset) -> ModelCall:
        """The model.

        Raises:
            ModelError, RunError: no such file here, or another one.
        """
        model = load_model(self.spec, classes=data.classes, activities=data.activities)
        if weights_hash(model) != self.digest:
            raise RunError(
                f"Expected the model {self.spec} as it was where the run began, got another on {platform.node()}: "
                "put the file on a file system that all machines of the cluster share."
            )
        return model


@dataclass(frozen=True)
class Parcel:
    """A run as a worker gets it.

    Attributes:
        request: without models; its device is a kind without number: Ray says which GPU; its folder is absolute.
        models: by name.
        chunks: indices of the frames of each chunk.
        identity: of the run, by which a worker knows the run folder.
        directory: where relative paths begin.
        probe: indices of frames, and the fingerprint that they have here.
    """

    request: Request
    models: Mapping[str, ModelCall | Again]
    chunks: Sequence[Sequence[int]]
    identity: Mapping[str, Any]
    directory: Path
    probe: tuple[Sequence[int], str]


def packed(ray: Any, work: Work) -> bytes:
    """The run in bytes, models as they are on the CPU.

    Raises:
        RunError: a model, metric or dataset cannot be sent.
    """
    request = work.request
    indices = [index for chunk in work.chunks for index in chunk]
    probe = indices[:: max(1, len(indices) // PROBED)][:PROBED]
    sent = replace(
        request,
        models={},
        out=request.out.resolve(),
        device=torch.device(request.device.type),
        workers=1 if request.device.type == "cpu" else request.workers,
    )
    identity = read_json(request.out / RUN_FILE)["identity"]
    proof = (probe, data_fingerprint(request.dataset, probe))
    with _on_cpu(request), by_value(ray.cloudpickle):
        try:
            data: bytes = ray.cloudpickle.dumps(
                Parcel(sent, _sendable(ray, request.models), work.chunks, identity, Path.cwd(), proof)
            )
        except _UNSENDABLE as error:
            raise RunError(
                f"Expected models, metrics and data that can be sent to other machines, got {type(error).__name__}: "
                f"{error}: give the model as FILE.py:factory or a checkpoint folder, or use --shard, which sends "
                "nothing."
            ) from error
    return data


def _sendable(ray: Any, models: Mapping[str, ModelCall]) -> dict[str, ModelCall | Again]:
    sent: dict[str, ModelCall | Again] = dict(models)
    for name, model in models.items():
        spec = getattr(model, "spec", None)
        if spec and is_model_file(split_adapter(spec)[0]):
            try:
                ray.cloudpickle.dumps(model)
            except _UNSENDABLE:
                sent[name] = Again(spec, weights_hash(model))
    return sent


@contextmanager
def _on_cpu(request: Request) -> Iterator[None]:
    """The models on the CPU, for a moment: the GPU of this process is none of the workers'."""
    modules = [model for model in request.models.values() if isinstance(model, torch.nn.Module)]
    if request.device.type == "cpu":
        yield
        return
    for module in modules:
        module.to("cpu")
    try:
        yield
    finally:
        for module in modules:
            module.to(request.device)


@contextmanager
def by_value(cloudpickle: Any) -> Iterator[None]:
    """Send the code of loaded modules that belong to no installed package along with what uses it."""
    installed = {*packages_distributions(), *sys.stdlib_module_names, "robustbench_endo", "__main__"}
    own = [
        module
        for name, module in list(sys.modules.items())
        if isinstance(module, ModuleType)
        and name.partition(".")[0] not in installed
        and getattr(module, "__file__", None)
        and getattr(module, "__name__", None) == name
    ]
    for module in own:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in own:
            cloudpickle.unregister_pickle_by_value(module)
