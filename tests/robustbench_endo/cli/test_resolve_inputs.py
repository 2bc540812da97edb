"""Models and data of a command, checked against each other."""

import pytest

from robustbench_endo.cli.resolve_inputs import load_data, load_models_and_data, names_of, training_split
from robustbench_endo.errors import ModelError
from robustbench_endo.models import load_model
from robustbench_endo.models.checkpoint import card_of, save_checkpoint


def test_names_of_specs_are_the_spec_or_the_given_name(tmp_path):
    (tmp_path / "checkpoint").mkdir()
    named = names_of(["tiny-resnet/mmoe", "mine=smp:unet/resnet18", str(tmp_path / "checkpoint")])
    assert list(named) == ["tiny-resnet/mmoe", "mine", "checkpoint"]
    assert named["mine"] == "smp:unet/resnet18"


def test_names_of_models_of_a_run_may_contain_slashes():
    assert names_of(["tiny-resnet/mmoe=runs/a/b"], ["tiny-resnet/mmoe"]) == {"tiny-resnet/mmoe": "runs/a/b"}
    assert list(names_of(["tiny-resnet/mmoe=runs/a/b"])) == ["tiny-resnet/mmoe=runs/a/b"]


def test_names_of_two_models_with_one_name_raise():
    with pytest.raises(ModelError, match="Expected a different name for each model, got 'a' twice"):
        names_of(["a=x", "a=y"])


@pytest.fixture
def seeds(tmp_path):
    """Checkpoint folders of the seeds 0 and 1 of a method, and a file next to them."""
    (tmp_path / "ours").mkdir()
    (tmp_path / "ours" / "notes.txt").write_text("no checkpoint")
    for seed in (0, 1):
        model = load_model("tiny-resnet/mmoe", weights="pretrained")
        card = card_of(model, {"settings": {"seed": seed}})
        save_checkpoint(tmp_path / "ours" / f"seed{seed}", model.state_dict(), card)
    return tmp_path / "ours"


def test_names_of_a_pattern_or_folder_are_the_checkpoints_of_a_method(seeds):
    checkpoints = (str(seeds / "seed0"), str(seeds / "seed1"))
    assert names_of([f"mine={seeds}/*"]) == {"mine": checkpoints}
    assert names_of([f"{seeds}/*", f"mine={seeds}"]) == {"ours": checkpoints, "mine": checkpoints}
    assert names_of([str(seeds / "seed1")]) == {"seed1": str(seeds / "seed1")}


def test_names_of_a_pattern_without_checkpoints_raises(tmp_path):
    with pytest.raises(ModelError, match=r"Expected checkpoint folders that match .*\*, got none: give a pattern"):
        names_of([f"ours={tmp_path}/*"])


def test_load_models_and_data_loads_the_seeds_of_a_method(seeds):
    models, _ = load_models_and_data([f"ours={seeds}/*"], "synthetic", None, None, None)
    assert [model.training_seed for model in models["ours"]] == [0, 1]


def test_load_data_takes_the_classes_of_a_model_for_a_folder_without_names(make_folder):
    root = make_folder(frames=1)
    classes = ("background", "shaft", "tip")
    assert load_data(str(root), None, None, None, classes).classes == classes
    assert load_data(str(root), None, ("a", "b", "c"), None, classes).classes == ("a", "b", "c")
    (root / "classes.txt").write_text("x\ny\nz\n")
    assert load_data(str(root), None, None, None, classes).classes == ("x", "y", "z")


def test_training_split_is_train_where_the_data_are_divided(make_folder):
    assert training_split(str(make_folder(splits=("train", "test"))), None) == "train"
    assert training_split("synthetic", "test") == "test"


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("tiny-resnet/hps", "Expected trained weights for the model 'tiny-resnet/hps', got none shipped"),
        ("smp:unet/resnet18", "name a file as the option weights=FILE"),
    ],
)
def test_load_models_and_data_without_trained_weights_raises(spec, text, make_folder):
    with pytest.raises(ModelError, match=text):
        load_models_and_data([spec], str(make_folder(frames=1)), None, None, None)


def test_load_models_and_data_names_the_model_that_does_not_fit(make_folder, model_file):
    lines = [
        "class Empty(nn.Module):",
        "    def forward(self, images):",
        "        return {}",
        "def empty():",
        "    return Empty()",
    ]
    model_file.write_text("\n".join([model_file.read_text(), *lines]))
    with pytest.raises(ModelError, match="^Model bad: "):
        load_models_and_data([f"bad={model_file}:empty"], str(make_folder(frames=1)), None, None, None)
