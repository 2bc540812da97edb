"""What an option of the run must not change, and what it must."""

from __future__ import annotations

import csv
import json

import pytest
import torch

from robustbench_endo.errors import RunError, TrainingError, UnknownNameError
from robustbench_endo.models import load_model
from robustbench_endo.training import Hardware, TrainConfig, train
from robustbench_endo.training import fit as run_module

QUICK = {"epochs": 2, "batch_size": 4, "augment": "none"}


def close(first, second, tolerance):
    return max(float((first[name].float() - second[name].float()).abs().max()) for name in first) < tolerance


def test_threads_change_nothing(tmp_path, squares, spec, weights):
    folders = [
        train(spec, squares(), settings=TrainConfig(**QUICK), out=tmp_path / str(n), hardware=Hardware(workers=n))
        for n in (1, 3)
    ]
    first, second = map(weights, folders)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_parts_of_a_batch_give_the_gradient_of_the_whole():
    """Without batch norm, whose statistics are the part's own, the parts add up to the batch."""
    from robustbench_endo.training.data import Batch

    batch = Batch(torch.rand(5, 3, 8, 8), torch.zeros(5, 8, 8).long(), torch.arange(5), tuple("abcde"))
    parts = batch.parts(2)
    assert [part.ids for part in parts] == [("a", "b", "c"), ("d", "e")]
    assert torch.equal(torch.cat([part.images for part in parts]), batch.images)
    assert len(batch.parts(9)) == 5


def test_accumulation_trains(tmp_path, squares, spec):
    out = train(spec, squares(8), squares(4), TrainConfig(**QUICK, grad_accum=3), out=tmp_path)
    assert load_model(str(out)).num_classes == 2


@pytest.mark.parametrize(("architecture", "weighting"), [("mmoe", "equal"), ("mmoe", "moco"), ("tesla", "db_mtl")])
def test_activation_checkpointing_gives_the_same_weights(tmp_path, squares, weights, architecture, weighting):
    spec, options = f"tiny-resnet/{architecture}@width=12,head_channels=8,input_size=32x40", {"weighting": weighting}
    folders = [
        train(
            spec,
            squares(8),
            settings=TrainConfig(**QUICK, **options, activation_checkpointing=on),
            out=tmp_path / str(on),
        )
        for on in (False, True)
    ]
    assert close(*map(weights, folders), 1e-6)


def test_activation_checkpointing_of_a_model_without_blocks_is_refused(tmp_path, squares):
    (tmp_path / "mine.py").write_text(
        "import torch\ndef make(num_classes):\n    return torch.nn.Conv2d(3, num_classes, 3, padding=1)\n"
    )
    settings = TrainConfig(**QUICK, activation_checkpointing=True)
    with pytest.raises(TrainingError, match="residual or transformer blocks"):
        train(f"{tmp_path}/mine.py:make", squares(4), settings=settings, out=tmp_path / "run")


def test_bf16_trains_nearly_the_same(tmp_path, squares, spec, weights):
    full, half = (
        train(spec, squares(8), settings=TrainConfig(**QUICK, precision=precision), out=tmp_path / precision)
        for precision in ("32-true", "bf16-mixed")
    )
    assert not close(weights(full), weights(half), 1e-7)
    assert close(weights(full), weights(half), 0.2)


def test_fp16_needs_a_gpu(tmp_path, squares, spec):
    with pytest.raises(TrainingError, match="a GPU for the precision 16-mixed, got cpu"):
        train(spec, squares(4), settings=TrainConfig(**QUICK, precision="16-mixed"), out=tmp_path)


@pytest.mark.parametrize("weighting", ["moco", "db_mtl", "torchjd:pcgrad"])
def test_a_weighting_resumes_bit_for_bit(tmp_path, squares, spec, weights, weighting):
    settings = TrainConfig(epochs=3, batch_size=4, augment="none", weighting=weighting)

    def kill(step):
        if step.epoch == 1:
            raise KeyboardInterrupt

    straight = train(spec, squares(8), settings=settings, out=tmp_path / "straight")
    with pytest.raises(KeyboardInterrupt):
        train(spec, squares(8), settings=settings, out=tmp_path / "killed", progress=kill)
    resumed = train(spec, squares(8), settings=settings, out=tmp_path / "killed")
    first, second = weights(straight), weights(resumed)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_patience_stops(tmp_path, squares, spec):
    settings = TrainConfig(epochs=30, batch_size=8, augment="none", learning_rate=1e-9, patience=2)
    out = train(spec, squares(8), squares(4), settings, out=tmp_path)
    rows = list(csv.DictReader((out / "history.csv").read_text("utf-8").splitlines()))
    assert 3 <= len(rows) < 30
    assert {"epoch", "loss", "loss/segmentation", "loss/activity", "miou", "accuracy"} <= rows[0].keys()


