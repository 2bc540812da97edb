from __future__ import annotations

import json

import pytest
import torch

from robustbench_endo.errors import ModelError, RunError, TrainingError
from robustbench_endo.models import load_model
from robustbench_endo.training import Progress, TrainConfig, train


class KilledError(Exception):
    pass


def fit(model, data, validation=None, *, out, init_weights=None, progress=None, **settings):
    return train(
        model, data, validation, TrainConfig(**settings), out=out, init_weights=init_weights, progress=progress
    )


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_learns_the_squares_and_writes_what_load_model_reads(tmp_path, squares, spec):
    out = fit(
        spec, squares(16), squares(8), out=tmp_path / "run", epochs=12, batch_size=4, learning_rate=1e-2, augment="none"
    )
    card = json.loads((out / "model.json").read_text())
    assert card["training"]["miou"] > 0.7
    assert card["classes"] == ["background", "square"]
    model = load_model(str(out), num_classes=2, num_activities=2)
    assert (model.spec, model.classes, model.activities) == (spec, ("background", "square"), ("red", "green"))


def test_progress_is_told_after_every_step(tmp_path, squares, spec):
    told: list[Progress] = []
    fit(spec, squares(5), squares(2), out=tmp_path, epochs=2, batch_size=2, augment="none", progress=told.append)
    assert [(p.epoch, p.batch, p.batches) for p in told] == [(e, b, 3) for e in range(2) for b in (1, 2, 3)]
    assert [p.scores is not None for p in told] == [False, False, True] * 2


@pytest.mark.parametrize("augment", ["none", "surgical"])
def test_killed_and_resumed_is_the_same_as_uninterrupted(tmp_path, squares, spec, weights, augment):
    if augment != "none":
        pytest.importorskip("albumentations")
    arguments = {"epochs": 3, "batch_size": 4, "augment": augment, "seed": 3}

    def kill(step: Progress) -> None:
        if (step.epoch, step.batch) == (1, 2):
            raise KilledError

    straight = fit(spec, squares(), out=tmp_path / "straight", **arguments)
    with pytest.raises(KilledError):
        fit(spec, squares(), out=tmp_path / "killed", progress=kill, **arguments)
    epochs: list[int] = []
    resumed = fit(spec, squares(), out=tmp_path / "killed", progress=lambda p: epochs.append(p.epoch), **arguments)
    assert set(epochs) == {1, 2}
    assert same(weights(straight), weights(resumed))


def test_another_seed_gives_other_weights(tmp_path, squares, spec, weights):
    arguments = {"epochs": 1, "batch_size": 4, "augment": "none"}
    first = fit(spec, squares(), out=tmp_path / "a", seed=0, **arguments)
    second = fit(spec, squares(), out=tmp_path / "b", seed=1, **arguments)
    assert not same(weights(first), weights(second))


def test_the_callers_random_numbers_are_left_alone(tmp_path, squares, spec):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(spec, squares(4), out=tmp_path, epochs=1, augment="none")
    assert torch.equal(torch.rand(3), expected)


def test_other_settings_do_not_resume(tmp_path, squares, spec):
    fit(spec, squares(4), out=tmp_path, epochs=1, augment="none")
    with pytest.raises(RunError, match=r"resume as it began, got batch_size was 8, is 2: undo that or change --out"):
        fit(spec, squares(4), out=tmp_path, epochs=1, batch_size=2, augment="none")


def test_a_damaged_state_says_so(tmp_path, squares, spec):
    (tmp_path / "state.pt").write_bytes(b"half a file")
    with pytest.raises(RunError, match=r"training state in .*state.pt, got it damaged"):
        fit(spec, squares(4), out=tmp_path, epochs=1, augment="none")


def test_a_loss_that_is_not_finite_stops_and_keeps_the_last_good_epoch(tmp_path, squares, spec, weights):
    model = load_model(spec, 2, 2)

    def poison(step: Progress) -> None:
        if (step.epoch, step.batch) == (1, 1):
            torch.nn.init.constant_(model.heads["segmentation"].classifier.bias, float("nan"))

    with pytest.raises(TrainingError, match=r"finite loss, got segmentation nan in epoch 1, batch 1 \(frames"):
        fit(model, squares(8), out=tmp_path, epochs=3, batch_size=4, augment="none", progress=poison)
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path).values())
    assert json.loads((tmp_path / "model.json").read_text())["training"]["epoch"] == 0


@pytest.mark.parametrize(("masks", "labelled"), [(True, False), (False, True)])
def test_frames_without_a_mask_or_without_an_activity(tmp_path, squares, spec, masks, labelled):
    out = fit(spec, squares(6, masks, labelled), out=tmp_path, epochs=1, augment="none")
    assert load_model(str(out)).num_classes == 2


def test_nothing_to_learn_is_refused(tmp_path, squares, spec):
    with pytest.raises(TrainingError, match="Expected masks or activities in squares, got neither"):
        fit(spec, squares(4, False, False), out=tmp_path, augment="none")
    with pytest.raises(TrainingError, match="at least one frame to train on, got none in squares"):
        fit(spec, squares(0), out=tmp_path, augment="none")


def test_labels_beyond_the_classes_name_the_frame(tmp_path, squares, spec):
    data = squares(4)
    data.classes = ("background",)
    with pytest.raises(TrainingError, match=r"mask labels below 1, got 1 in 00.png"):
        fit(spec, data, out=tmp_path, augment="none")


def test_a_model_for_other_labels_is_refused(tmp_path, squares, spec):
    with pytest.raises(
        TrainingError, match=r"for the 2 classes of squares, got one for 5: build it with num_classes=2"
    ):
        fit(load_model(spec, 5, 2), squares(4), out=tmp_path, augment="none")


@pytest.mark.parametrize(("name", "value"), [("epochs", 0), ("batch_size", 0), ("learning_rate", -1.0)])
def test_settings_out_of_range(tmp_path, squares, spec, name, value):
    with pytest.raises(TrainingError, match=f"Expected {name} >"):
        fit(spec, squares(4), out=tmp_path, augment="none", **{name: value})


def test_a_folder_that_cannot_be_written(tmp_path, squares, spec):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="Expected a folder that can be written"):
        fit(spec, squares(4), out=tmp_path / "file" / "run", augment="none")


def test_starts_from_a_checkpoint_with_other_labels(tmp_path, squares, spec, weights):
    first = fit(spec, squares(4), out=tmp_path / "first", epochs=1, augment="none")
    other = squares(4)
    other.classes = ("background", "square", "circle")
    second = fit(
        spec, other, out=tmp_path / "second", epochs=1, augment="none", init_weights=first, learning_rate=1e-12
    )
    training = json.loads((second / "model.json").read_text())["training"]
    assert training["new_layers"] == ["heads.segmentation.classifier"]
    name = "trunk.experts.0.body.network.conv1.0.weight"
    torch.testing.assert_close(weights(first)[name], weights(second)[name])


def test_an_initial_checkpoint_of_another_kind_is_refused(tmp_path, squares, spec):
    from safetensors.torch import save_file

    save_file({"something": torch.ones(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="got no tensor in common"):
        fit(spec, squares(4), out=tmp_path, augment="none", init_weights=tmp_path / "other.safetensors")


def test_a_users_own_network_trains_too(tmp_path, squares):
    (tmp_path / "mine.py").write_text(
        "import torch\ndef make(num_classes):\n    return torch.nn.Conv2d(3, num_classes, 3, padding=1)\n"
    )
    out = fit(f"{tmp_path}/mine.py:make", squares(4), out=tmp_path / "run", epochs=1, augment="none")
    assert load_model(str(out)).classes == ("background", "square")
