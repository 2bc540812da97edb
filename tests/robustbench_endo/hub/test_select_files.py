"""Files of a repository that a model or a data set needs."""

import pytest

from robustbench_endo.errors import HubError
from robustbench_endo.hub.select_files import Selection, select_data, select_model
from robustbench_endo.hub.spec import HubSpec

CHECKPOINT = ["model.json", "model.safetensors", "README.md", ".gitattributes", "optimizer.pt"]
TRANSFORMERS = ["config.json", "preprocessor_config.json", "model.safetensors", "pytorch_model.bin", "README.md"]


def model(path: str = "") -> HubSpec:
    return HubSpec("model", "org/name", path=path)


def data(path: str = "") -> HubSpec:
    return HubSpec("dataset", "org/name", path=path)


@pytest.mark.parametrize(
    ("names", "path", "expected"),
    [
        (CHECKPOINT, "", Selection(("model.json", "model.safetensors"), "")),
        ([*CHECKPOINT, "adapter.toml"], "", Selection(("model.json", "model.safetensors", "adapter.toml"), "")),
        ([f"a/{name}" for name in CHECKPOINT], "a", Selection(("a/model.json", "a/model.safetensors"), "a")),
        (TRANSFORMERS, "", Selection(("config.json", "preprocessor_config.json", "model.safetensors"), "")),
        (["config.json", "pytorch_model.bin"], "", Selection(("config.json", "pytorch_model.bin"), "")),
        (["net.pt2", "train.py"], "", Selection(("net.pt2",), "net.pt2")),
        (["net.onnx", "net.adapter.toml"], "", Selection(("net.onnx", "net.adapter.toml"), "net.onnx")),
        (["a.pt", "b.pt"], "b.pt", Selection(("b.pt",), "b.pt")),
        (["x/a.pt", "x/b.pt"], "x/b.pt", Selection(("x/b.pt",), "x/b.pt")),
    ],
)
def test_select_model_takes_needed_files_only(names, path, expected):
    assert select_model(model(path), names) == expected


@pytest.mark.parametrize(
    ("names", "path", "message"),
    [
        (["README.md", "model.py"], "", r"got none: it contains README\.md, model\.py"),
        ([".gitattributes"], "", "the repository has no files"),
        (["a.pt", "b.pt"], "", r"got 2: add its path, as in hf://org/name/a\.pt"),
        (["a.onnx", "a.onnx.data"], "", "hf download org/name"),
        (["a.pt"], "b.pt", r"Expected the file or folder 'b\.pt' in hf://org/name/b\.pt, got none"),
    ],
)
def test_select_model_without_one_model_is_an_error(names, path, message):
    with pytest.raises(HubError, match=message):
        select_model(model(path), names)


def test_select_data_leaves_out_programs_and_archives():
    names = ["README.md", "load.py", "classes.txt", "test/image/a.png", "test/mask/a.png", "all.zip", ".gitattributes"]
    assert select_data(data(), names) == Selection(("classes.txt", "test/image/a.png", "test/mask/a.png"), "")
    assert select_data(data("test"), names) == Selection(("test/image/a.png", "test/mask/a.png"), "test")


def test_select_data_takes_a_file_by_its_path():
    assert select_data(data("b.mp4"), ["a.mp4", "b.mp4"]) == Selection(("b.mp4",), "b.mp4")


@pytest.mark.parametrize(
    ("names", "step"),
    [(["data/train.parquet"], "open it with the package datasets"), (["notes.txt"], r"it contains notes\.txt")],
)
def test_select_data_without_images_is_an_error(names, step):
    with pytest.raises(HubError, match=f"Expected images, videos or a CSV file in hf://datasets/org/name.*{step}"):
        select_data(data(), names)