def test_patience_without_validation_is_refused(tmp_path, squares, spec):
    with pytest.raises(TrainingError, match="validation frames for a patience of 2 epochs"):
        train(spec, squares(4), settings=TrainConfig(**QUICK, patience=2), out=tmp_path)


def test_corruptions_are_applied_and_recorded(tmp_path, squares, spec):
    seen = []

    def darken(images, masks, ids, epoch):
        seen.append((ids, epoch))
        return images * 0.5, masks

    settings = TrainConfig(**QUICK, corruptions=("smoke", "bleeding"))
    train(spec, squares(4), settings=settings, out=tmp_path, corrupt=darken)
    assert [epoch for _, epoch in seen] == [0, 1]
    assert json.loads((tmp_path / "model.json").read_text())["training"]["trained_on"] == ["bleeding", "smoke"]


def test_a_full_disk_keeps_the_last_good_checkpoint(tmp_path, squares, spec, weights, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    settings = TrainConfig(epochs=3, batch_size=4, augment="none")
    straight = train(spec, squares(8), settings=settings, out=tmp_path / "straight")
    save = run_module.save_state

    def second_fails(folder, loop, history, run):
        if len(history) == 2:
            monkeypatch.setattr(torch, "save", full)
        save(folder, loop, history, run)

    with monkeypatch.context() as patched:
        patched.setattr(run_module, "save_state", second_fails)
        with pytest.raises(RunError, match=r"Expected room for .*state.pt, got it cannot be written .*No space"):
            train(spec, squares(8), settings=settings, out=tmp_path / "full")
    monkeypatch.undo()
    assert not [path for path in (tmp_path / "full").iterdir() if path.suffix == ".tmp"]
    load_model(str(tmp_path / "full"))
    resumed = train(spec, squares(8), settings=settings, out=tmp_path / "full")
    first, second = weights(straight), weights(resumed)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_weights_that_gave_nan_are_kept_apart(tmp_path, squares, spec):
    def poison(images, masks, ids, epoch):
        return images * (float("nan") if epoch == 1 else 1.0), masks

    with pytest.raises(TrainingError, match="finite loss"):
        train(spec, squares(8), settings=TrainConfig(**QUICK), out=tmp_path, corrupt=poison)
    kept = json.loads((tmp_path / "failed" / "model.json").read_text())["training"]
    assert kept["epoch"] == 1
    assert "frames" in kept["stopped"]


def test_a_gradient_that_is_not_finite_stops_before_it_spoils_the_weights(tmp_path, squares, spec, weights):
    model = load_model(spec, 2, 2)
    model.heads["activity"].register_full_backward_hook(lambda _, inputs, __: tuple(g * float("nan") for g in inputs))
    with pytest.raises(TrainingError, match=r"finite loss, got a gradient of norm nan in epoch 0, batch 0 \(frames"):
        train(model, squares(8), settings=TrainConfig(**QUICK, grad_clip=0.0), out=tmp_path)
    assert all(tensor.isfinite().all() for tensor in weights(tmp_path / "failed").values())


def test_tensorboard_draws_each_step_once(tmp_path, squares, spec):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train(spec, squares(8), squares(4), TrainConfig(**QUICK), out=tmp_path, log=("tensorboard",))
    events = EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss")] == [0, 1, 2, 3]
    assert len(events.Scalars("validation/miou")) == 2


def test_an_unknown_logger_names_the_close_one(tmp_path, squares, spec):
    with pytest.raises(UnknownNameError, match="did you mean tensorboard"):
        train(spec, squares(4), settings=TrainConfig(**QUICK), out=tmp_path, log=("tensorbord",))


@pytest.mark.parametrize(("name", "value"), [("schedule", "cosin"), ("precision", "fp32"), ("class_weights", "sqr")])
def test_unknown_choices(name, value):
    with pytest.raises(UnknownNameError, match=f"Expected the name of a {name.replace('_', ' ')}"):
        TrainConfig(**{name: value})


def test_one_class_data_is_refused_and_missing_labels_are_noted(tmp_path, squares, spec):
    import dataclasses

    plain = squares(
        4, change=lambda _, s: dataclasses.replace(s, targets={"segmentation": torch.zeros_like(s.mask), "activity": 0})
    )
    with pytest.raises(TrainingError, match="at least two kinds of pixels or of frames in squares"):
        train(spec, plain, settings=TrainConfig(**QUICK), out=tmp_path)
    more = squares(4)
    more.classes = ("background", "square", "circle")
    out = train(spec, more, settings=TrainConfig(**QUICK), out=tmp_path / "more")
    assert json.loads((out / "model.json").read_text())["training"]["labels_without_example"] == ["circle"]
