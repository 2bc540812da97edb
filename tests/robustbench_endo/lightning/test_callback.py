"""The callback with a trainer of a few attributes; with Lightning itself where it is installed."""

import doctest
import math
import random
import sys
from contextlib import suppress

import numpy as np
import pytest
import torch

import robustbench_endo as rb
from robustbench_endo.errors import OptionalDependencyError, RobustEndoError


def state_of(module):
    tensors = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    gradients = {name: (p.requires_grad, p.grad) for name, p in module.named_parameters()}
    return tensors, gradients, [layer.training for layer in module.modules()]


def random_state():
    numpy = np.random.get_state()  # noqa: NPY002
    return random.getstate(), numpy[1].tolist(), torch.get_rng_state().tolist()


def test_callback_logs_the_scores_of_a_run_and_changes_nothing(callback_class, module, trainer, frames):
    callback = callback_class("contrast", (1, 5), metrics=["miou", "nsd"], limit=2, seed=3)
    module.body[0].weight.requires_grad_(False)
    before, numbers = state_of(module), random_state()
    callback.on_validation_epoch_end(trainer, module)
    after = state_of(module)
    assert all(tensor.equal(before[0][name]) for name, tensor in after[0].items())
    assert after[1:] == before[1:]
    assert random_state() == numbers
    assert torch.is_grad_enabled()
    module.eval()
    run = rb.evaluate({"m": lambda x: {"segmentation": module(x)}}, frames, "contrast", (1, 5), limit=2, seed=3)
    table = run.table(["miou", "nsd"])
    expected = {
        f"robustness/{name}/{metric}": table.loc[row, (metric, "m")]
        for name, row in (
            ("clean", ("clean", "clean")),
            ("contrast", ("digital", "contrast")),
            ("mean", ("mean", "all")),
        )
        for metric in ("miou", "nsd")
    }
    assert module.logged == pytest.approx(expected, rel=1e-12)
    assert callback.results.info["data"]["frames"] == 2
    assert module.synchronised is False


def test_callback_evaluates_every_n_epochs_and_in_validate(callback_class, module, trainer, monkeypatch):
    callback = callback_class("contrast", (1,), every_n_epochs=3)
    epochs = []
    monkeypatch.setattr(callback_class, "_evaluate", lambda *_, **__: epochs.append(trainer.current_epoch) or 1 / 0)

    def validate(epoch, fn="fit", sanity=False):
        trainer.current_epoch, trainer.state.fn, trainer.sanity_checking = epoch, fn, sanity
        with suppress(ZeroDivisionError):
            callback.on_validation_epoch_end(trainer, module)

    for epoch in range(6):
        validate(epoch)
    validate(2, sanity=True)
    assert epochs == [2, 5]
    validate(0, fn="validate")
    assert epochs == [2, 5, 0]


def test_other_processes_take_the_scores_of_the_first(callback_class, module, trainer):
    trainer.is_global_zero, trainer.world_size = False, 2
    trainer.strategy.broadcast = lambda values: {**values, "robustness/mean/miou": 12.5}
    callback = callback_class("contrast")
    callback.on_sanity_check_end(trainer, module)
    callback.on_validation_epoch_end(trainer, module)
    assert module.logged == {"robustness/mean/miou": 12.5}
    assert module.synchronised is True
    assert module.calls == 0


def test_sanity_check_tries_one_clean_frame(callback_class, module, trainer):
    callback = callback_class(limit=3, metrics="accuracies")
    with pytest.raises(RobustEndoError, match="accuracies"):
        callback.on_sanity_check_end(trainer, module)
    assert 1 <= module.calls <= 3
    assert module.logged == {}
    trainer.val_dataloaders = None
    with pytest.raises(RobustEndoError, match="give data="):
        callback_class().on_sanity_check_end(trainer, module)


