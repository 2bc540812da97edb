"""Models by name, with the weights that the name stands for."""

import pytest

from robustbench_endo.errors import ModelError, RobustEndoError
from robustbench_endo.models.by_name import is_trained, load_by_name
from robustbench_endo.models.checkpoint import shipped_checkpoint


def test_load_by_name_takes_shipped_weights_and_checkpoint_folders():
    shipped = load_by_name("tiny-resnet/mmoe", {"segmentation": ("ignored", "here")})
    assert shipped.num_classes == 7
    folder = str(shipped_checkpoint("tiny-resnet/mmoe"))
    assert is_trained(folder)
    assert load_by_name(folder, {}).weights_sha256 == shipped.weights_sha256


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ("resnet101/mmoe", "trained weights for the model 'resnet101/mmoe', got none shipped"),
        ("smp:Unet/resnet18", "name a file as the option weights=FILE"),
        ("tiny-resnet/mmo", "did you mean tiny-resnet/mmoe"),
    ],
)
def test_load_by_name_refuses_models_without_trained_weights(spec, text):
    with pytest.raises(RobustEndoError, match=text):
        load_by_name(spec, {"segmentation": ("a", "b")})


def test_a_zoo_model_without_weights_is_a_model_error():
    with pytest.raises(ModelError):
        load_by_name("tiny-resnet/tesla", {})
