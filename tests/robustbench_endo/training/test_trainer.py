"""Trainings of tiny networks: what they learn, write, resume and reject."""

from __future__ import annotations

import csv
import dataclasses
import json

import pytest
import torch

from robustbench_endo.errors import ModelError, RunError, TrainingError, UnknownNameError
from robustbench_endo.models import load_model
from robustbench_endo.models.network import Network
from robustbench_endo.models.zoo import build
from robustbench_endo.tasks import registry
from robustbench_endo.tasks.classification.task import Classification
from robustbench_endo.training import Hardware, Progress, TrainConfig, data, train, train_step, trainer

QUICK = {"epochs": 2, "batch_size": 4, "augment": "none"}


class InterruptedTrainingError(Exception):
    pass


def fit(model, data, validation=None, *, out, init_weights=None, progress=None, **settings):
    return train(
        model, data, validation, TrainConfig(**settings), out=out, init_weights=init_weights, progress=progress
    )


def card(folder):
    return json.loads((folder / "model.json").read_text())["training"]


def same(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def close(first, second, tolerance):
    return max(float((first[name].float() - second[name].float()).abs().max()) for name in first) < tolerance


@pytest.mark.slow
def test_train_learns_squares_and_writes_a_checkpoint(tmp_path, squares, spec):
    out = fit(
        spec, squares(16), squares(8), out=tmp_path / "run", epochs=12, batch_size=4, learning_rate=1e-2, augment="none"
    )
    card = json.loads((out / "model.json").read_text())
    assert card["training"]["miou"] > 0.7
    assert card["classes"] == ["background", "square"]
    model = load_model(str(out), num_classes=2, num_activities=2)
    assert (model.spec, model.classes, model.activities) == (spec, ("background", "square"), ("red", "green"))


def test_train_reports_progress_after_every_step(tmp_path, squares, spec):
    reports: list[Progress] = []
    fit(spec, squares(5), squares(2), out=tmp_path, epochs=2, batch_size=2, augment="none", progress=reports.append)
    assert [(p.epoch, p.batch, p.batches) for p in reports] == [(e, b, 3) for e in range(2) for b in (1, 2, 3)]
    assert [p.scores is not None for p in reports] == [False, False, True] * 2


@pytest.mark.parametrize("augment", ["none", "surgical"])
def test_resumed_training_is_bit_identical(tmp_path, squares, spec, weights, augment):
    if augment != "none":
        pytest.importorskip("albumentations")
    arguments = {"epochs": 3, "batch_size": 4, "augment": augment, "seed": 3}

    def interrupt(step: Progress) -> None:
        if (step.epoch, step.batch) == (1, 2):
            raise InterruptedTrainingError

    straight = fit(spec, squares(), out=tmp_path / "straight", **arguments)
    with pytest.raises(InterruptedTrainingError):
        fit(spec, squares(), out=tmp_path / "interrupted", progress=interrupt, **arguments)
    epochs: list[int] = []
    resumed = fit(spec, squares(), out=tmp_path / "interrupted", progress=lambda p: epochs.append(p.epoch), **arguments)
    assert set(epochs) == {1, 2}
    assert same(weights(straight), weights(resumed))


@pytest.mark.slow
@pytest.mark.parametrize("weighting", ["moco", "db_mtl", "torchjd:pcgrad"])
def test_resumed_weighting_is_bit_identical(tmp_path, squares, spec, weights, weighting):
    config = TrainConfig(epochs=3, batch_size=4, augment="none", weighting=weighting)

    def interrupt(step):
        if step.epoch == 1:
            raise KeyboardInterrupt

    straight = train(spec, squares(8), config=config, out=tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        train(spec, squares(8), config=config, out=tmp_path / "interrupted", progress=interrupt)
    resumed = train(spec, squares(8), config=config, out=tmp_path / "interrupted")
    first, second = weights(straight), weights(resumed)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_train_depends_on_seed(tmp_path, squares, spec, weights):
    arguments = {"epochs": 1, "batch_size": 4, "augment": "none"}
    first = fit(spec, squares(), out=tmp_path / "a", seed=0, **arguments)
    second = fit(spec, squares(), out=tmp_path / "b", seed=1, **arguments)
    assert not same(weights(first), weights(second))


def test_train_restores_the_random_state(tmp_path, squares, spec):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    fit(spec, squares(4), out=tmp_path, epochs=1, augment="none")
    assert torch.equal(torch.rand(3), expected)


def test_train_does_not_depend_on_threads(tmp_path, squares, spec, weights):
    folders = [
        train(spec, squares(), config=TrainConfig(**QUICK), out=tmp_path / str(n), hardware=Hardware(workers=n))
        for n in (1, 3)
    ]
    first, second = map(weights, folders)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_train_with_gradient_accumulation(tmp_path, squares, spec):
    out = train(spec, squares(8), squares(4), TrainConfig(**QUICK, grad_accum=3), out=tmp_path)
    assert load_model(str(out)).num_classes == 2


def test_train_in_bf16_is_close_to_float32(tmp_path, squares, spec, weights):
    full, half = (
        train(spec, squares(8), config=TrainConfig(**QUICK, precision=precision), out=tmp_path / precision)
        for precision in ("32-true", "bf16-mixed")
    )
    assert not close(weights(full), weights(half), 1e-7)
    assert close(weights(full), weights(half), 0.2)


def test_train_rejects_fp16_on_cpu(tmp_path, squares, spec):
    with pytest.raises(TrainingError, match="a GPU for the precision 16-mixed, got cpu"):
        train(spec, squares(4), config=TrainConfig(**QUICK, precision="16-mixed"), out=tmp_path)


def test_train_stops_when_patience_runs_out(tmp_path, squares, spec):
    config = TrainConfig(epochs=30, batch_size=8, augment="none", learning_rate=1e-9, patience=2)
    out = train(spec, squares(8), squares(4), config, out=tmp_path)
    rows = list(csv.DictReader((out / "history.csv").read_text("utf-8").splitlines()))
    assert 3 <= len(rows) < 30
    assert {"epoch", "loss", "loss/segmentation", "loss/activity", "miou", "accuracy"} <= rows[0].keys()


def test_train_rejects_patience_without_validation(tmp_path, squares, spec):
    with pytest.raises(TrainingError, match="validation frames for a patience of 2 epochs"):
        train(spec, squares(4), config=TrainConfig(**QUICK, patience=2), out=tmp_path)


def test_train_saves_the_epoch_that_the_metric_selects(tmp_path, squares, spec):
    options = {"epochs": 6, "batch_size": 4, "augment": "none", "learning_rate": 1e-2}
    for metric in ("miou", "accuracy", "mean_of_tasks"):
        out = fit(spec, squares(8), squares(6), out=tmp_path / metric, select_by=metric, **options)
        rows = list(csv.DictReader((out / "history.csv").read_text("utf-8").splitlines()))
        miou, accuracy = ([float(row[name]) for row in rows] for name in ("miou", "accuracy"))
        means = [(one + other) / 2 for one, other in zip(miou, accuracy, strict=True)]
        values = {"miou": miou, "accuracy": accuracy, "mean_of_tasks": means}[metric]
        best = max(range(6), key=lambda epoch: (values[epoch], epoch))
        assert card(out)["selection"] == {
            "metric": metric,
            "value": pytest.approx(values[best]),
            "epoch": best,
            "frames": 6,
            "subjects": 1,
            "note": "The selected epoch depends on few frames: 6 frames of 1 subject; hold out 50 frames of 5 subjects "
            "or more.",
        }
        assert card(out)["epoch"] == best


def test_train_without_validation_selects_nothing(tmp_path, squares, spec):
    assert card(fit(spec, squares(4), out=tmp_path, **QUICK))["selection"] is None


def test_train_rejects_a_metric_that_cannot_select(tmp_path, squares, spec):
    with pytest.raises(TrainingError, match="validation frames to select the epoch by miou, got none: hold some out"):
        fit(spec, squares(4), out=tmp_path, select_by="miou", **QUICK)
    plain = squares(4)
    plain.activities = ()
    with pytest.raises(TrainingError, match="labels for accuracy, got only labels for miou: select by another"):
        fit(spec, squares(4), plain, out=tmp_path, select_by="accuracy", **QUICK)
    with pytest.raises(UnknownNameError, match="'mIoU': did you mean miou"):
        TrainConfig(select_by="mIoU")


def test_train_saves_weights_that_gave_nan(tmp_path, squares, spec):
    def poison(images, masks, ids, epoch):
        return images * (float("nan") if epoch == 1 else 1.0), masks

    poison.names = ()
    with pytest.raises(TrainingError, match="finite loss"):
        train(spec, squares(8), config=TrainConfig(**QUICK), out=tmp_path, corrupt=poison)
    failed = card(tmp_path / "failed")
    assert failed["epoch"] == 1
    assert "frames" in failed["stopped"]


def test_train_stops_before_a_gradient_that_is_not_finite(tmp_path, squares, spec, weights):
    model = load_model(spec, 2, 2)
    model.heads["activity"].register_full_backward_hook(lambda _, inputs, __: tuple(g * float("nan") for g in inputs))
    with pytest.raises(TrainingError, match=r"finite loss, got a gradient of norm nan in epoch 0, batch 0 \(frames"):
        train(model, squares(8), config=TrainConfig(**QUICK, grad_clip=0.0), out=tmp_path)
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path / "failed").values())


