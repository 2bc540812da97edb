"""`robust-endo push-to-hub`."""

import pytest
from fake_hub import TOKEN, running_hub

from robustbench_endo.models.checkpoint import shipped_checkpoint

CHECKPOINT = shipped_checkpoint("tiny-resnet/mmoe")


def test_push_to_hub_dry_run_prints_card_and_files(robust_endo, tmp_path, monkeypatch):
    with running_hub(tmp_path, monkeypatch) as hub:
        done = robust_endo("push-to-hub", CHECKPOINT, "org/mine", "--revision", "v1", "--dry-run")
        assert hub.requests == []
    assert done.exit_code == 0, done.output
    assert "# tiny-resnet/mmoe" in done.stdout
    assert "Would upload to hf://org/mine@v1:\n  README.md  " in done.stdout
    assert "model.safetensors  822.4 kB" in done.stdout


def test_push_to_hub_prints_the_commit(robust_endo, tmp_path, monkeypatch):
    with running_hub(tmp_path, monkeypatch) as hub:
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        done = robust_endo("push-to-hub", CHECKPOINT, "org/mine", "--private", "--path", "a")
        repository = hub.repositories["models/org/mine"]
    assert done.exit_code == 0, done.output
    assert f"Uploaded: http://127.0.0.1:{hub.port}/org/mine/commit/{repository.branches['main']}" in done.stdout
    assert {"a/README.md", "a/model.json", "a/model.safetensors"} <= set(
        repository.commits[repository.branches["main"]]
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((CHECKPOINT, "mine"), "Expected the repository as ORG/NAME, got 'mine'"),
        (("nothing", "org/mine"), "Expected a checkpoint folder (with model.json) or a finished run (with run.json)"),
    ],
)
def test_push_to_hub_of_wrong_arguments_is_one_sentence(robust_endo, arguments, message):
    done = robust_endo("push-to-hub", *arguments, "--dry-run")
    assert done.exit_code == 2
    assert done.stderr.startswith(f"Error: {message}")
    assert len(done.stderr.splitlines()) == 1
