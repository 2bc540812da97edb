"""The base class of corruptions: it validates and scales, subclasses compute."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.color.range_check import clamp_to_unit_range, in_unit_range
from robustbench_endo.corruptions.rng import Noise, image_key

Category = Literal["noise", "blur", "occlusion", "digital"]

CATEGORIES: tuple[Category, ...] = ("noise", "blur", "occlusion", "digital")

SEVERITIES = (1, 2, 3, 4, 5)

MINIMUM_SIDE = 32
"""Smallest height and width of an image, in pixels."""

Px = Annotated[float, "px"]
"""A length in pixels of an image whose short side is the suite's reference size (256): scaled to the actual image."""


def warp_masks(masks: Tensor, grid: Tensor) -> Tensor:
    """Sample label maps at a grid of positions, by nearest neighbour.

    Args:
        masks: (B, H, W), any type.
        grid: (B, H, W, 2), x and y in the coordinates of ``torch.nn.functional.grid_sample(align_corners=False)``: -1
            and 1 are the outer edges of the image. Positions outside take the nearest pixel of the border.

    Returns:
        (B, H, W) of the type of ``masks``.

    >>> import torch
    >>> from robustbench_endo.corruptions import warp_masks
    >>> masks = torch.tensor([[[0, 1, 2, 3]]])
    >>> grid = torch.tensor([[[[-0.25, 0.0], [0.25, 0.0], [0.75, 0.0], [1.25, 0.0]]]])  # half the width to the right
    >>> warp_masks(masks, grid)
    tensor([[[1, 2, 3, 3]]])
    """
    count, height, width = masks.shape
    rows, columns = _pixel_index(grid[..., 1], height), _pixel_index(grid[..., 0], width)
    return masks[torch.arange(count, device=masks.device).view(-1, 1, 1), rows, columns]


def _pixel_index(position: Tensor, size: int) -> Tensor:
    return ((position.double() + 1) * size / 2).floor().long().clamp(0, size - 1)


@dataclass(frozen=True)
class CorruptedBatch:
    """A corrupted batch of images, with what the corruption did to the geometry and the visibility.

    Attributes:
        images: (B, 3, H, W) in [0, 1].
        grid: (B, H, W, 2), the position from which each output pixel was sampled, in the coordinates of
            ``torch.nn.functional.grid_sample(align_corners=False)``; None if nothing moved.
        opacity: (B, 1, H, W) in [0, 1], how much of the scene is hidden; None if nothing covers it.

    >>> import torch
    >>> from robustbench_endo.corruptions import CorruptedBatch
    >>> grid = torch.tensor([[[[-0.25, 0.0], [0.25, 0.0], [0.75, 0.0], [1.25, 0.0]]]])  # half the width to the right
    >>> batch = CorruptedBatch(torch.zeros(1, 3, 1, 4), grid)
    >>> batch.warp(torch.tensor([[[0, 1, 2, 3]]]))
    tensor([[[1, 2, 3, 3]]])
    """

    images: Tensor
    grid: Tensor | None = None
    opacity: Tensor | None = None

    def warp(self, masks: Tensor) -> Tensor:
        """Label maps (B, H, W) moved as the images were; ``masks`` itself if nothing moved."""
        return masks if self.grid is None else warp_masks(masks, self.grid.to(masks.device))


