"""The check of model files that are programs."""

from __future__ import annotations

import contextlib
import copy
import pickle
from pathlib import Path

import pytest
import torch

from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model
from robustbench_endo.models.external.vetting import vet_model_file


@pytest.mark.parametrize("form", ["torch.export", "TorchScript"])
def test_vet_model_file_leaves_the_file_at_its_beginning(exported_file, script_file, form):
    path = exported_file if form == "torch.export" else script_file
    with path.open("rb") as file:
        vet_model_file(file, path, form)
        assert file.tell() == 0


@pytest.mark.parametrize("cut", [50, 400, 1_000])
@pytest.mark.parametrize("form", ["torch.export", "TorchScript"])
def test_vet_model_file_of_a_truncated_file_raises(exported_file, script_file, tmp_path, form, cut):
    source = exported_file if form == "torch.export" else script_file
    path = tmp_path / source.name
    path.write_bytes(source.read_bytes()[:-cut])
    with path.open("rb") as file, pytest.raises(ModelError, match="not loaded|Cannot read"):
        vet_model_file(file, path, form)


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("form", ["torch.export", "TorchScript"])
def test_load_model_of_a_file_with_a_changed_byte_loads_or_raises(exported_file, script_file, tmp_path, form, seed):
    source = exported_file if form == "torch.export" else script_file
    content = bytearray(source.read_bytes())
    position = int(torch.randint(len(content), (1,), generator=torch.Generator().manual_seed(seed)))
    content[position] ^= 1 + seed
    path = tmp_path / source.name
    path.write_bytes(content)
    with contextlib.suppress(ModelError):  # anything else would be a traceback
        load_model(str(path))


def test_vet_model_file_of_names_in_no_encoding_raises(exported_file, edited):
    def damage(content: bytes) -> bytes:
        return content.replace(b"data.pkl", b"d\xf6ta.pkl") if content.startswith(b"PK") else content

    path = edited(exported_file, {"sample_inputs/model.pt": damage})
    with pytest.raises(ModelError, match=r"Cannot read the torch.export archive|not loaded"):
        load_model(str(path))


def test_load_model_lists_the_files_of_a_model(exported_file, tmp_path):
    code = tmp_path / "net.py"
    code.write_text("import torch\ndef make(): return torch.nn.Conv2d(3, 4, 1)\n")
    assert load_model(f"{code}:make").source_files == (code,)
    (tmp_path / "net.adapter.toml").write_text('channel_order = "BGR"\n')
    assert load_model(f"{code}:make").source_files == (code, tmp_path / "net.adapter.toml")
    explicit = tmp_path / "other.toml"
    explicit.write_text('channel_order = "RGB"\n')
    assert load_model(f"{exported_file}#{explicit}").source_files == (exported_file, explicit)


def test_load_model_lists_no_files_of_models_that_are_shipped():
    assert load_model("tiny-resnet/mmoe", weights="pretrained").source_files == ()
    assert load_model("tiny-resnet/hps@width=8", 3).source_files == ()


def test_load_model_remembers_that_a_file_is_trusted(exported_file):
    assert load_model(str(exported_file), trust_model_file=True).trust_model_file
    assert not copy.deepcopy(load_model(str(exported_file))).trust_model_file


def test_load_model_with_source_files_can_be_pickled(tmp_path: Path) -> None:
    code = tmp_path / "net.py"
    code.write_text("import torch\ndef make(): return torch.nn.Conv2d(3, 4, 1)\n")
    copied = pickle.loads(pickle.dumps(load_model(f"{code}:make")))
    assert copied.source_files == (code,)
