"""Corruptions as transforms for ``torch.utils.data`` and torchvision v2 pipelines.

The pixels are a function of the image, its id, the seed and the epoch. No global generator is read, so the number of
workers, their order and a restart do not change the result.
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

from robustbench_endo.corruptions.base import warp_masks
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.functional import corrupt_levels
from robustbench_endo.corruptions.rng import Noise, image_key
from robustbench_endo.corruptions.severity import SEVERITIES, check_severity
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite

Grids = Sequence[Tensor | None]
"""One sampling grid (H, W, 2) per image; None if nothing moved."""

_ACCEPTED = (
    "a tensor (3, H, W) or (B, 3, H, W), a tuple that begins with one, or a mapping or dataclass with an `image`"
)


class CorruptionTransform(ABC):
    """Base class of transforms of dataset samples.

    A transform is called as ``transform(image)``, ``transform(image, mask)``, ``transform((image, mask, ...))``, or
    with a mapping or dataclass that has ``image`` and optionally ``mask`` (a dataclass: or ``targets``, a mapping) and
    ``id``, and returns the same type.
    ``image`` is a tensor (3, H, W) or (B, 3, H, W), uint8 or floating in [0, 1], and keeps its type; masks are
    integer tensors and are moved with the image (nearest neighbour) when the corruption moves it.

    The id is the keyword ``ids`` (a string; one per image for a batch), else the sample's ``id``, else a checksum of
    the image, so that the noise of an image without an id is independent, too.

    Args:
        suite: a suite, its name, or the path of its TOML file.
        seed: random seed.
    """

    def __init__(self, suite: str | Path | Suite, seed: int) -> None:
        self.suite = suite if isinstance(suite, Suite) else load_suite(suite)
        self.seed = seed

    @abstractmethod
    def select_condition(self, image_id: str) -> tuple[str, float]:
        """The corruption of an image and its severity; severity 0 leaves the image unchanged."""

    @property
    def epoch(self) -> int:
        """The replicate of the noise."""
        return 0

    def __call__(self, *inputs: Any, ids: str | Sequence[str] | None = None) -> Any:
        """Corrupt a sample.

        Raises:
            CorruptionError: a sample of an unsupported type, another number of ids than of images, values out of range.
        """
        sample = inputs[0] if len(inputs) == 1 else inputs
        original = get_image(sample)
        image = original.as_subclass(Tensor)
        batch = image if image.ndim == 4 else image[None]
        image_ids = _image_ids(batch, get_id(sample) if ids is None else ids)
        parts = [self._corrupt(item, image_id) for item, image_id in zip(batch, image_ids, strict=True)]
        corrupted = torch.stack([part for part, _ in parts]).reshape(image.shape).as_subclass(type(original))
        return replace_image(sample, corrupted, [grid for _, grid in parts])

    def _corrupt(self, image: Tensor, image_id: str) -> tuple[Tensor, Tensor | None]:
        name, severity = self.select_condition(image_id)
        if severity == 0:
            return image, None
        if image.dtype == torch.uint8:
            batch = corrupt_levels(image[None], self.suite, name, severity, [image_id], self.seed, self.epoch)
        else:
            batch = self.suite.corrupt(image[None], name, severity, [image_id], self.seed, self.epoch)
        return batch.images[0], None if batch.grid is None else batch.grid[0]


class Corrupt(CorruptionTransform):
    """One corruption at one severity: the pixels of :func:`.functional.corrupt` for the same id.

    Args:
        name: a corruption of the suite.
        severity: 0 (identity), or 1 to 5.
        suite: a suite, its name, or the path of its TOML file.
        seed: random seed.

    Raises:
        UnknownNameError: unknown corruption or suite.
        CorruptionError: invalid severity.

    >>> import torch
    >>> from robustbench_endo.corruptions import Corrupt
    >>> transform = Corrupt("elastic_transform", 3)
    >>> transform
    Corrupt('elastic_transform', 3, suite='endo19', seed=0)
    >>> image, mask = transform(torch.rand(3, 48, 64), torch.zeros(48, 64, dtype=torch.uint8), ids="frame_1.png")
    >>> image.shape, mask.shape
    (torch.Size([3, 48, 64]), torch.Size([48, 64]))
    """

    def __init__(self, name: str, severity: float, suite: str | Path | Suite = "endo19", seed: int = 0) -> None:
        super().__init__(suite, seed)
        check_severity(severity, self.suite.get(name).name)
        self.name, self.severity = name, severity

    def select_condition(self, image_id: str) -> tuple[str, float]:
        """The corruption and the severity of this transform."""
        return self.name, self.severity

    def __repr__(self) -> str:
        return f"Corrupt({self.name!r}, {self.severity}, suite={self.suite.name!r}, seed={self.seed})"


class RandomCorruption(CorruptionTransform):
    """With probability ``p`` one of several corruptions at one of several severities, selected for every image.

    The selection and the noise are keyed by (seed, epoch, id). Call :meth:`set_epoch` before each epoch; workers see
    it, persistent ones too. Without it every epoch is the same.

    Args:
        names: "all", a category, names separated by commas, or a sequence of them.
        severities: severities of 1 to 5, equally likely.
        p: probability that an image is corrupted at all.
        suite: a suite, its name, or the path of its TOML file.
        seed: random seed.

    Raises:
        UnknownNameError: an unknown corruption or suite.
        CorruptionError: a severity outside 1 to 5, a probability outside [0, 1].

    >>> import torch
    >>> from robustbench_endo.corruptions import RandomCorruption
    >>> transform = RandomCorruption("noise,blur", severities=(1, 2, 3), p=0.5)
    >>> [transform.select_condition(image_id) for image_id in ("a.png", "b.png", "c.png")]
    [('defocus_blur', 3), ('motion_blur', 0), ('gaussian_noise', 1)]
    >>> transform.set_epoch(1)
    >>> transform(torch.rand(3, 48, 64), ids="a.png").shape
    torch.Size([3, 48, 64])
    """

    def __init__(
        self,
        names: str | Sequence[str] = "all",
        severities: Sequence[float] = SEVERITIES,
        p: float = 0.5,
        suite: str | Path | Suite = "endo19",
        seed: int = 0,
    ) -> None:
        super().__init__(suite, seed)
        self.names = self.suite.select(names)
        self.severities = check_severities(severities)
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
        """Set the epoch; call it before iterating over the data loader."""
        self._epoch.fill_(epoch)

    def select_condition(self, image_id: str) -> tuple[str, float]:
        """The corruption and severity of an image in this epoch."""
        key = image_key(self.seed, image_id, "choice", self.epoch)
        apply, name, severity = Noise((key,), torch.device("cpu")).uniform((3,), 0)[0].tolist()
        selected = self.names[int(name * len(self.names))]
        return selected, self.severities[int(severity * len(self.severities))] if apply < self.p else 0

    def __repr__(self) -> str:
        return (
            f"RandomCorruption({','.join(self.names)!r}, {self.severities}, p={self.p}, "
            f"suite={self.suite.name!r}, seed={self.seed})"
        )


class CorruptedDataset:
    """A map-style dataset (:class:`torch.utils.data.Dataset` or any with ``[index]`` and ``len``) under a transform.

    The id of sample ``i`` is ``ids[i]``, else the dataset's ``ids[i]``, else its index: any number of workers, in any
    order, and a resumed run give the same pixels.

    Args:
        dataset: dataset whose samples :class:`.transforms.CorruptionTransform` accepts.
        transform: :class:`.transforms.Corrupt` or :class:`.transforms.RandomCorruption`.
        ids: stable names, one per sample.

    Raises:
        CorruptionError: another number of ids than of samples.

    >>> import torch
    >>> from robustbench_endo.corruptions import Corrupt, CorruptedDataset
    >>> frames = [torch.rand(3, 48, 64) for _ in range(2)]
    >>> data = CorruptedDataset(frames, Corrupt("contrast", 3), ids=["a.png", "b.png"])
    >>> len(data), data[1].shape
    (2, torch.Size([3, 48, 64]))
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
        """Set the epoch of a transform that differs between epochs."""
        if isinstance(self.transform, RandomCorruption):
            self.transform.set_epoch(epoch)