def test_train_stops_at_a_loss_that_is_not_finite(tmp_path, squares, spec, weights):
    model = load_model(spec, 2, 2)

    def poison(step: Progress) -> None:
        if (step.epoch, step.batch) == (1, 1):
            torch.nn.init.constant_(model.heads["segmentation"].classifier.bias, float("nan"))

    with pytest.raises(TrainingError, match=r"finite loss, got segmentation nan in epoch 1, batch 1 \(frames"):
        fit(model, squares(8), out=tmp_path, epochs=3, batch_size=4, augment="none", progress=poison)
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path).values())
    assert json.loads((tmp_path / "model.json").read_text())["training"]["epoch"] == 0


@pytest.mark.parametrize(("masks", "labelled"), [(True, False), (False, True)])
def test_train_takes_frames_of_one_task(tmp_path, squares, spec, masks, labelled):
    out = fit(spec, squares(6, masks, labelled), out=tmp_path, epochs=1, augment="none")
    assert load_model(str(out)).num_classes == 2


def test_train_rejects_a_weighting_that_has_nothing_to_weigh(tmp_path, squares):
    with pytest.raises(TrainingError, match="for the weighting moco, got a model that shares none: train with"):
        fit("tiny-resnet/single-task@input_size=32x40", squares(4), out=tmp_path, weighting="moco")
    assert not (tmp_path / "failed").exists()