@dataclass(frozen=True)
class Corruption(ABC):
    """A kind of image degradation at five severities.

    A subclass is a frozen dataclass that sets the class attributes, gives ``severities`` a default and implements
    :meth:`apply`. The base class validates the input, scales lengths to the image, and clamps the result.

    Attributes:
        name: identifier, such as ``gaussian_noise``.
        category: ``noise``, ``blur``, ``occlusion`` or ``digital``.
        cause: why it occurs in surgery, one sentence.
        citation: publication of the model and its parameters.
        bounded: set to True if :meth:`apply` returns a new tensor in [0, 1], which saves the clamping.
        moves: set to True if :meth:`apply` moves the geometry, and with it the masks.
        stochastic: set to False if :meth:`apply` uses no random number, so that repetitions are not computed.
        model: which of several implementations of one corruption this is; a suite file selects it.
        severities: five instances of the corruption's parameter dataclass, whose fields have a unit as
            ``Annotated[float, "unit"]``; fields of type :data:`Px` are scaled to the image.

    Raises:
        CorruptionError: not exactly five severities.

    >>> from dataclasses import dataclass
    >>> from typing import Annotated, ClassVar
    >>> import torch
    >>> from robustbench_endo.corruptions import Category, Corruption
    >>> @dataclass(frozen=True)
    ... class DimParams:
    ...     factor: Annotated[float, "share"]
    >>> @dataclass(frozen=True)
    ... class Dim(Corruption):
    ...     name: ClassVar[str] = "dim"
    ...     category: ClassVar[Category] = "digital"
    ...     cause: ClassVar[str] = "The lamp is at the end of its life."
    ...     citation: ClassVar[str] = "This example."
    ...     severities: tuple[DimParams, ...] = tuple(DimParams(0.9 - i / 10) for i in range(5))
    ...
    ...     def apply(self, images, params, noise):
    ...         return images.mul(params.factor)
    >>> Dim()(torch.ones(1, 3, 32, 32), severity=5, ids=["a.png"]).images.mean()
    tensor(0.5000)
    """

    name: ClassVar[str]
    category: ClassVar[Category]
    cause: ClassVar[str]
    citation: ClassVar[str]
    bounded: ClassVar[bool] = False
    stochastic: ClassVar[bool] = True
    moves: ClassVar[bool] = False
    model: ClassVar[str] = "endo"

    severities: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        if len(self.severities) != 5:
            raise CorruptionError(
                f"Corruption {self.name}: expected parameters of 5 severities, got {len(self.severities)}."
            )

    @abstractmethod
    def apply(self, images: Tensor, params: Any, noise: Noise) -> Tensor | CorruptedBatch:
        """Corrupt ``images``; the caller clamps the result to [0, 1] unless the corruption is ``bounded``.

        Args:
            images: float32 (B, 3, H, W) in [0, 1]; must not be modified.
            params: the parameters of the severity, with lengths in pixels of ``images``.
            noise: the only source of random numbers.

        Returns:
            The corrupted images, or a :class:`CorruptedBatch` if the corruption moves or hides the scene.
        """

    def apply_bytes(self, frame: NDArray[np.uint8], params: Any, noise: Noise) -> NDArray[np.uint8] | None:
        """Corrupt 8-bit levels (H, W, 3) without values between, within a level of the rounded :meth:`apply`.

        Args:
            frame: uint8 (H, W, 3); must not be modified.
            params: the parameters of the severity, with lengths in pixels of ``frame``.
            noise: the only source of random numbers, of one image.

        Returns:
            The corrupted frame; None, as here, where only :meth:`apply` will do.
        """
        return None

    def __call__(
        self,
        images: Tensor,
        severity: int,
        ids: Sequence[str],
        seed: int = 0,
        replicate: int = 0,
        reference_size: int | None = 256,
    ) -> CorruptedBatch:
        """Corrupt a batch.

        Args:
            images: floating (B, 3, H, W) in [0, 1], any device; never modified, no gradient flows back.
            severity: 0 (identity) to 5.
            ids: one stable name per image; with ``seed`` and ``replicate`` they determine all randomness.
            seed: random seed.
            replicate: number of the repetition, to corrupt the same image differently.
            reference_size: short side, in pixels, of the images to which :data:`Px` parameters refer; None if they
                are pixels of the actual image.

        Raises:
            CorruptionError: wrong rank, channels, dtype, range, size, severity or ids.
        """
        check_severity(severity, self.name)
        check_images(images, ids)
        if severity == 0:
            return CorruptedBatch(images.detach().clone())
        params = scale_lengths(self.severities[severity - 1], images.shape[-2:], reference_size)
        keys = tuple(image_key(seed, image_id, self.name, severity, replicate) for image_id in ids)
        noise = Noise(keys, images.device)
        inputs = images.detach().float().contiguous()
        if images.device.type != "cpu":
            return self._corrupt(inputs, params, noise, images.dtype)
        # One image at a time: a batch is then bit-identical to its items, whatever the number of threads.
        parts = [self._corrupt(inputs[i : i + 1], params, noise.item(i), images.dtype) for i in range(len(keys))]
        return CorruptedBatch(
            torch.cat([part.images for part in parts]) if len(parts) > 1 else parts[0].images,
            _concatenate([part.grid for part in parts]),
            _concatenate([part.opacity for part in parts]),
        )

    def _corrupt(self, images: Tensor, params: Any, noise: Noise, dtype: torch.dtype) -> CorruptedBatch:
        result = self.apply(images, params, noise)
        batch = result if isinstance(result, CorruptedBatch) else CorruptedBatch(result)
        check_output(batch.images, images, self.name)
        clamped = batch.images if self.bounded else clamp_to_unit_range(batch.images, images)
        return dataclasses.replace(batch, images=clamped.to(dtype))


