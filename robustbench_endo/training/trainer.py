"""``train``: from a model and a data set to a checkpoint folder that ``load_model`` reads."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import nn

from robustbench_endo.errors import TrainingError
from robustbench_endo.io_utils import remove_stale_temporaries, writable_folder
from robustbench_endo.models.checkpoint import WEIGHTS, shipped_checkpoint
from robustbench_endo.models.contiguous_convolutions import use_contiguous_convolutions
from robustbench_endo.models.loading import load_model
from robustbench_endo.models.network import Network
from robustbench_endo.models.weights import load_matching, read_weights
from robustbench_endo.models.zoo import has_pretrained_trunk
from robustbench_endo.tasks.registry import TASKS
from robustbench_endo.training.activation_checkpointing import activation_checkpointing
from robustbench_endo.training.augmentation import augmentation, inherited_corruptions, plan_hardening
from robustbench_endo.training.config import MEAN_OF_TASKS, TrainConfig
from robustbench_endo.training.data import InMemoryDataset, PrefetchLoader, check_data
from robustbench_endo.training.fabric import Hardware, make_fabric, make_loggers, reproducible
from robustbench_endo.training.state import FAILED, History, identity, restore, save_history, save_model, save_state
from robustbench_endo.training.train_step import Corrupt, NotFiniteError, TrainStep
from robustbench_endo.training.validate import Processes, ValidationSample, selection_score, validate_on
from robustbench_endo.types import Dataset

log = logging.getLogger(__name__)

DEFAULT_SIZE = (224, 288)
"""Training size of a user's model without an input size."""


@dataclass(frozen=True)
class Progress:
    """What a progress callback receives after every step.

    Attributes:
        epoch: current epoch, from 0.
        epochs: number of epochs.
        batch: number of finished batches of the epoch.
        batches: number of batches of an epoch.
        loss: of the step.
        scores: validation scores, after the last batch of an epoch with validation.
    """

    epoch: int
    epochs: int
    batch: int
    batches: int
    loss: float
    scores: dict[str, float] | None = None


ProgressCallback = Callable[[Progress], None]


def train(
    model: str | nn.Module,
    dataset: Dataset,
    validation: Dataset | None = None,
    config: TrainConfig | None = None,
    *,
    out: str | Path,
    hardware: Hardware | None = None,
    init_weights: str | Path | None = None,
    corrupt: Corrupt | None = None,
    loggers: Sequence[str] = (),
    progress: ProgressCallback | None = None,
) -> Path:
    """Train a model, saving after every epoch; the same call again resumes an interrupted training.

    Args:
        model: a spec (built for the labels of the data set) or a model from ``load_model``.
        dataset: training frames; missing targets add nothing to the loss.
        validation: frames that select the epoch whose weights are saved; without them it is the last one.
        config: settings; the same ones on the same machine give bit-identical weights, on a GPU only up to rounding for
            models with fused attention or other layers without deterministic gradients there. Its options for
            sources, hardware and output are not used here.
        out: folder of the checkpoint (model.safetensors, model.json), the curves (history.csv) and the state to
            resume from (state.pt).
        hardware: devices and processes.
        init_weights: ``pretrained``, a checkpoint folder, or None.
        corrupt: replaces the corruption augmentation of ``config.corruptions``; its attribute ``names`` says what it
            applies, for the checkpoint, as that of
            :class:`~robustbench_endo.training.augmentation.CorruptionAugmentation` does.
        loggers: names of loggers for the curves, see :func:`~robustbench_endo.training.fabric.make_loggers`.
        progress: called after every step.

    Returns:
        ``out``.

    Raises:
        TrainingError: settings, data or a loss that cannot be used.
        RunError: ``out`` cannot be written, or has a training with other settings.
        ModelError, UnknownNameError, OptionalDependencyError: from the model, its weights and the augmentation.
    """
    config, hardware = config or TrainConfig(), hardware or Hardware()
    _check_validation(config, validation)
    before = (*inherited_corruptions(init_weights), *getattr(model, "trained_on", ()))
    hardening = plan_hardening(config, corrupt, before)
    config = hardening.config
    for note in hardening.notes:
        log.warning(note)
    mix = config.harden if config.harden in ("augmix", "pixmix") else None
    folder = writable_folder(Path(out))
    remove_stale_temporaries(folder)  # of a training that was killed while it wrote
    fabric = make_fabric(hardware, config.precision)
    with reproducible(config.seed, fabric):
        network = _build(model, dataset)
        notes = use_contiguous_convolutions({str(getattr(network, "spec", "")) or "trained": network}, fabric.device)
        size: tuple[int, int] = getattr(network, "input_size", None) or DEFAULT_SIZE
        frames = InMemoryDataset(dataset, size)
        absent = check_data(network, dataset, frames)
        held_out = InMemoryDataset(validation, size) if validation else None
        new_layers = initialise(network, init_weights) if init_weights is not None else []
        torch.manual_seed(config.seed + fabric.global_rank)  # dropout differs between processes
        loader = PrefetchLoader(
            frames,
            config.batch_size,
            config.seed,
            lambda: augmentation(hardening.pipeline, mix),
            fabric.global_rank,
            fabric.world_size,
            hardware.threads,
        )
        loop = TrainStep(fabric.to_device(network), loader, config, fabric, hardening.corrupt)
        metadata = {
            "data": dataset.name,
            "frames": len(frames),
            "init_weights": str(init_weights or ""),
            "new_layers": new_layers,
            "labels_without_example": absent,
            "notes": [*notes, *hardening.notes],
            "trained_on": list(hardening.trained_on),
            "held_out": list(hardening.held_out),
        }
        with activation_checkpointing(network) if config.activation_checkpointing else nullcontext():
            sample = ValidationSample.of(validation) if validation else None
            Trainer(loop, folder, held_out, metadata, sample, tuple(loggers), progress).fit()
    network.eval()
    return folder


