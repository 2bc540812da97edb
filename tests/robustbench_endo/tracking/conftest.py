"""A small run in a folder, and a module that records the calls of a tracker."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn

import robustbench_endo as rb
from robustbench_endo.results import Results


class Light(nn.Module):
    """Light pixels are class 1."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.threshold = nn.Parameter(torch.tensor(threshold))

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        light = 20 * (images.mean(1, keepdim=True) - self.threshold)
        return {"segmentation": torch.cat((-light, light), 1)}


@pytest.fixture(scope="session")
def logged_run(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Two models, two frames of two patients, two corruptions at severities 1 and 3."""
    root = tmp_path_factory.mktemp("tracking")
    random = np.random.default_rng(0)
    for patient in ("OP1", "OP2"):
        image, mask = random.integers(60, 140, (40, 48, 3)).astype(np.uint8), np.zeros((40, 48), np.uint8)
        mask[10:30, 8:40] = 1
        image[mask > 0] = 205
        for kind, pixels in (("image", image), ("mask", mask)):
            (root / "data" / kind).mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(root / "data" / kind / f"{patient}_img_00.png")
    data = rb.load_dataset("folder", root=root / "data", classes=("background", "tool"))
    models = {"ours/a": Light(0.65), "ours/b": Light(0.75)}
    rb.evaluate(models, data, ["contrast", "brightness"], (1, 3), root / "runs" / "study", device="cpu")
    return rb.load_results(root / "runs" / "study")


class Recorder:
    """Any object: calls and attributes of it are recorded as (name, arguments, options)."""

    def __init__(self, calls: list[tuple[str, tuple[Any, ...], dict[str, Any]]], **attributes: Any) -> None:
        self.calls = calls
        self.__dict__.update(attributes)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)

        def call(*arguments: Any, **options: Any) -> Any:
            self.calls.append((name, arguments, options))
            return None

        return call

    def of(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of the calls of a function."""
        return [arguments for each, arguments, _ in self.calls if each == name]


@pytest.fixture
def fake_mlflow(monkeypatch: pytest.MonkeyPatch) -> Recorder:
    """A module ``mlflow`` whose client records calls; ``active`` is its active run."""
    run = SimpleNamespace(info=SimpleNamespace(run_id="r1"))
    client = Recorder([], tracking_uri="sqlite:///x", active=None)
    client.get_experiment_by_name = lambda name: None
    client.create_experiment = lambda name, location: client.calls.append(("create_experiment", (name, location), {}))
    client.create_run = lambda experiment, run_name: run
    client.log_batch = lambda run_id, metrics=(), params=(): client.calls.append(("log_batch", (metrics, params), {}))
    module = SimpleNamespace(active_run=lambda: client.active, MlflowClient=lambda tracking_uri=None: client)
    entities = SimpleNamespace(Metric=lambda *values: values, Param=lambda *values: values)
    monkeypatch.setitem(sys.modules, "mlflow", module)
    monkeypatch.setitem(sys.modules, "mlflow.entities", entities)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return client


@pytest.fixture
def fake_wandb(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Recorder:
    """A module ``wandb`` that records calls; ``run`` is its active run, ``key`` the API key."""
    calls: list[Any] = []
    run = Recorder(calls, url=None, dir=str(tmp_path / "wandb" / "offline-1" / "files"))
    run.config = Recorder(calls)
    run.summary = SimpleNamespace(update=lambda values: calls.append(("summary", (values,), {})))
    module = Recorder(calls, run=None, api=SimpleNamespace(api_key=None), new_run=run)
    module.login = lambda key=None: calls.append(("login", (), {}))
    module.init = lambda **options: calls.append(("init", (), options)) or run
    module.Table = lambda dataframe: dataframe
    module.Artifact = lambda name, **options: Recorder(calls, name=name)
    monkeypatch.setitem(sys.modules, "wandb", module)
    for name in ("WANDB_MODE", "WANDB_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    return module