def check_severities(severities: Sequence[float]) -> tuple[float, ...]:
    """``severities`` as a tuple.

    Raises:
        CorruptionError: empty, or one outside 1 to 5.
    """
    if not severities or not set(severities) <= set(SEVERITIES):
        raise CorruptionError(f"Expected severities from 1 to 5, got {list(severities)}.")
    return tuple(severities)


def get_image(sample: Any) -> Tensor:
    """The image of a sample.

    Raises:
        CorruptionError: a sample of an unsupported type, or an image that is not a tensor (3, H, W) or (B, 3, H, W).
    """
    image = _image_of(sample)
    if not isinstance(image, Tensor) or image.ndim not in (3, 4) or image.shape[-3] != 3:
        actual = f"a tensor {tuple(image.shape)}" if isinstance(image, Tensor) else type(image).__name__
        raise CorruptionError(
            f"Expected {_ACCEPTED}, got {actual}: turn arrays and PIL images into RGB tensors before the corruption."
        )
    return image


def _image_of(sample: Any) -> Any:
    if isinstance(sample, Mapping):
        return sample.get("image")
    if isinstance(sample, (tuple, list)) and sample:
        return sample[0]
    return getattr(sample, "image", sample)


def get_id(sample: Any) -> Any:
    """The ``id`` of a sample; None if it has none."""
    return sample.get("id") if isinstance(sample, Mapping) else getattr(sample, "id", None)


