"""One evaluation of a LightningModule under corruptions, which leaves the training unchanged."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from robustbench_endo.data.from_torch import from_torch
from robustbench_endo.errors import DataError
from robustbench_endo.evaluation.data_argument import as_dataset
from robustbench_endo.types import ACTIVITY, MASK, Dataset

Network = Callable[[Tensor], Any]
"""Float (B, 3, H, W) in [0, 1] -> logits, or logits by task."""


class NetworkOfTrainer:
    """A network of :func:`rb.evaluate` that computes in the precision of a trainer.

    Args:
        network: returns logits by task, or one tensor: (B, C, h, w) of masks, (B, K) of activities.
        precision: the ``precision_plugin`` of the trainer.
    """

    def __init__(self, network: Network, precision: Any) -> None:
        self._network = network
        self._precision = precision

    def __call__(self, images: Tensor) -> Any:
        # Not in inference mode: what a layer stores for later calls would fail in the next backward pass.
        with torch.inference_mode(False), torch.no_grad(), self._precision.val_step_context():
            output = self._network(self._precision.convert_input(images))
        if not isinstance(output, Tensor):
            return output
        return {MASK if output.ndim == 4 else ACTIVITY: output}

    def __deepcopy__(self, memo: dict[int, Any]) -> NetworkOfTrainer:
        # A LightningModule refers to its trainer. Threads of an evaluation then take turns.
        raise NotImplementedError("the network of a trainer cannot be copied")


@contextmanager
def undisturbed(modules: Sequence[nn.Module], device: torch.device) -> Iterator[None]:
    """Put modules into eval mode; restore their modes and all random number generators at the end."""
    modes = {layer: layer.training for module in modules for layer in module.modules()}
    python, numpy = random.getstate(), np.random.get_state()  # noqa: NPY002  # the one that users' data sets use
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            for module in modules:
                module.eval()
            yield
    finally:
        for layer, training in modes.items():
            layer.training = training
        random.setstate(python)
        np.random.set_state(numpy)  # noqa: NPY002


def frames_of(data: Any, classes: Sequence[str] | None) -> Dataset:
    """The frames of a data set of this package, a torch data set, a data loader, or the first of several loaders.

    Args:
        data: see above, or the name or folder of a data set; loaders are those of ``trainer.val_dataloaders``.
        classes: names of the mask labels of a torch data set.

    Raises:
        DataError: no data.
    """
    if isinstance(data, Mapping):
        data = list(data.values())
    if data is None or (isinstance(data, (list, tuple)) and not data):
        raise DataError("Expected data for RobustnessCallback, got none and no validation data loader: give data=.")
    if isinstance(data, (list, tuple)) and isinstance(data[0], DataLoader):
        data = data[0]
    if isinstance(data, DataLoader):  # a Subset, too, has an attribute of this name
        data = data.dataset
    if isinstance(data, (str, Path, Dataset)):
        return as_dataset(data)
    return from_torch(data, classes=classes)
