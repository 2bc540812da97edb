"""Archives that are edited as an attacker would."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

Edit = Callable[[bytes], bytes]


class Scores(nn.Module):
    """A network that torch.export and TorchScript accept, with a method that scripts can replace."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


@pytest.fixture(scope="session")
def exported_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A program of any batch from 2 on: its document has symbolic expressions."""
    path = tmp_path_factory.mktemp("exported") / "model.pt2"
    batch = torch.export.Dim("batch", min=2)
    torch.export.save(
        torch.export.export(Scores().eval(), (torch.rand(2, 3, 32, 40),), dynamic_shapes=({0: batch},)), path
    )
    return path


@pytest.fixture(scope="session")
def script_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A traced network."""
    path = tmp_path_factory.mktemp("script") / "model.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the format is deprecated
        torch.jit.save(torch.jit.trace(Scores().eval(), torch.rand(1, 3, 32, 40)), path)
    return path


@pytest.fixture
def edited(tmp_path: Path) -> Callable[..., Path]:
    """Copies an archive with members changed (by the end of their name) and added."""

    def copy(source: Path, edits: Mapping[str, Edit], added: Mapping[str, bytes] | None = None) -> Path:
        target = tmp_path / f"edited{source.suffix}"
        with zipfile.ZipFile(source) as archive, zipfile.ZipFile(target, "w") as output:
            root = archive.namelist()[0].partition("/")[0]
            for name in archive.namelist():
                content = archive.read(name)
                for suffix, edit in edits.items():
                    content = edit(content) if name.endswith(suffix) else content
                output.writestr(name, content)
            for name, content in (added or {}).items():
                output.writestr(f"{root}/{name}", content)
        return target

    return copy


@pytest.fixture
def scripted(tmp_path: Path) -> Callable[[Any], Path]:
    """Saves a module as a TorchScript archive."""

    def save(module: nn.Module) -> Path:
        path = tmp_path / "scripted.pt"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the format is deprecated
            torch.jit.script(module).save(path)
        return path

    return save
