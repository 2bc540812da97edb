"""`robust-endo train`: options, presets, configuration files, bad input."""

from __future__ import annotations

import json
import re

import pytest

from robustbench_endo.cli.resolve_inputs import load_models_and_data
from robustbench_endo.training.config import TrainConfig

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


def assert_error(result, text):
    assert result.exit_code == 2, result.output
    (sentence,) = [line for line in result.stderr.splitlines() if line.startswith("Error: ")]
    assert text in sentence
    assert "Traceback" not in result.output


def test_train_options_replace_preset(train, tmp_path):
    result = train("--preset", "mtlesd", "--batch-size", 4, "--weighting", "stch", "--logger", "none")
    assert result.exit_code == 0, result.output
    settings = card(tmp_path)["settings"]
    assert (settings["learning_rate"], settings["batch_size"], settings["weighting"]) == (1e-4, 4, "stch")
    assert (settings["epochs"], settings["schedule"], settings["class_weights"]) == (1, "constant", "none")
    assert settings["task_weights"] == {"segmentation": 1, "activity": 1}
    assert "Evaluate it with: robust-endo evaluate --model" in result.stdout


def test_train_reports_validation_split(train, tmp_path):
    result = train("--validation", "test", "--patience", 3, "--harden", "augmix")
    assert result.exit_code == 0, result.output
    assert "Validation of the selected epoch (1, by mean_of_tasks) on 8 frames of 2 subjects: miou" in result.stdout
    assert "Note: The selected epoch depends on few frames: 8 frames of 2 subjects" in result.stderr
    assert card(tmp_path)["settings"]["harden"] == "augmix"
    assert (tmp_path / "run" / "tensorboard").is_dir()


def test_train_seeds_writes_a_checkpoint_for_each(train, robust_endo, make_folder, tmp_path):
    options = ("--seeds", 2, "--seed", 3, "--validation", "test", "--logger", "none")
    result = train(*options)
    assert result.exit_code == 0, result.output
    assert "Training 2 of 2, seed 4, in" in result.stdout
    assert re.search(r"Validation miou over 2 seeds: \d+\.\d ± \d+\.\d % \(mean ± SD\)\.", result.stdout)
    for seed in (3, 4):
        folder = tmp_path / "run" / f"seed{seed}"
        assert json.loads((folder / "model.json").read_text("utf-8"))["training"]["settings"]["seed"] == seed
    before = {path: path.read_bytes() for path in (tmp_path / "run").rglob("model.safetensors")}
    assert len(set(before.values())) == 2
    assert train(*options).exit_code == 0
    assert before == {path: path.read_bytes() for path in before}
    single = robust_endo("train", "--config", tmp_path / "run" / "seed4" / "config.toml", "--out", tmp_path / "single")
    assert single.exit_code == 0, single.output
    weights = (tmp_path / "single" / "model.safetensors").read_bytes()
    assert weights == before[tmp_path / "run" / "seed4" / "model.safetensors"]
    models, _ = load_models_and_data([str(tmp_path / "run")], str(tmp_path / "data"), "test", None, None)
    assert [model.training_seed for model in models["run"]] == [3, 4]


def test_train_records_corruptions(train, tmp_path):
    result = train("--harden", "corruptions", "--train-corruption", "blur,smoke", "--logger", "none")
    assert result.exit_code == 0, result.output
    assert card(tmp_path)["trained_on"] == [
        *("defocus_blur", "gaussian_blur", "glass_blur", "motion_blur", "smoke", "zoom_blur"),
    ]


def test_train_hold_out_trains_on_the_others_and_records_both(train, tmp_path):
    result = train("--harden", "corruptions", "--hold-out", "smoke,noise,digital", "--logger", "none")
    assert result.exit_code == 0, result.output
    assert card(tmp_path)["held_out"] == [
        *("gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise", "smoke", "contrast", "elastic_transform"),
        *("gamma_correction", "jpeg_compression", "pixelate", "saturate"),
    ]
    assert card(tmp_path)["trained_on"] == [
        *(
            "bleeding",
            "brightness",
            "defocus_blur",
            "gaussian_blur",
            "glass_blur",
            "motion_blur",
            "spatter",
            "zoom_blur",
        ),
    ]


