"""Programs of torch.export: safe to load, of one size or any."""

from __future__ import annotations

import copy
import io
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model


def test_load_exported_of_one_size_declares_it(model_files, frames):
    model = load_model(str(model_files / "fixed.pt2"))
    assert model.input_size == (32, 40)
    assert model(frames(2, 61, 47))["segmentation"].shape == (2, 4, 32, 40)


def test_load_exported_has_the_digest_of_the_file(model_files):
    import hashlib

    expected = hashlib.sha256((model_files / "fixed.pt2").read_bytes()).hexdigest()
    assert load_model(str(model_files / "fixed.pt2")).weights_sha256 == expected


class Trap:
    """Touches a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return (Path.touch, (self.path,))


@pytest.mark.parametrize("member", ["data/sample_inputs/model.pt", "data/constants/opaque_obj_0", "data/x.so"])
def test_load_exported_never_unpickles_members(model_files, tmp_path, member):
    touched, path = tmp_path / "touched", tmp_path / "evil.pt2"
    with zipfile.ZipFile(model_files / "fixed.pt2") as source, zipfile.ZipFile(path, "w") as target:
        root = source.namelist()[0].partition("/")[0]
        for name in source.namelist():
            if name != f"{root}/{member}":
                target.writestr(name, source.read(name))
        buffer = io.BytesIO()
        torch.save((Trap(touched),), buffer)
        target.writestr(f"{root}/{member}", buffer.getvalue())
    with pytest.raises(ModelError, match="would have to be unpickled.* it was not loaded"):
        load_model(str(path))
    assert not touched.exists()


def test_load_exported_with_weights_that_are_not_finite_raises(net, tmp_path):
    broken = copy.deepcopy(net)
    nn.init.constant_(broken.conv.bias, float("inf"))
    torch.export.save(torch.export.export(broken, (torch.rand(1, 3, 32, 40),)), tmp_path / "m.pt2")
    with pytest.raises(ModelError, match="Expected finite weights .* got NaN or infinity in inner.graph.conv.bias"):
        load_model(f"{tmp_path}/m.pt2")


def test_load_exported_without_images_as_input_raises(tmp_path):
    torch.export.save(torch.export.export(nn.Linear(3, 2), (torch.rand(1, 3),)), tmp_path / "m.pt2")
    with pytest.raises(ModelError, match=r"one input \(B, 3, H, W\), got \(1, 3\)"):
        load_model(f"{tmp_path}/m.pt2")
