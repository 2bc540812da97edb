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

from robustbench_endo.corruptions.checks import check_frames, check_images, check_output
from robustbench_endo.corruptions.content_area import ContentArea, detect_content_area, detect_content_areas
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.kernels.backend import without_autocast
from robustbench_endo.corruptions.kernels.color.range_check import clamp_to_unit_range
from robustbench_endo.corruptions.kernels.interpolation.warp_labels import warp_labels
from robustbench_endo.corruptions.rng import Noise, image_key
from robustbench_endo.corruptions.severity import check_severity, interpolate
from robustbench_endo.corruptions.surround import (
    Areas,
    fill_bytes,
    fill_surround,
    hold_surround,
    restore_bytes,
    restore_surround,
    reveal_surround,
)

Category = Literal["noise", "blur", "occlusion", "digital"]

CATEGORIES: tuple[Category, ...] = ("noise", "blur", "occlusion", "digital")

Region = Literal["content", "frame"]
"""What a corruption changes: the content area of the scope, or the whole frame with the black surround."""

REGIONS: tuple[Region, ...] = ("content", "frame")

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
    return warp_labels(masks, grid)


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
        region: "content" for what happens before the video processor masks the frame: the black surround of the scope
            keeps its pixels, and :meth:`apply` gets a frame in which scene fills it. "frame" for codecs.
        plausible: lowest and highest severity that occur in surgery, as clinicians rate them; None: not known.

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
    region: Region = "content"
    plausible: tuple[float, float] | None = None

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

        Not for a corruption that moves or hides the scene, because a grid or an opacity is not returned.

        Args:
            frame: uint8 (H, W, 3); must not be modified.
            params: the parameters of the severity, with lengths in pixels of ``frame``.
            noise: the only source of random numbers, of one image.

        Returns:
            The corrupted frame; None, as here, where only :meth:`apply` will do.
        """
        return None

    def parameters(self, severity: float) -> Any:
        """The parameters at a severity from 1 to 5; between whole numbers they are interpolated linearly.

        Raises:
            CorruptionError: another severity.
        """
        check_severity(severity, self.name)
        return interpolate(self.severities, severity)

    def __call__(
        self,
        images: Tensor,
        severity: float,
        ids: Sequence[str],
        seed: int = 0,
        replicate: int = 0,
        reference_size: int | None = 256,
        areas: Areas | None = None,
    ) -> CorruptedBatch:
        """Corrupt a batch.

        Args:
            images: floating (B, 3, H, W) in [0, 1], any device; never modified, no gradient flows back. Computed in
                float32, also within ``torch.autocast``.
            severity: 0 (identity), or 1 to 5. All severities of an image have the same random numbers.
            ids: one stable name per image; with ``seed`` and ``replicate`` they determine all randomness.
            seed: random seed.
            replicate: number of the repetition, to corrupt the same image differently.
            reference_size: short side, in pixels, of the images to which :data:`Px` parameters refer; None if they
                are pixels of the actual image.
            areas: content area of each image, None for an image without a surround; detected by default.

        Raises:
            CorruptionError: wrong rank, channels, dtype, range, size, severity or ids.
        """
        check_severity(severity, self.name)
        check_images(images, ids)
        if severity == 0:
            return CorruptedBatch(images.detach().clone())
        params = scale_lengths(self.parameters(severity), images.shape[-2:], reference_size)
        with without_autocast(images.device):
            return self._corrupt_batch(images, params, self._keys(ids, seed, replicate), areas)

    def _corrupt_batch(self, images: Tensor, params: Any, keys: tuple[int, ...], areas: Areas | None) -> CorruptedBatch:
        noise = Noise(keys, images.device)
        content = self._areas(images, areas)
        inputs = images.detach().float().contiguous()
        if images.device.type != "cpu":
            return self._corrupt(inputs, params, noise, content, images.dtype)
        # One image at a time: a batch is then bit-identical to its items, whatever the number of threads.
        parts = [
            self._corrupt(inputs[i : i + 1], params, noise.item(i), content[i : i + 1], images.dtype)
            for i in range(len(keys))
        ]
        return CorruptedBatch(
            torch.cat([part.images for part in parts]) if len(parts) > 1 else parts[0].images,
            _concatenate([part.grid for part in parts]),
            _concatenate([part.opacity for part in parts]),
        )

    def corrupt_bytes(
        self,
        frames: NDArray[np.uint8],
        severity: float,
        ids: Sequence[str],
        seed: int = 0,
        replicate: int = 0,
        reference_size: int | None = 256,
        areas: Areas | None = None,
    ) -> NDArray[np.uint8] | None:
        """Corrupt 8-bit frames (B, H, W, 3) without values between, as a call of the corruption does.

        Returns:
            The corrupted frames; None where the corruption or its parameters need values between the levels.

        Raises:
            CorruptionError: wrong size, severity or ids.
        """
        if severity == 0 or type(self).apply_bytes is Corruption.apply_bytes:
            return None
        check_frames(frames, ids)
        params = scale_lengths(self.parameters(severity), frames.shape[1:3], reference_size)
        results = []
        with without_autocast(torch.device("cpu")):
            for i, key in enumerate(self._keys(ids, seed, replicate)):
                result = self._corrupt_bytes(frames[i], params, key, areas[i] if areas else None, detect=not areas)
                if result is None:
                    return None
                results.append(result)
        return np.stack(results) if len(results) > 1 else results[0][None]

    def _corrupt_bytes(
        self, frame: NDArray[np.uint8], params: Any, key: int, area: ContentArea | None, detect: bool
    ) -> NDArray[np.uint8] | None:
        if self.region == "frame":
            area = None
        elif detect:
            area = detect_content_area(frame)
        filled = fill_bytes(frame, area)
        result = self.apply_bytes(filled, params, Noise((key,), torch.device("cpu")))
        return None if result is None else restore_bytes(result, frame, filled, area)

    def _keys(self, ids: Sequence[str], seed: int, replicate: int) -> tuple[int, ...]:
        return tuple(image_key(seed, image_id, self.name, replicate) for image_id in ids)

    def _areas(self, images: Tensor, areas: Areas | None) -> Areas:
        if self.region == "frame":
            return (None,) * len(images)
        return detect_content_areas(images) if areas is None else areas

    def _corrupt(self, images: Tensor, params: Any, noise: Noise, areas: Areas, dtype: torch.dtype) -> CorruptedBatch:
        scene = fill_surround(images, areas)
        result = self.apply(scene, params, noise)
        batch = result if isinstance(result, CorruptedBatch) else CorruptedBatch(result)
        check_output(batch.images, images, self.name)
        clamped = batch.images if self.bounded else clamp_to_unit_range(batch.images, scene)
        if any(areas):
            batch = CorruptedBatch(clamped.contiguous(), _contiguous(batch.grid), _contiguous(batch.opacity))
            restore_surround(batch.images, images, scene, areas)
            if batch.grid is not None:
                hold_surround(batch.grid, areas)
            if batch.opacity is not None:
                reveal_surround(batch.opacity, areas)
            clamped = batch.images
        return dataclasses.replace(batch, images=clamped.to(dtype))


def _contiguous(tensor: Tensor | None) -> Tensor | None:
    return None if tensor is None else tensor.contiguous()


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
    return dataclasses.replace(params, **lengths) if lengths else params


def parameter_units(parameters: type) -> dict[str, str]:
    """The unit of each parameter of a parameter dataclass, by name."""
    return _parameter_units(parameters)


@lru_cache(maxsize=64)
def _parameter_units(parameters: Hashable) -> dict[str, str]:
    hints = get_type_hints(parameters, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}
