"""A callback of Lightning that evaluates the model under corruptions at validation."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any

from torch import nn

from robustbench_endo.errors import RobustEndoError, import_optional, unknown_name
from robustbench_endo.evaluation.call_options import as_corruptions, as_severities
from robustbench_endo.evaluation.config import EvaluationOptions, config_from_options
from robustbench_endo.evaluation.plan import select_corruptions
from robustbench_endo.evaluation.run import evaluate
from robustbench_endo.lightning.curves import log_curves, metrics_of, scalars
from robustbench_endo.lightning.module_evaluation import Network, NetworkOfTrainer, frames_of, undisturbed

if TYPE_CHECKING:
    from robustbench_endo.results.results import Results
    from robustbench_endo.types import Dataset

PARTITIONED = ("FSDPStrategy", "DeepSpeedStrategy", "ModelParallelStrategy")
"""Strategies in which no process has all weights, so that none can evaluate the model by itself."""

OF_THE_TRAINER = ("device", "precision", "compile", "adapt")
"""Options of an evaluation that the trainer determines."""

_MODULES = ("lightning.pytorch", "pytorch_lightning")


def _callback_class() -> Any:
    """``Callback`` of the package that is imported already; both have the same."""
    for name in sorted(_MODULES, key=lambda name: name not in sys.modules):
        try:
            return import_module(name).Callback
        except ImportError:
            continue
    return import_optional(_MODULES[0], purpose="RobustnessCallback", extra="lightning").Callback


class RobustnessCallback(_callback_class()):  # type: ignore[misc]  # the class is known at run time only
    """Evaluate the model under corruptions at the end of validation, and log ``robustness/<corruption>/<metric>``.

    The scores are those of :func:`rb.evaluate` on the same frames, in the precision of the trainer. The modes of all
    layers and the random numbers of the training stay as they were. ``robustness/mean/<metric>`` is in
    ``trainer.callback_metrics``, for ``ModelCheckpoint(monitor=...)`` and ``EarlyStopping``. In a training with several
    processes the first one evaluates, and the others wait and get its scores.

    Args:
        corruptions, severities: as in :func:`rb.evaluate`.
        every_n_epochs: evaluates in the epochs in which ``ModelCheckpoint(every_n_epochs=...)`` saves, and always in
            ``trainer.validate``; never in the sanity check, which only tries one clean frame.
        data: frames, as in :func:`rb.evaluate`, or a torch data set as in :func:`rb.from_torch`; None for that of the
            first validation data loader. Images must be in [0, 1], not normalised.
        classes: names of the mask labels, where ``data`` is a torch data set without them.
        model: returns the network of the LightningModule: float (B, 3, H, W) in [0, 1] -> logits; None for the
            module itself.
        metrics: names of metrics as in ``results.scores()``; None for the first of each task (``miou``, ``accuracy``).
        limit: maximum number of frames, spread evenly over the data, the same in every epoch; None for all.
        seed: of the corruptions.
        options: further options of :func:`rb.evaluate`, such as ``suite`` as a name, ``resolution``, ``batch_size`` and
            ``workers`` (1 by default).

    Attributes:
        results: the last :class:`Results`, in the first process; None before.

    Raises:
        RobustEndoError: an option outside its range.

    >>> RobustnessCallback(["smoke", "contrast"], severities=(3,), every_n_epochs=5).results is None
    True
    """

    def __init__(
        self,
        corruptions: str | Sequence[str] = "all",
        severities: float | Sequence[float] = (1, 3, 5),
        *,
        every_n_epochs: int = 1,
        data: Any = None,
        classes: Sequence[str] | None = None,
        model: Callable[[Any], Network] | None = None,
        metrics: Sequence[str] | None = None,
        limit: int | None = 32,
        seed: int = 0,
        **options: Any,
    ) -> None:
        super().__init__()
        for name, value in (("every_n_epochs", every_n_epochs), ("limit", limit)):
            if value is not None and value < 1:
                raise RobustEndoError(f"Expected {name} of at least 1, got {value}: raise it.")
        if isinstance(metrics, str):
            metrics = [metrics]
        options = {"limit": limit, "seed": seed, "workers": 1, "gallery_frames": 0, **_checked(options)}
        suite = options.pop("suite", None)
        corruptions, severities = as_corruptions(corruptions), as_severities(severities)
        if model is not None and not callable(model):
            raise RobustEndoError(
                f"Expected model to be a function of the module that returns the network, got {type(model).__name__}: "
                "write model=lambda module: module.network, for example."
            )
        config = config_from_options(options, corruptions=corruptions, severities=severities, suite=suite)  # type: ignore[arg-type]
        select_corruptions(config)  # an unknown name is an error before the training
        self._corruptions, self._severities, self._suite, self._options = corruptions, severities, suite, options
        self._every, self._data, self._classes, self._model = every_n_epochs, data, classes, model
        self._metrics = metrics
        self._frames: Dataset | None = None
        self.results: Results | None = None

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Refuse a strategy in which no process has all weights."""
        strategy = type(trainer.strategy).__name__
        if strategy in PARTITIONED:
            raise RobustEndoError(
                f"Expected a strategy in which each process has the model, such as ddp, got {strategy}: evaluate its "
                "checkpoints by rb.evaluate instead."
            )

    def on_sanity_check_end(self, trainer: Any, pl_module: Any) -> None:
        """Try one clean frame, so that data, model or metrics that do not fit are an error before the training."""
        if trainer.is_global_zero:
            metrics_of(self._evaluate(trainer, pl_module, "clean", limit=1), self._metrics)

    def on_validation_epoch_end(self, trainer: Any, pl_module: Any) -> None:
        """Evaluate and log."""
        fitting = str(getattr(trainer.state.fn, "value", trainer.state.fn)) == "fit"
        if trainer.sanity_checking or (fitting and (trainer.current_epoch + 1) % self._every):
            return
        values: dict[str, float] = {}
        if trainer.is_global_zero:
            self.results = self._evaluate(trainer, pl_module, self._corruptions)
            metrics = metrics_of(self.results, self._metrics)
            values = scalars(self.results, metrics)
            log_curves(trainer.loggers, self.results, metrics, trainer.global_step)
        values = trainer.strategy.broadcast(values)  # every process stops and saves by the same numbers
        pl_module.log_dict(values, sync_dist=trainer.world_size > 1)

    def _evaluate(self, trainer: Any, pl_module: Any, corruptions: str | Sequence[str], **options: Any) -> Results:
        network = pl_module if self._model is None else self._model(pl_module)
        modules = [pl_module, *([network] if isinstance(network, nn.Module) else [])]
        device = pl_module.device
        with undisturbed(modules, device):
            model = NetworkOfTrainer(network, trainer.precision_plugin)
            return evaluate(
                {"model": model},
                self._dataset(trainer),
                corruptions,
                self._severities,
                suite=self._suite,
                **{**self._options, "device": str(device), "precision": "fp32", **options},
            )

    def _dataset(self, trainer: Any) -> Dataset:
        if self._frames is None:
            loaders = trainer.val_dataloaders if self._data is None else self._data
            self._frames = frames_of(loaders, self._classes)
        return self._frames


def _checked(options: dict[str, Any]) -> dict[str, Any]:
    """Raise RobustEndoError for a name that :func:`rb.evaluate` does not have, or that the trainer determines."""
    known = [name for name in ("suite", *EvaluationOptions.__annotations__) if name not in OF_THE_TRAINER]
    for name in options:
        if name in OF_THE_TRAINER:
            raise RobustEndoError(f"Expected no {name} in RobustnessCallback, got one: it is that of the trainer.")
        if name not in known:
            raise unknown_name("argument of RobustnessCallback", name, known)
    return options