def test_model_selects_the_network(callback_class, module, trainer):
    callback = callback_class("clean", model=lambda module: module.body, limit=1)
    callback.on_validation_epoch_end(trainer, module)
    assert module.calls == 0
    assert list(module.logged) == ["robustness/clean/miou"]
    assert not math.isnan(module.logged["robustness/clean/miou"])
    assert module.training


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"corruptions": "smok"}, "smok.*did you mean smoke"),
        ({"severities": (6,)}, "Expected severities from 1 to 5, got 6"),
        ({"severities": "high"}, "severit"),
        ({"corruptions": 3}, "Expected corruptions to be names"),
        ({"model": "net"}, "Expected model to be a function of the module that returns the network, got str"),
        ({"every_n_epochs": 0}, "Expected every_n_epochs of at least 1, got 0"),
        ({"limit": 0}, "Expected limit of at least 1, got 0"),
        ({"device": "cuda"}, "Expected no device in RobustnessCallback, got one: it is that of the trainer"),
        ({"batchsize": 2}, "argument of RobustnessCallback, got 'batchsize': did you mean batch_size"),
        ({"suite": "endo20"}, "endo20"),
    ],
)
def test_callback_refuses_options_before_the_training(callback_class, options, message):
    with pytest.raises(RobustEndoError, match=message):
        callback_class(**options)


def test_callback_takes_one_severity(callback_class):
    assert callback_class("contrast", 3)._severities == (3,)


def test_callback_refuses_partitioned_weights(callback_class, trainer, module):
    trainer.strategy = type("FSDPStrategy", (), {})()
    with pytest.raises(RobustEndoError, match="such as ddp, got FSDPStrategy"):
        callback_class().setup(trainer, module, "fit")


def test_docstring_example_runs(callback_class):
    assert doctest.testmod(sys.modules[callback_class.__module__]) == (0, 1)


def test_import_without_lightning_names_the_extra(monkeypatch):
    for name in [name for name in sys.modules if name.startswith("robustbench_endo.lightning")]:
        monkeypatch.delitem(sys.modules, name)
    for name in ("lightning", "lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(OptionalDependencyError, match=r"pip install 'robustbench-endo\[lightning\]'"):
        from robustbench_endo.lightning import RobustnessCallback  # noqa: F401


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Lightning's hints
def test_callback_in_a_training_with_lightning(tmp_path, frames):
    lightning = pytest.importorskip("lightning.pytorch")
    from robustbench_endo.lightning import RobustnessCallback

    class Net(lightning.LightningModule):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Sequential(torch.nn.Conv2d(3, 7, 1), torch.nn.BatchNorm2d(7), torch.nn.Dropout())

        def training_step(self, batch, index):
            return torch.nn.functional.cross_entropy(self.layer(batch[0]), batch[1], ignore_index=255)

        validation_step = training_step
        forward = lambda self, images: self.layer(images)  # noqa: E731

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 0.01)

    def fit(*callbacks):
        lightning.seed_everything(0, verbose=False)
        net, pairs = Net(), [(frames[i].image / 255, frames[i].mask.long()) for i in range(3)]
        options = {"enable_progress_bar": False, "enable_model_summary": False, "callbacks": list(callbacks)}
        logger = lightning.loggers.TensorBoardLogger(tmp_path) if callbacks else False
        trainer = lightning.Trainer(
            max_epochs=2, accelerator="cpu", logger=logger, enable_checkpointing=bool(callbacks), **options
        )
        loader = torch.utils.data.DataLoader(pairs, 1, shuffle=True)
        trainer.fit(net, loader, torch.utils.data.DataLoader(pairs))
        return net, trainer

    best = lightning.callbacks.ModelCheckpoint(tmp_path, monitor="robustness/mean/miou", mode="max")
    callback = RobustnessCallback("contrast", (1, 5), data=frames)
    (trained, trainer), (plain, _) = fit(callback, best), fit()
    assert all(map(torch.equal, trained.state_dict().values(), plain.state_dict().values()))
    mean = callback.results.table(["miou"]).loc[("mean", "all")].item()
    assert trainer.callback_metrics["robustness/mean/miou"].item() == pytest.approx(mean)
    assert best.best_model_score >= mean * 0.999
    curves = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator").EventAccumulator(
        trainer.logger.log_dir
    )
    curves.Reload()
    events = curves.Scalars("robustness/contrast/miou")
    assert [event.step for event in events] == [2, 5]
    assert events[-1].value == pytest.approx(mean, rel=1e-5)
    assert len(curves.Images("robustness/miou")) == 2