def test_train_rejects_data_without_targets(tmp_path, squares, spec):
    with pytest.raises(TrainingError, match="Expected masks or activities in squares, got neither"):
        fit(spec, squares(4, False, False), out=tmp_path, augment="none")


def test_train_records_labels_without_example(tmp_path, squares, spec):
    more = squares(4)
    more.classes = ("background", "square", "circle")
    out = train(spec, more, config=TrainConfig(**QUICK), out=tmp_path / "more")
    assert json.loads((out / "model.json").read_text())["training"]["labels_without_example"] == ["circle"]


def test_train_rejects_folder_that_cannot_be_written(tmp_path, squares, spec):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(RunError, match="Cannot write to the folder"):
        fit(spec, squares(4), out=tmp_path / "file" / "run", augment="none")


def test_train_starts_from_checkpoint_with_other_labels(tmp_path, squares, spec, weights):
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


def test_train_rejects_weights_of_another_model(tmp_path, squares, spec):
    from safetensors.torch import save_file

    save_file({"something": torch.ones(2)}, tmp_path / "other.safetensors")
    with pytest.raises(ModelError, match="got no tensor in common"):
        fit(spec, squares(4), out=tmp_path, augment="none", init_weights=tmp_path / "other.safetensors")


def test_train_takes_a_network_of_the_user(tmp_path, squares):
    (tmp_path / "mine.py").write_text(
        "import torch\ndef make(num_classes):\n    return torch.nn.Conv2d(3, num_classes, 3, padding=1)\n"
    )
    out = fit(f"{tmp_path}/mine.py:make", squares(4), out=tmp_path / "run", epochs=1, augment="none")
    assert load_model(str(out)).classes == ("background", "square")


