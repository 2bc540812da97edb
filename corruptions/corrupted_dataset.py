"""A dataset whose samples are corrupted as they are read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .errors import CorruptionError
from .transforms import CorruptionTransform, RandomCorruption


class CorruptedDataset:
    """A map-style dataset (:class:`torch.utils.data.Dataset` or any with ``[index]`` and ``len``) under a transform.

    The id of sample ``i`` is ``ids[i]``, else the dataset's own ``ids[i]``, else its index: the same pixels come from
    any number of workers, in any order, in a resumed run.

    Args:
        dataset: its samples are of a kind that :class:`.transforms.CorruptionTransform` takes.
        transform: :class:`.transforms.Corrupt` or :class:`.transforms.RandomCorruption`.
        ids: stable names, one a sample.

    Raises:
        CorruptionError: another number of ids than of samples.
    """

    def __init__(self, dataset: Any, transform: CorruptionTransform, ids: Sequence[str] | None = None) -> None:
        if ids is not None and len(ids) != len(dataset):
            raise CorruptionError(f"Expected one id for each of the {len(dataset)} samples, found {len(ids)}.")
        self.dataset, self.transform = dataset, transform
        self.ids = getattr(dataset, "ids", None) if ids is None else ids

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Any:
        """Sample ``index``, corrupted."""
        sample = self.dataset[index]
        position = index % len(self.dataset)
        return self.transform(sample, ids=str(position) if self.ids is None else self.ids[position])

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins, where the transform draws anew in each."""
        if isinstance(self.transform, RandomCorruption):
            self.transform.set_epoch(epoch)