def _image_ids(batch: Tensor, ids: str | Sequence[str] | None) -> Sequence[str]:
    if ids is None:
        return [_checksum(image) for image in batch]
    image_ids = [ids] if isinstance(ids, str) else ids
    if len(image_ids) != len(batch):
        raise CorruptionError(f"Expected one id for each of the {len(batch)} images, got {len(image_ids)}.")
    return image_ids


def _checksum(image: Tensor) -> str:
    content = image.cpu().contiguous().view(torch.uint8).numpy()
    return hashlib.blake2b(content.data, digest_size=16).hexdigest()


def replace_image(sample: Any, image: Tensor, grids: Grids) -> Any:
    """The sample with another image, and with its masks moved by the grids.

    The mask of a mapping or dataclass is its ``mask``. In a tuple, and in the mapping ``targets`` of a dataclass
    without a ``mask``, masks are the integer tensors whose last two sides equal those of the image.
    """
    if isinstance(sample, Tensor):
        return image
    if isinstance(sample, Mapping):
        return {**sample, "image": image, **({"mask": move_mask(sample["mask"], grids)} if "mask" in sample else {})}
    if dataclasses.is_dataclass(sample) and not isinstance(sample, type):
        return dataclasses.replace(sample, image=image, **_moved_fields(sample, image, grids))
    items = [image, *(move_mask(item, grids) if _is_mask(item, image) else item for item in sample[1:])]
    build: Callable[..., Any] = getattr(type(sample), "_make", type(sample))  # a namedtuple has _make
    return build(items)


def _moved_fields(sample: Any, image: Tensor, grids: Grids) -> dict[str, Any]:
    """The field ``mask``, else ``targets``, of a dataclass, moved by the grids."""
    names = {field.name for field in dataclasses.fields(sample)}
    if "mask" in names:
        return {"mask": move_mask(sample.mask, grids)}
    if "targets" in names:
        targets = sample.targets.items()
        return {"targets": {name: move_mask(item, grids) if _is_mask(item, image) else item for name, item in targets}}
    return {}


def move_mask(mask: Any, grids: Grids) -> Any:
    """A mask (H, W), (1, H, W), (B, H, W) or (B, 1, H, W) moved image by image; None stays None."""
    if mask is None or all(grid is None for grid in grids):
        return mask
    flat = mask.as_subclass(Tensor).reshape(len(grids), *mask.shape[-2:])
    parts = [
        part if grid is None else warp_masks(part[None], grid[None])[0] for part, grid in zip(flat, grids, strict=True)
    ]
    return torch.stack(parts).reshape(mask.shape).as_subclass(type(mask))


def _is_mask(item: Any, image: Tensor) -> bool:
    return isinstance(item, Tensor) and item.shape[-2:] == image.shape[-2:] and not item.is_floating_point()
