"""Corruptions as transforms for ``torch.utils.data`` and torchvision v2 pipelines.

The pixels are a function of the image, its id, the seed and the epoch. No generator is read, so the number of workers,
their order and a restart change nothing.
"""

from __future__ import annotations

import dataclasses
import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import SEVERITIES, check_severity, warp_masks
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.functional import to_bytes
from robustbench_endo.corruptions.rng import Noise, image_key
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite

Grids = Sequence[Tensor | None]
"""One sampling grid (H, W, 2) an image; None where nothing moved."""

_ACCEPTED = (
    "a tensor (3, H, W) or (B, 3, H, W), a tuple that begins with one, or a mapping or dataclass with an `image`"
)


def image_of(sample: Any) -> Tensor:
    """The picture of a sample.

    Raises:
        CorruptionError: a sample of another kind, or a picture that is no tensor (3, H, W) or (B, 3, H, W).
    """
    image = _picture(sample)
    if not isinstance(image, Tensor) or image.ndim not in (3, 4) or image.shape[-3] != 3:
        found = f"a tensor {tuple(image.shape)}" if isinstance(image, Tensor) else type(image).__name__
        raise CorruptionError(
            f"Expected {_ACCEPTED}, got {found}: turn arrays and PIL pictures into RGB tensors before the corruption."
        )
    return image


def named_id(sample: Any) -> Any:
    """What the sample says its ``id`` is; None when it says nothing."""
    return sample.get("id") if isinstance(sample, Mapping) else getattr(sample, "id", None)


def rebuilt(sample: Any, image: Tensor, grids: Grids) -> Any:
    """The sample with ``image``, and with its masks moved by the grids.

    A mapping or dataclass has its mask under ``mask``; in a tuple every tensor of whole numbers whose last two sides
    are the picture's is one.
    """
    if isinstance(sample, Tensor):
        return image
    if isinstance(sample, Mapping):
        return {**sample, "image": image, **({"mask": moved(sample["mask"], grids)} if "mask" in sample else {})}
    if dataclasses.is_dataclass(sample) and not isinstance(sample, type):
        return dataclasses.replace(sample, image=image, **_moved_fields(sample, image, grids))
    items = [image, *(moved(item, grids) if _is_mask(item, image) else item for item in sample[1:])]
    build: Callable[..., Any] = getattr(type(sample), "_make", type(sample))  # a namedtuple has _make
    return build(items)


def _moved_fields(sample: Any, image: Tensor, grids: Grids) -> dict[str, Any]:
    """The fields ``mask`` or ``targets`` of a dataclass after the geometry moved; ``targets`` maps names to targets."""
    names = {field.name for field in dataclasses.fields(sample)}
    if "mask" in names:
        return {"mask": moved(sample.mask, grids)}
    if "targets" in names:
        targets = sample.targets.items()
        return {"targets": {name: moved(item, grids) if _is_mask(item, image) else item for name, item in targets}}
    return {}


def moved(mask: Any, grids: Grids) -> Any:
    """A mask (H, W), (1, H, W), (B, H, W) or (B, 1, H, W) moved image by image; None stays None."""
    if mask is None or all(grid is None for grid in grids):
        return mask
    flat = mask.as_subclass(Tensor).reshape(len(grids), *mask.shape[-2:])
    parts = [
        part if grid is None else warp_masks(part[None], grid[None])[0] for part, grid in zip(flat, grids, strict=True)
    ]
    return torch.stack(parts).reshape(mask.shape).as_subclass(type(mask))


def _picture(sample: Any) -> Any:
    if isinstance(sample, Mapping):
        return sample.get("image")
    if isinstance(sample, (tuple, list)) and sample:
        return sample[0]
    return getattr(sample, "image", sample)


def _is_mask(item: Any, image: Tensor) -> bool:
    return isinstance(item, Tensor) and item.shape[-2:] == image.shape[-2:] and not item.is_floating_point()


class CorruptionTransform(ABC):
    """A callable on pictures as a dataset hands them out.

    It takes ``transform(image)``, ``transform(image, mask)``, ``transform((image, mask, ...))`` or a mapping or
    dataclass with ``image`` and perhaps ``mask`` and ``id``, and gives the same kind back. ``image`` is a tensor
    (3, H, W) or (B, 3, H, W), uint8 or floating in [0, 1], and keeps its type; masks hold whole numbers and are moved
    with the picture (nearest neighbour) when the corruption moves it.

    The id is the keyword ``ids`` (a string, for a batch one each), else the sample's own ``id``, else a checksum of the
    image, so that an unnamed image has noise of its own, too.
    """

    def __init__(self, suite: str | Path | Suite, seed: int) -> None:
        self.suite = suite if isinstance(suite, Suite) else load_suite(suite)
        self.seed = seed

    @abstractmethod
    def choose(self, image_id: str) -> tuple[str, int]:
        """The corruption of an image and its severity; severity 0 leaves it as it is."""

    @property
    def epoch(self) -> int:
        """The replicate of the noise."""
        return 0

    def __call__(self, *inputs: Any, ids: str | Sequence[str] | None = None) -> Any:
        """The sample, damaged.

        Raises:
            CorruptionError: a sample of another kind, another number of ids than of images, values out of range.
        """
        sample = inputs[0] if len(inputs) == 1 else inputs
        given = image_of(sample)
        image = given.as_subclass(Tensor)
        batch = image if image.ndim == 4 else image[None]
        names = _names(batch, named_id(sample) if ids is None else ids)
        parts = [self._damaged(picture, name) for picture, name in zip(batch, names, strict=True)]
        damaged = torch.stack([part for part, _ in parts]).reshape(image.shape).as_subclass(type(given))
        return rebuilt(sample, damaged, [grid for _, grid in parts])

    def _damaged(self, image: Tensor, image_id: str) -> tuple[Tensor, Tensor | None]:
        name, severity = self.choose(image_id)
        if severity == 0:
            return image, None
        values = image / 255 if image.dtype == torch.uint8 else image
        damage = self.suite.corrupt(values[None], name, severity, [image_id], self.seed, self.epoch)
        picture = to_bytes(damage.images[0]) if image.dtype == torch.uint8 else damage.images[0]
        return picture, None if damage.grid is None else damage.grid[0]