def _check_validation(config: TrainConfig, validation: Dataset | None) -> None:
    if validation is None and config.patience:
        raise TrainingError(
            f"Expected validation frames for a patience of {config.patience} epochs, got none: hold some out with "
            "--validation, or leave --patience out."
        )
    if config.select_by == MEAN_OF_TASKS:
        return
    if validation is None:
        raise TrainingError(
            f"Expected validation frames to select the epoch by {config.select_by}, got none: hold some out with "
            "--validation, or leave --select-by out."
        )
    available = [task.headline for task in TASKS if task.labels(validation)]
    if config.select_by not in available:
        raise TrainingError(
            f"Expected validation frames with labels for {config.select_by}, got only labels for "
            f"{', '.join(available) or 'nothing'}: select by another metric."
        )


def initialise(model: nn.Module, init_weights: str | Path) -> list[str]:
    """Copy the weights that match in name and shape.

    Args:
        model: to be initialised.
        init_weights: a checkpoint folder, a weight file, or ``"pretrained"``: the shipped checkpoint of the model's
            spec, or timm's weights of its backbone.

    Returns:
        Layers without a match, usually the classifiers of other label sets.

    Raises:
        ModelError: no such file, or nothing in common.
    """
    spec = str(getattr(model, "spec", ""))
    if init_weights == "pretrained" and isinstance(model, Network) and has_pretrained_trunk(spec):
        missing = model.adopt_trunk("pretrained")
    else:
        path = shipped_checkpoint(spec) if init_weights == "pretrained" else Path(init_weights)
        missing = load_matching(model, read_weights(path / WEIGHTS if path.is_dir() else path))
    return sorted({name.rpartition(".")[0] for name in missing})


def _build(model: str | nn.Module, dataset: Dataset) -> nn.Module:
    if isinstance(model, str):
        model = load_model(model, labels={task.name: len(task.labels(dataset)) for task in TASKS})
    for task in TASKS:
        setattr(model, task.label_attribute, task.labels(dataset) or None)
    return model