def _concatenate(parts: Sequence[Tensor | None]) -> Tensor | None:
    present = [part for part in parts if part is not None]
    if len(present) <= 1:
        return present[0] if present else None
    return torch.cat(present)


def scale_lengths(params: Any, size: Sequence[int], reference_size: int | None) -> Any:
    """``params`` with every :data:`Px` field multiplied by short side / ``reference_size``."""
    if reference_size is None:
        return params
    factor = min(size) / reference_size
    units = parameter_units(type(params))
    lengths = {name: getattr(params, name) * factor for name, unit in units.items() if unit == "px"}
    return dataclasses.replace(params, **lengths)


def parameter_units(parameters: type) -> dict[str, str]:
    """The unit of each parameter of a parameter dataclass, by name."""
    return _parameter_units(parameters)


@lru_cache(maxsize=64)
def _parameter_units(parameters: Hashable) -> dict[str, str]:
    hints = get_type_hints(parameters, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}


def check_severity(severity: int, name: str) -> None:
    """Raise :class:`CorruptionError` unless ``severity`` is an integer from 0 to 5."""
    if isinstance(severity, bool) or not isinstance(severity, int) or not 0 <= severity <= 5:
        raise CorruptionError(f"Corruption {name}: expected a severity from 0 to 5, got {severity!r}.")


def check_output(output: object, images: Tensor, name: str) -> None:
    """Raise :class:`CorruptionError` unless ``apply`` returned a tensor of the shape and device of ``images``."""
    if not isinstance(output, Tensor):
        raise CorruptionError(f"Corruption {name}: expected apply to return a tensor, got {type(output).__name__}.")
    if output.shape != images.shape or output.device != images.device:
        raise CorruptionError(
            f"Corruption {name}: expected apply to return shape {tuple(images.shape)} on {images.device}, "
            f"got {tuple(output.shape)} on {output.device}."
        )


def check_images(images: Tensor, ids: Sequence[str]) -> None:
    """Raise :class:`CorruptionError` unless ``images`` is a finite floating (B, 3, H, W) in [0, 1] with one id each."""
    if not isinstance(images, Tensor) or images.ndim != 4 or images.shape[1] != 3:
        actual = tuple(images.shape) if isinstance(images, Tensor) else type(images).__name__
        raise CorruptionError(f"Expected images of shape (B, 3, H, W), got {actual}.")
    if not images.is_floating_point():
        raise CorruptionError(
            f"Expected floating images in [0, 1], got {images.dtype}: divide uint8 images by 255, "
            "or use robustbench_endo.corrupt, which does."
        )
    _check_size(images.shape[-2:])
    _check_range(images)
    _check_ids(ids, images.shape[0])


def check_frames(frames: NDArray[np.uint8], ids: Sequence[str]) -> None:
    """Raise :class:`CorruptionError` unless 8-bit ``frames`` (B, H, W, 3) are large enough and have one id each."""
    _check_size(frames.shape[1:3])
    _check_ids(ids, len(frames))


def _check_size(size: Sequence[int]) -> None:
    if min(size) < MINIMUM_SIDE:
        raise CorruptionError(
            f"Expected images of at least {MINIMUM_SIDE} x {MINIMUM_SIDE} pixels, got {size[0]} x {size[1]}."
        )


def _check_range(images: Tensor) -> None:
    if not in_unit_range(images):
        low, high = (float(value) for value in images.detach().aminmax())
        raise CorruptionError(
            f"Expected finite image values in [0, 1], got {low:g} to {high:g}: divide by the white level first."
        )


def _check_ids(ids: Sequence[str], count: int) -> None:
    if isinstance(ids, str) or len(ids) != count:
        actual = "one string" if isinstance(ids, str) else f"{len(ids)} ids"
        raise CorruptionError(f"Expected one id for each of the {count} images, got {actual}.")
    if len(set(ids)) != len(ids):
        repeated = sorted({name for name in ids if list(ids).count(name) > 1})
        raise CorruptionError(f"Expected ids that differ within a batch, got {repeated[0]!r} more than once.")