def test_train_config_file_gives_the_training_of_its_options(train, robust_endo, tmp_path):
    options = ("--task-weight", "activity=0.25", "--validation", "test", "--logger", "none", "--augment", "none")
    printed = train(*options, "--print-config")
    assert printed.exit_code == 0, printed.output
    assert not (tmp_path / "run").exists()
    (tmp_path / "a.toml").write_text(printed.stdout)
    result = robust_endo("train", "--config", tmp_path / "a.toml", "--batch-size", 4)
    assert result.exit_code == 0, result.output
    settings = card(tmp_path)["settings"]
    assert (settings["epochs"], settings["batch_size"], settings["augment"]) == (1, 4, "none")
    assert settings["task_weights"] == {"activity": 0.25}
    stored = robust_endo("train", "--config", tmp_path / "run" / "config.toml", "--print-config")
    assert stored.stdout == (tmp_path / "run" / "config.toml").read_text("utf-8")
    again = robust_endo("train", "--config", tmp_path / "run" / "config.toml", "--seed", 1)
    assert_error(again, "Cannot resume")
    assert "seed changed from 0 to 1" in again.stderr


def test_train_preset_prints_complete_config(robust_endo):
    lines = robust_endo("train", "--preset", "mtlendovis", "--harden", "augmix", "--print-config").stdout.splitlines()
    for line in ("learning_rate = 0.001", 'weighting = "db_mtl"', 'harden = "augmix"', "epochs = 200"):
        assert line in lines


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("[train]\nepoch = 1\n", "got 'epoch': did you mean epochs"),
        ('[train]\nepochs = "many"\n', "epochs in"),
        ("[train]\nepochs = 0\n", "Expected epochs >= 1, got 0"),
        ("[train.task_weights]\nactivit = 1\n", "got 'activit': did you mean activity"),
        ("[evaluate]\nseed = 1\n", "Expected a table [train]"),
    ],
)
def test_train_rejects_config_file(robust_endo, tmp_path, content, text):
    (tmp_path / "a.toml").write_text(content)
    assert_error(robust_endo("train", "--config", tmp_path / "a.toml"), text)


def test_train_rejects_preset_with_config_file(robust_endo, tmp_path):
    (tmp_path / "a.toml").write_text("[train]\n")
    result = robust_endo("train", "--config", tmp_path / "a.toml", "--preset", "mtlesd")
    assert_error(result, "either --preset or --config")


HARDEN = ("--harden", "corruptions")
OPTIONS = [
    (["--preset", "mtlesdd"], "did you mean mtlesd"),
    (["--augment", "surgicl"], "did you mean surgical"),
    (["--weighting", "dbmtl"], "did you mean db_mtl"),
    (["--validation", "1.5"], "a validation fraction between 0 and 1 or the name of a split, got 1.5"),
    (["--validation", "0.5", "--subject-regex", "(.)"], "at least two subjects"),
    (["--validation", "val"], "'val'"),
    (["--patience", "2"], "validation frames for a patience of 2 epochs"),
    (["--precision", "fp16"], "got 'fp16'"),
    (["--precision", "16-mixed"], "a GPU for the precision 16-mixed"),
    (["--train-corruption", "smoke"], "only with harden='corruptions', got None"),
    ([*HARDEN, "--train-corruption", "smok"], "smoke"),
    ([*HARDEN, "--corruption-prob", "2"], "Expected corruption_prob from 0 to 1, got 2"),
    ([*HARDEN, "--hold-out", "smok"], "smoke"),
    ([*HARDEN, "--hold-out", "all"], "a corruption to train on, got all of them held out"),
    (
        [*HARDEN, "--train-corruption", "smoke,blur", "--hold-out", "occlusion"],
        "Expected to hold out corruptions that are not trained on, got smoke in both",
    ),
    (["--harden", "augmixx"], "did you mean augmix"),
    (["--lr", "-1"], "learning_rate > 0"),
    (
        [*HARDEN, "--corruption-prob", "0", "--train-corruption", "smoke"],
        "corruption_prob above 0 to train on smoke, got 0",
    ),
    (["--select-by", "iou"], "did you mean miou"),
    (["--select-by", "dice"], "choose from mean_of_tasks, miou, accuracy"),
    (["--select-by", "miou"], "validation frames to select the epoch by miou, got none"),
    (["--seeds", "0"], "seeds >= 1, got 0"),
    (["--epochs", "0"], "epochs >= 1, got 0"),
    (["--grad-accum", "9"], "grad_accum <= batch_size (8)"),
    (["--logger", "tensorbord"], "did you mean tensorboard"),
    (["--task-weight", "activity"], "TASK=NUMBER"),
    (["--task-weight", "activty=1"], "did you mean activity"),
    (["--task-weight", "activity=-1"], "a finite task weight >= 0"),
]


@pytest.mark.parametrize(("options", "text"), OPTIONS, ids=[" ".join(options) for options, _ in OPTIONS])
def test_train_rejects_option(train, options, text):
    assert_error(train("--device", "cpu", *options), text)


def test_train_defaults_are_those_of_the_config(robust_endo):
    printed = robust_endo("train", "--print-config").stdout
    assert f"epochs = {TrainConfig().epochs}\n" in printed
