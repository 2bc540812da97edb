"""Fixtures of the model tests."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.export import Dim

from robustbench_endo.models import build, card_of, load_model, save_checkpoint
from robustbench_endo.models.layers.lora import LowRank
from robustbench_endo.models.layers.lora_inject import TaskBatchNorm2d

ADAPTED = (
    "dinov2/tesla@size=s,depth=2,head_channels=8,input_size=any",
    "dinov3/tesla@size=s,depth=2,head_channels=8,input_size=any,adapter=dvlora",
    "endoarss/tesla@size=s,depth=2,head_channels=8,sma_dim=8,input_size=any,adapter=mlp",
    "resnet101/tesla@depth=1,head_channels=8,input_size=any",
    "tiny-endoarss/tesla@input_size=64x80",
    "timm:convnextv2_atto/tesla@head_channels=8,input_size=any,frozen=yes",
    "dinov2/mmoe@shared=yes,size=s,depth=2,head_channels=8,input_size=any",
)
"""Networks whose tasks or experts differ in their adapters."""

SMALL_SPEC = "tiny-resnet/hps@width=12,head_channels=8,input_size=32x40"


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks are fastest on one thread, and parallel test workers do not compete for cores."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def frames() -> Callable[..., Tensor]:
    """Makes float frames (batch, 3, height, width) in [0, 1]."""

    def make(batch: int = 2, height: int = 96, width: int = 128, seed: int = 0) -> Tensor:
        return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(seed))

    return make


@pytest.fixture(scope="session")
def with_updates() -> Callable[[nn.Module], nn.Module]:
    """Makes adapters and residual branches of a module different from zero, as after a training."""

    def change(module: nn.Module) -> nn.Module:
        for layer in module.modules():
            if isinstance(layer, TaskBatchNorm2d):
                nn.init.ones_(layer.weight)
            if isinstance(layer, LowRank):
                nn.init.normal_(layer.b, std=0.1)
        return module

    return change


@pytest.fixture(scope="session", params=ADAPTED)
def adapted_network(request: pytest.FixtureRequest, with_updates: Callable[[nn.Module], nn.Module]) -> nn.Module:
    """A network of 3 classes and 2 activities with adapters that are not zero; tests must not change it."""
    torch.manual_seed(0)
    return with_updates(build(request.param, 3, 2)).eval()


@pytest.fixture
def small_spec() -> str:
    """A zoo model that loads fast."""
    return SMALL_SPEC


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """A checkpoint folder of the small model with named labels."""
    model = load_model(SMALL_SPEC, 3, 2)
    model.classes, model.activities = ("tissue", "shaft", "jaw"), ("idle", "cut")
    return save_checkpoint(tmp_path / "checkpoint", model.state_dict(), card_of(model, {"epochs": 1}))


class Net(nn.Module):
    """Two tasks; dropout and batch normalisation show in which mode it is."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.rest = nn.Sequential(nn.BatchNorm2d(4), nn.Dropout(0.5))

    def forward(self, images: torch.Tensor) -> dict[str, torch.Tensor]:
        maps = self.rest(self.conv(images))
        return {"segmentation": maps, "activity": maps.mean((2, 3))}


@pytest.fixture(scope="session")
def net() -> nn.Module:
    torch.manual_seed(0)
    return Net().eval()


@pytest.fixture(scope="session")
def model_files(tmp_path_factory: pytest.TempPathFactory, net: nn.Module) -> Path:
    """The same network in every format, some with suffixes that do not tell the format."""
    root = tmp_path_factory.mktemp("files")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates TorchScript
        torch.jit.script(net).save(root / "script.model")
        torch.jit.freeze(torch.jit.script(net)).save(root / "frozen.pt")
    fixed, free = torch.rand(1, 3, 32, 40), torch.rand(2, 3, 32, 40)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about the suffix
        torch.export.save(torch.export.export(net, (fixed,)), root / "fixed.pt2")
        torch.export.save(
            torch.export.export(net, (free,), dynamic_shapes={"images": {0: Dim("b")}}), root / "free.pt2"
        )
    torch.save(net.state_dict(), root / "state.pt")
    save_file(net.state_dict(), root / "state.safetensors")
    torch.save([1, 2], root / "list.pt")
    (root / "text.pt").write_text("nothing of the kind, but long enough")
    return root