@dataclass
class Trainer:
    """Epochs of a training in its folder, saved after each of them.

    Attributes:
        loop: model, frames and optimizer.
        folder: of checkpoint, curves and state.
        held_out: validation frames.
        metadata: entries of the model's card besides the settings.
        sample: size of the validation set, if there is one.
        log: names of loggers.
        progress: called after every step.
    """

    loop: TrainStep
    folder: Path
    held_out: InMemoryDataset | None
    metadata: dict[str, Any]
    sample: ValidationSample | None = None
    log: tuple[str, ...] = ()
    progress: ProgressCallback | None = None

    def fit(self) -> None:
        """Train from the saved state, or from the start, until the last epoch or until patience runs out.

        Raises:
            TrainingError: a loss that is not finite, or a weighting that has nothing to weigh.
            RunError: the folder cannot be written, or has another training.
        """
        config, fabric = self.loop.config, self.loop.fabric
        run = identity(self.loop, self.metadata["init_weights"])
        history = restore(self.folder, self.loop, run)
        self.loggers = make_loggers(self.log, self.folder, len(history) * self.loop.batches) if self._is_first else []
        while len(history) < config.epochs and not should_stop(history, config.patience, config.select_by):
            self._epoch(history)
            save_state(self.folder, self.loop, history, run)
            fabric.barrier()
        for logger in self.loggers:
            logger.finalize("success")

    def _epoch(self, history: History) -> None:
        epoch, epochs, batches = len(history), self.loop.config.epochs, self.loop.batches
        steps: list[dict[str, float]] = []
        with self._save_failure(epoch):
            for number, losses in enumerate(self.loop.epoch(epoch)):
                steps.append(losses)
                self._log(losses, epoch * batches + number)
                if number + 1 < batches:
                    self._report(Progress(epoch, epochs, number + 1, batches, losses["loss"]))
        self._average_statistics()
        scores = self._validate()
        history.append(mean_of(steps) | (scores or {}))
        self._log({f"validation/{name}": value for name, value in (scores or {}).items()}, (epoch + 1) * len(steps))
        if self._is_first:
            if is_best(history, self.loop.config.select_by):
                save_model(self.folder, self.loop.model, self._card(epoch, history[-1]))
            save_history(self.folder, history)
        self._report(Progress(epoch, epochs, len(steps), len(steps), steps[-1]["loss"], scores))

    @contextmanager
    def _save_failure(self, epoch: int) -> Iterator[None]:
        """Save the weights that gave a loss that is not finite, for diagnosis."""
        try:
            yield
        except NotFiniteError as error:
            if self._is_first:
                save_model(self.folder / FAILED, self.loop.model, {"epoch": epoch, "stopped": str(error)})
            raise

    def _card(self, epoch: int, last: dict[str, float]) -> dict[str, Any]:
        settings = {"settings": self.loop.config.recorded_settings(), "torch": torch.__version__}
        return {**self.metadata, **settings, "epoch": epoch, **last, "selection": self._selection(epoch, last)}

    def _selection(self, epoch: int, last: dict[str, float]) -> dict[str, Any] | None:
        """By what the saved epoch was selected; None without validation, where it is the last."""
        if self.sample is None:
            return None
        select_by = self.loop.config.select_by
        selected = {"metric": select_by, "value": selection_score(last, select_by), "epoch": epoch}
        return {**selected, **asdict(self.sample), "note": self.sample.note}

    def _validate(self) -> dict[str, float] | None:
        if self.held_out is None:
            return None
        fabric = self.loop.fabric
        add = (lambda counts: fabric.all_reduce(counts, reduce_op="sum")) if fabric.world_size > 1 else lambda x: x
        processes = Processes(fabric.global_rank, fabric.world_size, add, fabric.autocast)
        return validate_on(self.loop.model, self.held_out, self.loop.config.batch_size, fabric.device, processes)

    def _average_statistics(self) -> None:
        """Average the running means and variances of batch norm over the processes, which have had other frames."""
        if self.loop.fabric.world_size > 1:
            for buffer in self.loop.model.buffers():
                if buffer.is_floating_point():
                    buffer.copy_(self.loop.fabric.all_reduce(buffer, reduce_op="mean"))

    @property
    def _is_first(self) -> bool:
        """Whether this process writes."""
        return bool(self.loop.fabric.is_global_zero)

    def _log(self, values: dict[str, float], step: int) -> None:
        for logger in self.loggers:
            logger.log_metrics(values, step)

    def _report(self, progress: Progress) -> None:
        if self.progress and self._is_first:
            self.progress(progress)


def is_best(history: History, select_by: str = MEAN_OF_TASKS) -> bool:
    """Whether the last epoch has the best validation so far; always true without validation."""
    scores = [selection_score(epoch, select_by) for epoch in history]
    return scores[-1] >= max(scores)


def should_stop(history: History, patience: int, select_by: str = MEAN_OF_TASKS) -> bool:
    """Whether none of the last ``patience`` epochs is better than an earlier one; never for a patience of 0."""
    scores = [selection_score(epoch, select_by) for epoch in history]
    return bool(patience) and len(scores) > patience and max(scores[-patience:]) <= max(scores[:-patience])


def mean_of(steps: list[dict[str, float]]) -> dict[str, float]:
    """The mean of every value over the steps that have it."""
    names = dict.fromkeys(name for step in steps for name in step)
    return {name: sum(values) / len(values) for name in names if (values := [s[name] for s in steps if name in s])}