def test_train_takes_a_further_task(tmp_path, squares, monkeypatch):
    phase = Classification("phase", title="Phase", label_attribute="phases")
    for module in (registry, data, train_step, trainer):
        monkeypatch.setattr(module, "TASKS", (*registry.TASKS[:2], phase))

    class PhaseModel(torch.nn.Module):
        num_phases = 2

        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3, 2)

        def forward(self, images):
            return {"phase": self.layer(images.amax((2, 3)))}

    def with_phase(index, sample):
        return dataclasses.replace(sample, targets={"phase": sample.activity})

    frames = squares(8, change=with_phase)
    frames.phases = ("red", "green")
    config = TrainConfig(epochs=8, batch_size=4, augment="none", learning_rate=0.1, task_weights={"phase": 2})
    out = train(PhaseModel(), frames, frames, config, out=tmp_path)
    card = json.loads((out / "model.json").read_text())["training"]
    assert card["phase_accuracy"] == 1
    assert card["loss/phase"] < 1
    assert card["settings"]["task_weights"] == {"phase": 2}


def test_initialise_pretrained_uses_the_backbone_of_timm(monkeypatch):
    specs = []
    monkeypatch.setattr(trainer, "has_pretrained_trunk", lambda spec: specs.append(spec) or True)
    monkeypatch.setattr(
        Network, "adopt_trunk", lambda self, tensors: ["heads.activity.3.weight", "heads.activity.3.bias"]
    )
    assert trainer.initialise(build("tiny-resnet/hps", 3, 2), "pretrained") == ["heads.activity.3"]
    assert specs == ["tiny-resnet/hps"]


def test_initialise_pretrained_uses_the_shipped_checkpoint():
    assert not trainer.initialise(build("tiny-resnet/mmoe", 7, 3), "pretrained")


def test_is_best_and_should_stop_follow_the_selection_score():
    history = [{"loss": 3.0, "miou": 0.2, "accuracy": 0.5}, {"miou": 0.4, "accuracy": 0.4}, {"miou": 0.3}]
    assert [trainer.is_best(history[:n]) for n in (1, 2, 3)] == [True, True, False]
    assert [trainer.should_stop(history, patience) for patience in (0, 1, 2, 3)] == [False, True, False, False]
    assert [trainer.is_best(history[:n], "miou") for n in (1, 2, 3)] == [True, True, False]
    assert trainer.is_best(history[1::-1], "accuracy")
    assert trainer.is_best([{"loss": 1.0}, {"loss": 2.0}])


def test_mean_of_averages_values_over_the_steps_that_have_them():
    assert trainer.mean_of([{"a": 1.0, "b": 4.0}, {"a": 3.0}]) == {"a": 2.0, "b": 4.0}


def test_train_runs_layers_that_crash_in_contiguous_layout(tmp_path, squares):
    class Mine(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = torch.nn.Sequential(torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.Conv2d(8, 2, 1, 2))

        def forward(self, images):
            return {"segmentation": self.layers(images.contiguous(memory_format=torch.channels_last))}

    out = fit(Mine(), squares(4), out=tmp_path, **QUICK)
    assert "convolutions from 8 channels run in contiguous memory layout" in card(out)["notes"][0]
