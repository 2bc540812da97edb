"""A trainer, a module and the class of callbacks without Lightning, whose import takes longer than all tests."""

import sys
from contextlib import contextmanager
from types import ModuleType, SimpleNamespace

import pytest
import torch
from torch import nn

import robustbench_endo as rb


class Module(nn.Module):
    """A network with dropout, a layer that draws random numbers, and one that stores a tensor for later calls."""

    device = torch.device("cpu")

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 7, 1), nn.BatchNorm2d(7), nn.Dropout())
        self.logged = {}
        self.calls = 0

    def forward(self, images):
        self.calls += len(images)
        if not hasattr(self, "offset"):
            self.offset = images.new_zeros(1)
        torch.rand(3)
        return self.body(images) * 1.0 + self.offset

    def log_dict(self, values, sync_dist):
        self.logged.update(values)
        self.synchronised = sync_dist


class Precision:
    """Float32."""

    @contextmanager
    def val_step_context(self):
        yield

    def convert_input(self, images):
        return images


@pytest.fixture
def module():
    torch.manual_seed(0)
    return Module()


@pytest.fixture
def trainer(frames):
    return SimpleNamespace(
        sanity_checking=False,
        state=SimpleNamespace(fn="fit"),
        current_epoch=0,
        global_step=7,
        is_global_zero=True,
        world_size=1,
        loggers=[],
        strategy=SimpleNamespace(broadcast=lambda values: values),
        precision_plugin=Precision(),
        val_dataloaders=[torch.utils.data.DataLoader(frames)],
    )


@pytest.fixture(scope="session")
def frames():
    return rb.load_dataset("synthetic", frames=3, size=(48, 64))


@pytest.fixture
def callback_class(monkeypatch):
    package = ModuleType("lightning.pytorch")
    package.Callback = type("Callback", (), {})
    for name in [name for name in sys.modules if name.startswith("robustbench_endo.lightning")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "lightning.pytorch", package)
    from robustbench_endo.lightning import RobustnessCallback

    yield RobustnessCallback
    for name in ("robustbench_endo.lightning", "robustbench_endo.lightning.callback"):
        sys.modules.pop(name, None)
