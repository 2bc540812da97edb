"""Models and data from a hub on this machine."""

import json
import logging
import warnings

import pytest
import torch
from fake_hub import TOKEN, FakeHub, files_of

import robustbench_endo as rb
from robustbench_endo.cli.resolve_inputs import load_models_and_data
from robustbench_endo.data import load_dataset
from robustbench_endo.data.registry import is_divided
from robustbench_endo.errors import HubError, ModelError
from robustbench_endo.hub import download
from robustbench_endo.hub.download import fetch_data, fetch_model
from robustbench_endo.models import load_model
from robustbench_endo.models.checkpoint import shipped_checkpoint

CHECKPOINT = files_of(shipped_checkpoint("tiny-resnet/mmoe"))
CONFIG = {"config.json": b'{"architecture": "resnet18"}', "model.safetensors": b""}
TINY = {"model.json": b"{}", "model.safetensors": b"1"}


def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    download._SNAPSHOTS.clear()


def test_load_model_of_the_hub_is_that_of_the_folder(hub: FakeHub, caplog):
    _, commit = hub.add("models/org/mmoe", {**CHECKPOINT, "train.py": b"raise SystemExit"})
    with caplog.at_level(logging.INFO, "robustbench_endo"):
        model = load_model("hf://org/mmoe")
    assert model.hub_source == f"hf://org/mmoe@{commit}"
    assert caplog.messages == [f"hf://org/mmoe is commit {commit}"]
    assert hub.downloaded == ["model.json", "model.safetensors"]
    local = load_model("tiny-resnet/mmoe", weights="pretrained")
    assert model.weights_sha256 == local.weights_sha256
    assert model.activities == local.activities
    image = torch.rand(1, 3, 32, 40)
    assert torch.equal(model(image)["segmentation"], local(image)["segmentation"])


def test_fetch_model_opens_the_commit_of_the_revision(hub: FakeHub):
    repository, first = hub.add("models/org/m", TINY)
    second = repository.commit({"model.safetensors": b"2"})
    repository.branches["v1"] = first
    content = {
        spec: (fetch_model(spec).path / "model.safetensors").read_bytes()
        for spec in ("hf://org/m", "hf://org/m@v1", f"hf://org/m@{first}", f"hf://org/m@{second}")
    }
    assert list(content.values()) == [b"2", b"1", b"1", b"2"]


def test_fetch_model_of_a_commit_asks_the_hub_once(hub: FakeHub):
    hub.add("models/org/m", TINY)
    source = fetch_model("hf://org/m").source
    count = len(hub.requests)
    assert fetch_model(source).source == source
    assert len(hub.requests) == count


def test_fetch_offline_reads_the_cache_without_a_request(hub: FakeHub, monkeypatch, caplog):
    hub.add("models/org/m", TINY)
    hub.add("datasets/org/d", {"image/a.png": b"a", "mask/a.png": b"b"})
    online = [fetch_model("hf://org/m"), fetch_data("hf://datasets/org/d")]
    count = len(hub.requests)
    offline(monkeypatch)
    with caplog.at_level(logging.INFO, "robustbench_endo"):
        assert [fetch_model("hf://org/m"), fetch_data("hf://datasets/org/d")] == online
    assert len(hub.requests) == count
    assert all(message.endswith("(cached)") for message in caplog.messages)


