"""``robust-endo train`` from its options to its checkpoint."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("albumentations")

TINY = "tiny-resnet/mmoe@width=12,head_channels=8,input_size=32x48"


@pytest.fixture
def train(robust_endo, make_folder, tmp_path):
    root = make_folder(frames=4, splits=("train", "test"))

    def call(*options):
        return robust_endo("train", "--model", TINY, "--data", root, "--out", tmp_path / "run", "--epochs", 1, *options)

    return call


def card(tmp_path):
    return json.loads((tmp_path / "run" / "model.json").read_text("utf-8"))["training"]


def test_a_preset_gives_the_papers_settings_and_options_replace_them(train, tmp_path):
    result = train("--preset", "mtlesd", "--batch-size", 4, "--weighting", "stch", "--logger", "none")
    assert result.exit_code == 0, result.output
    settings = card(tmp_path)["settings"]
    assert (settings["learning_rate"], settings["batch_size"], settings["weighting"]) == (1e-4, 4, "stch")
    assert (settings["epochs"], settings["schedule"], settings["class_weights"]) == (1, "constant", "none")
    assert "Evaluate it with: robust-endo evaluate --model" in result.stdout


def test_a_validation_split_chooses_and_is_reported(train, tmp_path):
    result = train("--validation", "test", "--patience", 3, "--augmix")
    assert result.exit_code == 0, result.output
    assert "Validation of the epoch that was kept (1): miou" in result.stdout
    assert card(tmp_path)["settings"]["augmix"] is True
    assert (tmp_path / "run" / "tensorboard").is_dir()


def test_corruptions_that_were_trained_on_are_recorded(train, tmp_path):
    result = train("--train-corruption", "blur,smoke", "--logger", "none")
    assert result.exit_code == 0, result.output
    assert card(tmp_path)["trained_on"] == [
        *("defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "smoke", "zoom_blur"),
    ]


MISTAKES = [
    (["--preset", "mtlesdd"], "did you mean mtlesd"),
    (["--augment", "surgicl"], "did you mean surgical"),
    (["--weighting", "dbmtl"], "did you mean db_mtl"),
    (["--validation", "1.5"], "a validation share between 0 and 1 or the name of a split, got 1.5"),
    (["--validation", "0.5", "--subject-regex", "(.)"], "at least two subjects"),
    (["--validation", "val"], "'val'"),
    (["--patience", "2"], "validation frames for a patience of 2 epochs"),
    (["--precision", "fp16"], "got 'fp16'"),
    (["--precision", "16-mixed"], "a GPU for the precision 16-mixed"),
    (["--train-corruption", "smok"], "smoke"),
    (["--corruption-prob", "2", "--train-corruption", "smoke"], "a probability"),
    (["--lr", "-1"], "learning_rate > 0"),
    (["--grad-accum", "9"], "grad_accum <= batch_size (8)"),
    (["--logger", "tensorbord"], "did you mean tensorboard"),
]


@pytest.mark.parametrize(("options", "text"), MISTAKES, ids=lambda value: " ".join(value) if len(value) > 1 else "")
def test_a_mistake_is_one_sentence(train, options, text):
    result = train("--device", "cpu", *options)
    assert result.exit_code == 2, result.output
    (sentence,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert text in sentence
    assert "Traceback" not in result.output
