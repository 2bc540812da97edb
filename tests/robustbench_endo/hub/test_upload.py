"""Checkpoints and runs uploaded to a hub on this machine."""

import shutil
from pathlib import Path

import pytest
import yaml
from fake_hub import TOKEN, FakeHub

from robustbench_endo.errors import HubError, RunError
from robustbench_endo.hub import upload as module
from robustbench_endo.hub.upload import MARK, Upload, prepare_upload, push_to_hub
from robustbench_endo.models import load_model
from robustbench_endo.models.checkpoint import shipped_checkpoint
from robustbench_endo.results import Results, load_results

CHECKPOINT = shipped_checkpoint("tiny-resnet/mmoe")


@pytest.fixture
def token(hub: FakeHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", TOKEN)


def metadata(upload: Upload, name: str = "README.md") -> dict:
    return yaml.safe_load(upload.files[name].decode().split("---\n")[1])


def test_uploaded_checkpoint_is_loaded_from_the_hub(hub: FakeHub, token):
    upload = prepare_upload(CHECKPOINT, "org/mine", "models/a")
    address = push_to_hub(upload, "org/mine", private=True, revision="v1")
    repository = hub.repositories["models/org/mine"]
    assert repository.private
    assert address.endswith(f"/org/mine/commit/{repository.branches['v1']}")
    assert repository.branches["v1"] != repository.branches["main"]
    model = load_model("hf://org/mine@v1/models/a")
    assert model.weights_sha256 == load_model("tiny-resnet/mmoe", weights="pretrained").weights_sha256


def test_prepare_upload_of_a_checkpoint_states_no_licence():
    upload = prepare_upload(CHECKPOINT, "org/mine", "a")
    assert set(upload.sizes()) == {"a/README.md", "a/model.json", "a/model.safetensors"}
    text = upload.files["a/README.md"].decode()
    assert '`robustbench_endo.load_model("hf://org/mine/a")`' in text
    assert "licence" not in text
    assert metadata(upload, "a/README.md")["library_name"] == "robustbench_endo"


def test_prepare_upload_of_a_run_has_scores_for_the_hub(run):
    upload = prepare_upload(run, "org/mine")
    assert set(upload.files) == {"README.md", "run.json", "summary.csv", "report.html"}
    (entry,) = metadata(upload)["model-index"]
    values = {
        (result["dataset"]["config"], metric["type"]): metric["value"]
        for result in entry["results"]
        for metric in result["metrics"]
    }
    table = load_results(run).table(("miou",))
    assert values["clean", "miou"] == pytest.approx(table.loc[("clean", "clean")].item(), abs=0.005)
    assert values["mean over corruptions", "miou"] == pytest.approx(table.loc[("mean", "all")].item(), abs=0.005)


def test_prepare_upload_has_no_scores_of_a_task_without_labels(run, monkeypatch):
    unlabelled = load_results(run).table()
    unlabelled["accuracy"] = float("nan")
    monkeypatch.setattr(Results, "table", lambda *others: unlabelled)
    monkeypatch.setattr(module, "run_card", lambda results: "")
    (entry,) = metadata(prepare_upload(run, "org/mine"))["model-index"]
    assert {metric["type"] for result in entry["results"] for metric in result["metrics"]} == {"miou"}


def test_prepare_upload_omits_frames_of_patients(run, monkeypatch):
    def load(folder: Path):
        results = load_results(folder)
        results.info["data"]["name"] = "patients"
        return results

    monkeypatch.setattr(module, "load_results", load)
    upload = prepare_upload(run, "org/mine")
    assert "report.html" not in upload.files
    assert upload.omitted == ("report.html",)
    assert "report.html" in prepare_upload(run, "org/mine", with_frames=True).files


def test_prepare_upload_leaves_out_excluded_names(run):
    assert set(prepare_upload(run, "org/mine", exclude=("report.*", "run.json")).files) == {"README.md", "summary.csv"}


def test_prepare_upload_of_a_changed_run_is_an_error(run, tmp_path):
    folder = shutil.copytree(run, tmp_path / "run")
    (folder / "summary.csv").write_text("model,miou\nmine,100\n")
    with pytest.raises(RunError, match=r"summary\.csv"):
        prepare_upload(folder, "org/mine")


@pytest.mark.parametrize("repository", ["mine", "hf://org/mine", "org/mine@v1", "a/b/c", ""])
def test_prepare_upload_to_another_name_is_an_error(repository):
    with pytest.raises(HubError, match="Expected the repository as ORG/NAME"):
        prepare_upload(CHECKPOINT, repository)


def test_prepare_upload_of_another_folder_is_an_error(tmp_path):
    with pytest.raises(HubError, match=r"Expected a checkpoint folder .* or a finished run"):
        prepare_upload(tmp_path, "org/mine")


def test_push_to_hub_replaces_cards_of_this_package_only(hub: FakeHub, token):
    upload = prepare_upload(CHECKPOINT, "org/mine")
    repository, _ = hub.add("models/org/mine", {"README.md": f"---\n{MARK}\n---\nold".encode()})
    push_to_hub(upload, "org/mine")
    assert b"old" not in repository.commits[repository.branches["main"]]["README.md"]
    repository.commit({"README.md": b"of another author"})
    with pytest.raises(HubError, match=r"Expected no README\.md of another author in org/mine, got one.*--path"):
        push_to_hub(upload, "org/mine")
    push_to_hub(prepare_upload(CHECKPOINT, "org/mine", "robustness"), "org/mine")
    files = repository.commits[repository.branches["main"]]
    assert files["README.md"] == b"of another author"
    assert "robustness/model.safetensors" in files


@pytest.mark.parametrize(
    ("text", "message"),
    [(None, "there is no token of the hub. To get one, run `hf auth login`"), ("hf_x", r"refused access \(HTTP 403\)")],
)
def test_push_to_hub_without_permission_is_an_error(hub: FakeHub, monkeypatch, text, message):
    if text:
        monkeypatch.setenv("HF_TOKEN", text)
    with pytest.raises(HubError, match=f"Cannot upload to org/mine: .*{message}"):
        push_to_hub(prepare_upload(CHECKPOINT, "org/mine"), "org/mine")


def test_push_to_hub_offline_is_an_error(hub: FakeHub, token, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(HubError, match="Cannot upload to org/mine: HF_HUB_OFFLINE is set"):
        push_to_hub(prepare_upload(CHECKPOINT, "org/mine"), "org/mine")
    assert hub.requests == []
