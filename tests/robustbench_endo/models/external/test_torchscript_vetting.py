"""TorchScript archives that reach files or do not end are refused; those of the usual networks load."""

from __future__ import annotations

import re
import warnings
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model


class Writes(nn.Module):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def forward(self, x: Tensor) -> Tensor:
        torch.save(x, self.path)
        return x


class Reads(nn.Module):
    def __init__(self, path: str) -> None:
        super().__init__()
        self.path = path

    def forward(self, x: Tensor) -> Tensor:
        return x + torch.from_file(self.path, False, 4, dtype=torch.uint8).sum()


class Endless(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        while True:
            x = x + 1
        return x


class Long(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        for _ in range(10000):
            for _ in range(10000):
                x = x + 1
        return x


class Prints(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        print(x)  # noqa: T201
        return x


class Forks(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.jit.wait(torch.jit.fork(torch.relu, x))


def test_vet_torchscript_refuses_a_file_that_writes(scripted, tmp_path):
    target = tmp_path / "written"
    path = scripted(Writes(str(target)))
    with pytest.raises(ModelError, match=r"the operator torch.save in its member scripted/code/__torch__.*not loaded"):
        load_model(str(path))
    model = load_model(str(path), trust_model_file=True)
    model.inner(torch.rand(1, 3, 4, 4))
    assert target.exists(), "the attack has no effect, so that the test shows nothing"


@pytest.mark.parametrize(
    ("module", "finding"),
    [
        (Reads("/etc/hostname"), "the operator torch.from_file"),
        (Endless(), "a statement 'while'"),
        (Long(), "a loop without a bound"),
        (Prints(), "the name print|the operator print"),
        (Forks(), "the name fork|the operator"),
    ],
)
def test_vet_torchscript_refuses_programs(scripted, module, finding):
    with pytest.raises(ModelError, match=finding):
        load_model(str(scripted(module)))


@pytest.mark.parametrize(
    ("code", "finding"),
    [
        ('torch.save(x, "f")', "the operator torch.save"),
        ('(x).save("f")', "the operator save"),
        ('ops.aten.save(x, "f")', "the operator ops.aten.save"),
        ('ops.image.write_file("f", x)', "the operator ops.image.write_file"),
        ('getattr(x, "save")', "the operator getattr"),
        ('getattr(torch, "save")', "the name torch as a value|the operator getattr"),
        ("torch", "the name torch as a value"),
        ("ops.image", "the operator ops.image"),
        ("__torch__.torch.classes.dist_rpc.WorkerInfo", "the native class"),
        ("[torch.from_file for y in [1]]", "the operator torch.from_file"),
        ("eval(x)", "the operator eval"),
        ("x # comment", "a comment"),
        ('r"a"', "a text in a form"),
        ('torch.\\\n      save(x, "f")', "a character|the operator"),
        ("(lambda y: y)(x)", "an expression 'lambda'"),
        ("x.é", "code that cannot be parsed"),
        ("x ++++", "code that cannot be parsed"),
    ],
)
def test_vet_torchscript_refuses_code(script_file, edited, code, finding):
    def insert(source: bytes) -> bytes:
        return re.sub(
            rb"\n    (return|conv)",
            b"\n    _9 = " + code.encode().replace(b"\\", b"\\\\") + rb"\n    \1",
            source,
            count=1,
        )

    path = edited(script_file, {"code/__torch__/Scores.py": insert, "conftest.py": insert, ".py": insert})
    with pytest.raises(ModelError, match=finding):
        load_model(str(path))


@pytest.mark.parametrize("name", ["posix system", "builtins eval", "__torch__.torch.classes.x Y", "io open"])
def test_vet_torchscript_refuses_names_in_pickles(script_file, edited, name):
    module, attribute = name.split()
    pickled = f"\x80\x02c{module}\n{attribute}\n.".encode("latin-1")
    path = edited(script_file, {"/data.pkl": lambda _: pickled})
    with pytest.raises(ModelError, match="in a pickle"):
        load_model(str(path))


def test_vet_torchscript_refuses_old_archives(script_file, edited):
    with pytest.raises(ModelError, match="archives before torch 1.3"):
        load_model(str(edited(script_file, {}, {"model.json": b"{}"})))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "form"), [("lraspp", "script"), ("lraspp", "trace"), ("lraspp", "export"), ("swin", "script")]
)
def test_vet_model_file_accepts_networks_of_torchvision(tmp_path: Path, name: str, form: str) -> None:
    models = pytest.importorskip("torchvision.models")
    build = {
        "lraspp": lambda: models.segmentation.lraspp_mobilenet_v3_large(weights_backbone=None),
        "swin": models.swin_t,
    }
    load_model(str(saved(build[name]().eval(), tmp_path, form, 64)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "form"), [("resnet10t", "script"), ("vit_tiny_patch16_224", "trace"), ("convnext_atto", "export")]
)
def test_vet_model_file_accepts_networks_of_timm(tmp_path: Path, name: str, form: str) -> None:
    timm = pytest.importorskip("timm")
    load_model(str(saved(timm.create_model(name).eval(), tmp_path, form, 224)))


def saved(network: nn.Module, folder: Path, form: str, size: int) -> Path:
    images = torch.rand(1, 3, size, size)
    path = folder / ("model.pt2" if form == "export" else "model.pt")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the deprecated format and of tracing
        if form == "export":
            torch.export.save(torch.export.export(network, (images,)), path)
        elif form == "script":
            torch.jit.script(network).save(path)
        else:
            torch.jit.trace(network, images, strict=False).save(path)
    return path


def test_load_torchscript_of_another_version_raises(script_file, edited):
    for content in (b"9" * 40, b"x", b""):
        path = edited(script_file, {"/version": lambda _, content=content: content})
        with pytest.raises(ModelError, match="Cannot load the TorchScript archive"):
            load_model(str(path))