class Corrupt(CorruptionTransform):
    """One corruption at one severity: the pixels of :func:`.functional.corrupt` for the same id.

    Args:
        name: a corruption of the suite.
        severity: 0 (identity) to 5.
        suite: a suite, its name, or a path to its TOML file.
        seed: of all randomness.

    Raises:
        CorruptionError: unknown name, severity or suite.
    """

    def __init__(self, name: str, severity: int, suite: str | Path | Suite = "endo19", seed: int = 0) -> None:
        super().__init__(suite, seed)
        check_severity(severity, self.suite.get(name).name)
        self.name, self.severity = name, severity

    def choose(self, image_id: str) -> tuple[str, int]:
        """Always the same."""
        return self.name, self.severity

    def __repr__(self) -> str:
        return f"Corrupt({self.name!r}, {self.severity}, suite={self.suite.name!r}, seed={self.seed})"


class RandomCorruption(CorruptionTransform):
    """With probability ``p`` one of several corruptions at one of several severities, drawn for every image.

    The draw and the noise are keyed by (seed, epoch, id). Call :meth:`set_epoch` before each epoch; workers see it,
    persistent ones too. Without it every epoch is the same.

    Args:
        names: "all", a category, names separated by commas, or a sequence of them.
        severities: equally likely, of 1 to 5.
        p: probability that an image is corrupted at all.
        suite: a suite, its name, or a path to its TOML file.
        seed: of all randomness.

    Raises:
        CorruptionError: an unknown name or suite, a severity outside 1 to 5, a probability outside [0, 1].
    """

    def __init__(
        self,
        names: str | Sequence[str] = "all",
        severities: Sequence[int] = SEVERITIES,
        p: float = 0.5,
        suite: str | Path | Suite = "endo19",
        seed: int = 0,
    ) -> None:
        super().__init__(suite, seed)
        self.names = self.suite.select(names)
        self.severities = checked_severities(severities)
        if not 0.0 <= p <= 1.0:
            raise CorruptionError(f"Expected a probability p from 0 to 1, got {p!r}.")
        self.p = p
        # In shared memory, so that workers that outlive an epoch see the next one.
        self._epoch = torch.zeros((), dtype=torch.int64).share_memory_()  # type: ignore[no-untyped-call]

    @property
    def epoch(self) -> int:
        """The epoch that was set last."""
        return int(self._epoch)

    def set_epoch(self, epoch: int) -> None:
        """Say which epoch begins; to be called before the loader is iterated."""
        self._epoch.fill_(epoch)

    def choose(self, image_id: str) -> tuple[str, int]:
        """The draw of an image in this epoch."""
        key = image_key(self.seed, image_id, "choice", 0, self.epoch)
        happens, name, severity = Noise((key,), torch.device("cpu")).uniform((3,), 0)[0].tolist()
        chosen = self.names[int(name * len(self.names))]
        return chosen, self.severities[int(severity * len(self.severities))] if happens < self.p else 0

    def __repr__(self) -> str:
        return (
            f"RandomCorruption({','.join(self.names)!r}, {self.severities}, p={self.p}, "
            f"suite={self.suite.name!r}, seed={self.seed})"
        )


def checked_severities(severities: Sequence[int]) -> tuple[int, ...]:
    """Severities to draw from.

    Raises:
        CorruptionError: none, or one outside 1 to 5.
    """
    if not severities or not set(severities) <= set(SEVERITIES):
        raise CorruptionError(f"Expected severities from 1 to 5, got {list(severities)}.")
    return tuple(severities)


def _names(batch: Tensor, ids: str | Sequence[str] | None) -> Sequence[str]:
    if ids is None:
        return [_checksum(image) for image in batch]
    names = [ids] if isinstance(ids, str) else ids
    if len(names) != len(batch):
        raise CorruptionError(f"Expected one id for each of the {len(batch)} images, got {len(names)}.")
    return names


def _checksum(image: Tensor) -> str:
    content = image.cpu().contiguous().view(torch.uint8).numpy()
    return hashlib.blake2b(content.data, digest_size=16).hexdigest()


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
            raise CorruptionError(f"Expected one id for each of the {len(dataset)} samples, got {len(ids)}.")
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
