"""One training run: epochs until the end or until patience runs out, saved after each of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from robustbench_endo.errors import TrainingError
from robustbench_endo.training.data import InMemoryDataset
from robustbench_endo.training.loggers import make_loggers
from robustbench_endo.training.settings import Progress, ProgressCallback
from robustbench_endo.training.state import FAILED, History, identity, restore, save_history, save_model, save_state
from robustbench_endo.training.train_step import TrainStep
from robustbench_endo.training.validate import Processes, validate_on


@dataclass
class Trainer:
    """A loop in its folder.

    Attributes:
        loop: model, frames, optimiser.
        folder: where checkpoint, curves and state go.
        held_out: frames that choose the epoch that is kept.
        about: what the model's card says beside the settings.
        log: names of further places for the curves.
        progress: told after every step.
    """

    loop: TrainStep
    folder: Path
    held_out: InMemoryDataset | None
    about: dict[str, Any]
    log: tuple[str, ...] = ()
    progress: ProgressCallback | None = None

    def fit(self) -> None:
        """Trains from the saved state, or from the start, to the end.

        Raises:
            TrainingError: a loss that is not finite, or patience without validation frames.
            RunError: the folder cannot be written, or holds another run.
        """
        settings, fabric = self.loop.settings, self.loop.fabric
        if settings.patience and self.held_out is None:
            raise TrainingError(
                f"Expected validation frames for a patience of {settings.patience} epochs, got none: hold some out "
                "with --validation, or leave --patience out."
            )
        run = identity(self.loop, self.about["initial"])
        history = restore(self.folder, self.loop, run)
        self.loggers = make_loggers(self.log, self.folder, len(history) * self.loop.batches) if self._first else []
        while len(history) < settings.epochs and not exhausted(history, settings.patience):
            self._epoch(history)
            save_state(self.folder, self.loop, history, run)
            fabric.barrier()
        for logger in self.loggers:
            logger.finalize("success")

    def _epoch(self, history: History) -> None:
        epoch, settings = len(history), self.loop.settings
        steps: list[dict[str, float]] = []
        with self._failures_kept(epoch):
            for number, told in enumerate(self.loop.epoch(epoch)):
                steps.append(told)
                self._log(told, epoch * self.loop.batches + number)
                if number + 1 < self.loop.batches:
                    self._tell(Progress(epoch, settings.epochs, number + 1, self.loop.batches, told["loss"]))
        self._share_statistics()
        scores = self._validate()
        history.append(mean_of(steps) | (scores or {}))
        self._log({f"validation/{name}": value for name, value in (scores or {}).items()}, (epoch + 1) * len(steps))
        if self._first:
            if is_best(history):
                save_model(self.folder, self.loop.model, self._card(epoch, history[-1]))
            save_history(self.folder, history)
        self._tell(Progress(epoch, settings.epochs, len(steps), len(steps), steps[-1]["loss"], scores))

    @contextmanager
    def _failures_kept(self, epoch: int) -> Iterator[None]:
        """Weights that gave a loss that is not finite are kept for whoever looks for the reason."""
        try:
            yield
        except TrainingError as error:
            if self._first:
                save_model(self.folder / FAILED, self.loop.model, {"epoch": epoch, "stopped": str(error)})
            raise

    def _card(self, epoch: int, last: dict[str, float]) -> dict[str, Any]:
        how = {"settings": asdict(self.loop.settings), "torch": torch.__version__}
        return {**self.about, **how, "epoch": epoch, **last}

    def _validate(self) -> dict[str, float] | None:
        if self.held_out is None:
            return None
        fabric = self.loop.fabric
        add = (lambda counts: fabric.all_reduce(counts, reduce_op="sum")) if fabric.world_size > 1 else lambda x: x
        among = Processes(fabric.global_rank, fabric.world_size, add, fabric.autocast)
        return validate_on(self.loop.model, self.held_out, self.loop.settings.batch_size, fabric.device, among)

    def _share_statistics(self) -> None:
        """Every process has seen other frames: the running means and variances of batch norm become their mean."""
        if self.loop.fabric.world_size > 1:
            for buffer in self.loop.model.buffers():
                if buffer.is_floating_point():
                    buffer.copy_(self.loop.fabric.all_reduce(buffer, reduce_op="mean"))

    @property
    def _first(self) -> bool:
        """Whether this process writes."""
        return bool(self.loop.fabric.is_global_zero)

    def _log(self, values: dict[str, float], step: int) -> None:
        for logger in self.loggers:
            logger.log_metrics(values, step)

    def _tell(self, progress: Progress) -> None:
        if self.progress and self._first:
            self.progress(progress)


def is_best(history: History) -> bool:
    """Whether the last epoch is to be kept: the best validation so far, or simply the last without validation."""
    kept = [quality(epoch) for epoch in history]
    return kept[-1] >= max(kept)


def exhausted(history: History, patience: int) -> bool:
    """Whether the last ``patience`` epochs brought nothing better."""
    kept = [quality(epoch) for epoch in history]
    return bool(patience) and len(kept) > patience and max(kept[-patience:]) <= max(kept[:-patience])


def quality(epoch: dict[str, float]) -> float:
    """What validation chooses by: mIoU plus accuracy."""
    return sum(epoch[name] for name in ("miou", "accuracy") if name in epoch)


def mean_of(steps: list[dict[str, float]]) -> dict[str, float]:
    """The mean of every value that the steps told."""
    names = dict.fromkeys(name for step in steps for name in step)
    return {name: sum(values) / len(values) for name in names if (values := [s[name] for s in steps if name in s])}
