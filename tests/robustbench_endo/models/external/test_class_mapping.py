"""A model's classes as the data set's: merged, reordered, left out."""

from __future__ import annotations

import pytest
import torch

from robustbench_endo.errors import ModelError, UnknownNameError
from robustbench_endo.models.external import bind

NAMES = ("tissue", "instrument", "needle")


@pytest.fixture
def logits(frames):
    return 6 * frames(2, 5, 7).repeat(1, 2, 1, 1)[:, :4] - 3


def test_class_mapping_adds_the_probabilities_of_merged_classes(logits):
    mapping = bind("mine", ("tissue", "instrument", "instrument", "needle"), None, (), NAMES)
    before, mapped = logits.softmax(1), mapping(logits).softmax(1)
    torch.testing.assert_close(mapped[:, 0], before[:, 0])
    torch.testing.assert_close(mapped[:, 1], before[:, 1] + before[:, 2])
    torch.testing.assert_close(mapped[:, 2], before[:, 3])


def test_class_mapping_that_reorders_only_moves_the_logits(logits):
    mapping = bind("mine", ("needle", "tissue", "instrument"), None, (), NAMES)
    assert torch.equal(mapping(logits[:, :3]), logits[:, [1, 2, 0]])


def test_bind_accepts_names_or_indices_and_maps_the_rest(logits):
    by_name = bind("mine", {"grasper": "instrument"}, 0, ("bg", "fat", "grasper", "thread"), NAMES)
    by_index = bind("mine", {"2": "instrument"}, 0, (), NAMES)
    assert torch.equal(by_name(logits), by_index(logits))
    before = logits.softmax(1)
    torch.testing.assert_close(by_name(logits).softmax(1)[:, 0], before[:, 0] + before[:, 1] + before[:, 3])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_class_mapping_never_predicts_a_class_that_is_missing(logits, dtype):
    mapped = bind("mine", ("tissue", "instrument"), None, (), NAMES)(logits[:, :2].to(dtype))
    assert mapped.isfinite().all()
    assert (mapped.softmax(1)[:, 2] == 0).all()


def test_class_mapping_of_logits_without_pixels():
    mapped = bind("mine", ("b", "a", "a"), None, (), ("a", "b"))(torch.tensor([[0.0, 1.0, 1.0]]))
    torch.testing.assert_close(mapped, torch.tensor([[1.0 + torch.tensor(2.0).log(), 0.0]]))


@pytest.mark.parametrize(
    ("entries", "model_names", "error", "text"),
    [
        (("tissue", "instrumnt"), (), UnknownNameError, "did you mean instrument"),
        ({"grasper": "instrument"}, (), ModelError, "index of a class .* got 'grasper'"),
        ({"graspr": "instrument"}, ("bg", "grasper"), UnknownNameError, "did you mean grasper"),
    ],
)
def test_bind_of_names_that_do_not_exist_raises(entries, model_names, error, text):
    with pytest.raises(error, match=text):
        bind("mine", entries, None, model_names, NAMES)


@pytest.mark.parametrize(
    ("entries", "text"),
    [
        (("tissue", "instrument"), "Expected 2 classes from the model 'mine', as in its adapter, got 4"),
        ({"1": "instrument", "7": "needle"}, "Expected at least 8 classes"),
        ({"1": "instrument", "2": "tissue"}, "got none for 0, 3: name them in the adapter or set unmapped"),
    ],
)
def test_class_mapping_of_unknown_model_classes_raises(logits, entries, text):
    with pytest.raises(ModelError, match=text):
        bind("mine", entries, None, (), NAMES)(logits)
