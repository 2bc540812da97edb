"""Corruptions as transforms for ``torch.utils.data`` and torchvision v2 pipelines.

The pixels are a function of the image, its id, the seed and the epoch. No global generator is read, so the number of
workers, their order and a restart do not change the result.
"""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.functional import corrupt_levels
from robustbench_endo.corruptions.rng import Noise, image_key
from robustbench_endo.corruptions.sample_motion import Motion
from robustbench_endo.corruptions.sample_tree import (
    VIDEO,
    frames_of,
    image_size,
    like,
    read_sample,
    to_tensor,
    unwrapped_error,
)
from robustbench_endo.corruptions.severity import SEVERITIES, check_severities, check_severity
from robustbench_endo.corruptions.suite import Suite
from robustbench_endo.corruptions.suite_file import load_suite


class _CallsForward:
    """What is needed of ``torchvision.transforms.v2.Transform`` where torchvision is missing."""

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)  # type: ignore[attr-defined]


def _transform_class() -> Any:
    try:
        from torchvision.transforms.v2 import Transform
    except (ImportError, RuntimeError):  # RuntimeError: built for another torch
        return _CallsForward
    return Transform


_Transform: Any = _transform_class()


class CorruptionTransform(_Transform, ABC):  # type: ignore[misc]
    """Base class of transforms of dataset samples: a ``torchvision.transforms.v2.Transform`` where that is installed.

    A sample is an image, several arguments, or any structure of tuples, lists, dicts and named tuples, or a dataclass.
    The result has the same structure and types:

    * images: PIL, ``tv_tensors.Image``, or a plain tensor (what is called ``image``, else the first one, as in
      torchvision), (3, H, W) or (B, 3, H, W), uint8 or floating in [0, 1]. All images of a sample get the same draw.
    * ``tv_tensors.Video`` (T, 3, H, W) or (B, T, 3, H, W): one draw for a clip, so that smoke, lens and light do not
      flicker; noise of the category ``noise`` differs between its frames, as that of a sensor.
    * masks: ``tv_tensors.Mask``, what is called ``mask``, integer tensors of the image's size, PIL label maps. They are
      moved with the image (nearest neighbour) when the corruption moves it.
    * ``tv_tensors.BoundingBoxes`` of any format and ``tv_tensors.KeyPoints`` are moved, too; those of a clip with its
      first frame. Boxes are clamped to the canvas; points may leave it.
    * everything else, such as labels and floating maps, is passed through.

    The id is the keyword ``ids`` (a string; one per image for a batch), else the sample's ``id`` or ``image_id``, else
    a checksum of the image, so that the noise of an image without an id is independent, too.

    Args:
        suite: a suite, its name, or the path of its TOML file.
        seed: random seed.
    """

    def __init__(self, suite: str | Path | Suite, seed: int) -> None:
        super().__init__()
        self.suite = suite if isinstance(suite, Suite) else load_suite(suite)
        self.seed = seed

    @abstractmethod
    def select_condition(self, image_id: str) -> tuple[str, float]:
        """The corruption of an image and its severity; severity 0 leaves the image unchanged."""

    @property
    @abstractmethod
    def moves(self) -> bool:
        """Whether the transform may move the geometry, and with it masks, boxes and points."""

    @property
    def epoch(self) -> int:
        """The replicate of the noise."""
        return 0

    def forward(self, *inputs: Any, ids: str | Sequence[str] | None = None) -> Any:
        """Corrupt a sample.

        Raises:
            CorruptionError: a sample without an image, another number of ids than of images, values out of range,
                masks or boxes of another size than the image.
        """
        sample = read_sample(inputs[0] if len(inputs) == 1 else inputs)
        if self.moves and sample.unwrapped:
            raise unwrapped_error(sample.unwrapped)
        parts, image_ids, motion = list(sample.parts), None, None
        for position in sample.images:
            part, role = sample.parts[position], sample.roles[position]
            units = frames_of(part, role)
            if image_ids is None:
                image_ids, size = _image_ids(units, sample.id if ids is None else ids), image_size(part)
            elif (len(units), image_size(part)) != (len(image_ids), size):
                raise CorruptionError(
                    "Expected images of one size and number in a sample, got different ones: transform them separately."
                )
            corrupted, grids = self._corrupt(units, image_ids, role == VIDEO)
            shape = to_tensor(part).shape
            parts[position] = like(corrupted.reshape(shape), part)
            motion = motion or Motion(tuple(shape[:-3]), len(units), grids)
        if motion is not None:
            parts = [motion.move(part, role) for part, role in zip(parts, sample.roles, strict=True)]
        return sample.rebuild(parts)

    def _corrupt(self, units: Tensor, image_ids: Sequence[str], is_video: bool) -> tuple[Tensor, list[Tensor | None]]:
        results = []
        for frames, image_id in zip(units, image_ids, strict=True):
            name, severity = self.select_condition(image_id)
            differs = is_video and severity != 0 and self.suite.get(name).category == "noise"
            for number, frame in enumerate(frames):
                frame_id = f"{image_id}/{number}" if differs else image_id
                results.append(self._corrupt_frame(frame, name, severity, frame_id))
        return torch.stack([frame for frame, _ in results]), [grid for _, grid in results]

    def _corrupt_frame(self, image: Tensor, name: str, severity: float, image_id: str) -> tuple[Tensor, Tensor | None]:
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

    @property
    def moves(self) -> bool:
        """Whether the corruption moves the geometry."""
        return self.severity != 0 and self.suite.get(self.name).moves

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
    def moves(self) -> bool:
        """Whether one of the corruptions moves the geometry."""
        return self.p > 0 and any(self.suite.get(name).moves for name in self.names)

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


def _image_ids(units: Tensor, ids: Any) -> Sequence[str]:
    """The ids of images or clips; checksums where there are none."""
    if ids is None:
        return [_checksum(unit) for unit in units]
    if isinstance(ids, Tensor):
        ids = ids.tolist()
    image_ids = [str(item) for item in ids] if isinstance(ids, (list, tuple)) else [str(ids)]
    if len(image_ids) != len(units):
        raise CorruptionError(f"Expected one id for each of the {len(units)} images, got {len(image_ids)}.")
    return image_ids


def _checksum(image: Tensor) -> str:
    content = image.cpu().contiguous().view(torch.uint8).numpy()
    return hashlib.blake2b(content.data, digest_size=16).hexdigest()