@pytest.mark.parametrize("text", ["hf://org/m", "hf://org/m@v2", "hf://org/partly"])
def test_fetch_offline_of_what_is_not_cached_is_an_error(hub: FakeHub, monkeypatch, text):
    hub.add("models/org/partly", {**TINY, "a.pt": b"1"})
    fetch_model("hf://org/partly/a.pt")
    offline(monkeypatch)
    with pytest.raises(HubError, match=f"Cannot read {text}: HF_HUB_OFFLINE is set, and the cache does not have it"):
        fetch_model(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hf://org/none", "there is no such repository, or it is private.*hf auth login"),
        ("hf://org/private", "there is no such repository, or it is private.*HF_TOKEN"),
        ("hf://org/gated", "its owner restricts access. Request access on its page"),
        ("hf://org/m@v9", "it has no revision 'v9'. Give one of its branches, tags or commits"),
        ("hf://org/-m-", "Write it as ORG/NAME"),
        ("hf://org/other", "got a config.json of another library"),
        ("hf://org/empty", r"Expected model\.json and model\.safetensors, .* got none"),
    ],
)
def test_fetch_model_that_cannot_be_read_names_the_cause(hub: FakeHub, text, message):
    hub.add("models/org/m", TINY)
    hub.add("models/org/private", TINY, access="private")
    hub.add("models/org/gated", TINY, access="gated")
    hub.add("models/org/other", CONFIG)
    hub.add("models/org/empty", {"README.md": b""})
    with pytest.raises(HubError, match=message):
        fetch_model(text)


def test_fetch_model_that_is_private_is_read_with_a_token(hub: FakeHub, monkeypatch):
    hub.add("models/org/private", TINY, access="private")
    monkeypatch.setenv("HF_TOKEN", TOKEN)
    assert fetch_model("hf://org/private").path.is_dir()


def test_fetch_model_without_a_network_names_the_cache(hub: FakeHub, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(HubError, match="the hub cannot be reached.*HF_HUB_OFFLINE=1"):
        fetch_model("hf://org/m")


class Brightness(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images


class Reader(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return images + torch.from_file("/etc/hostname", False, 4, dtype=torch.uint8).sum()


def test_model_file_of_the_hub_is_vetted(hub: FakeHub, tmp_path):
    (tmp_path / "files").mkdir()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the format is deprecated
        torch.jit.script(Brightness()).save(tmp_path / "files" / "net.pt")
        torch.jit.script(Reader()).save(tmp_path / "files" / "trap.pt")
    hub.add("models/org/files", files_of(tmp_path / "files"))
    assert load_model("hf://org/files/net.pt").hub_source.endswith("/net.pt")
    with pytest.raises(ModelError, match=r"the operator torch\.from_file"):
        load_model("hf://org/files/trap.pt")
    assert load_model("hf://org/files/trap.pt", trust_model_file=True).trust_model_file


def test_load_dataset_of_the_hub_is_that_of_the_folder(hub: FakeHub, make_folder):
    folder = make_folder(splits=("train", "test"))
    _, commit = hub.add(
        "datasets/org/frames", {**files_of(folder), "README.md": b"text", "load.py": b"raise SystemExit"}
    )
    text = "hf://datasets/org/frames"
    assert is_divided(text)
    data, local = load_dataset(text, split="test"), load_dataset(folder, split="test")
    assert data.ids == local.ids
    assert all(torch.equal(data[i].image, local[i].image) for i in range(len(local)))
    assert data.hub_source == f"{text}@{commit}"
    assert "load.py" not in hub.downloaded
    below = load_dataset(f"folder:{text}@main/test")
    assert len(below) == len(local)


def test_run_records_the_commits_of_model_and_data(hub: FakeHub, make_folder, tmp_path):
    folder = make_folder(frames=1, activities=("1", "2", "3"))
    classes = b"background\nshaft\nwrist\ngrasper\nscissors\nsuction\nduct\n"
    repository, commit = hub.add("models/org/mmoe", CHECKPOINT)
    _, data_commit = hub.add("datasets/org/frames", {**files_of(folder), "classes.txt": classes})
    models, data = load_models_and_data(["hf://org/mmoe"], "hf://datasets/org/frames", None, None, None)
    assert list(models) == ["org/mmoe"]
    repository.commit({"README.md": b"later"})
    assert sum("/api/datasets/org/frames" in line and "/tree/" not in line for line in hub.requests) == 2
    rb.evaluate(models, data, corruptions="clean", out=tmp_path / "run")
    info = json.loads((tmp_path / "run" / "run.json").read_text("utf-8"))
    assert info["models"][0]["source"] == f"hf://org/mmoe@{commit}"
    assert info["data"]["source"] == f"hf://datasets/org/frames@{data_commit}"
