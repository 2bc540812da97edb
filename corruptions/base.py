"""The contract of a corruption: the base class validates and scales, a subclass computes."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, ClassVar, Literal, get_type_hints

import torch
from torch import Tensor

from .checks import check_damage, check_images, check_severities, check_severity
from .kernels.pixels.settle import clamped
from .noise_source import Noise, image_key
from .warp import warp_masks

Group = Literal["noise", "blur", "occlusion", "digital"]
GROUPS: tuple[Group, ...] = ("noise", "blur", "occlusion", "digital")
SEVERITIES = (1, 2, 3, 4, 5)

Pixels = Annotated[float, "px"]
"""A length in pixels of an image whose short side is the suite's reference (256): scaled to the image at hand."""


@dataclass(frozen=True)
class Damage:
    """What a corruption does to a batch.

    Attributes:
        images: (B, 3, H, W) in [0, 1].
        grid: (B, H, W, 2), where each output pixel was taken from, in the coordinates of
            ``torch.nn.functional.grid_sample(align_corners=False)``; None when nothing moved.
        opacity: (B, 1, H, W) in [0, 1], how much of the scene is hidden; None when nothing covers it.
    """

    images: Tensor
    grid: Tensor | None = None
    opacity: Tensor | None = None

    def warp(self, masks: Tensor) -> Tensor:
        """Label maps (B, H, W) moved as the pictures were; ``masks`` itself when nothing moved."""
        return masks if self.grid is None else warp_masks(masks, self.grid.to(masks.device))


@dataclass(frozen=True)
class Corruption(ABC):
    """One way in which a surgical picture goes bad, at five severities.

    A subclass is a frozen dataclass that sets the class attributes below, gives ``severities`` a default (a tuple of
    five instances of its own parameter dataclass, whose fields carry their unit as ``Annotated[float, "unit"]``;
    fields of type :data:`Pixels` arrive scaled to the image) and writes :meth:`apply`.

    Raises:
        CorruptionError: not exactly five severities.
    """

    name: ClassVar[str]
    group: ClassVar[Group]
    cause: ClassVar[str]
    reference: ClassVar[str]

    bounded: ClassVar[bool] = False
    """True when :meth:`apply` itself keeps to [0, 1], in a tensor of its own: a pass over the picture less."""

    severities: tuple[Any, ...] = ()

    def __post_init__(self) -> None:
        check_severities(self.severities, self.name)

    @abstractmethod
    def apply(self, images: Tensor, params: Any, noise: Noise) -> Tensor | Damage:
        """Damage float32 ``images`` (B, 3, H, W) in [0, 1]; the result is clamped to [0, 1] by the caller,
        unless the corruption is ``bounded``."""

    def __call__(
        self,
        images: Tensor,
        severity: int,
        ids: Sequence[str],
        seed: int = 0,
        replicate: int = 0,
        reference: int | None = 256,
    ) -> Damage:
        """Damage a batch.

        Args:
            images: floating (B, 3, H, W) in [0, 1], any device; never mutated, no gradient flows back.
            severity: 0 (identity) to 5.
            ids: one stable name an image; with ``seed`` and ``replicate`` they decide all randomness.
            reference: short side, in pixels, at which :data:`Pixels` parameters are meant; None when they are
                pixels of the image itself.

        Raises:
            CorruptionError: wrong rank, channels, dtype, range, size, severity or ids.
        """
        check_severity(severity, self.name)
        check_images(images, ids)
        if severity == 0:
            return Damage(images.detach().clone())
        params = scaled(self.severities[severity - 1], images.shape[-2:], reference)
        keys = tuple(image_key(seed, image_id, self.name, severity, replicate) for image_id in ids)
        noise = Noise(keys, images.device)
        pictures = images.detach().float().contiguous()
        if images.device.type != "cpu":
            return self._damage(pictures, params, noise, images.dtype)
        # One image at a time: a batch then equals its items to the bit, whatever the thread layout.
        parts = [self._damage(pictures[i : i + 1], params, noise.item(i), images.dtype) for i in range(len(keys))]
        return Damage(
            torch.cat([part.images for part in parts]) if len(parts) > 1 else parts[0].images,
            _joined([part.grid for part in parts]),
            _joined([part.opacity for part in parts]),
        )

    def _damage(self, images: Tensor, params: Any, noise: Noise, dtype: torch.dtype) -> Damage:
        result = self.apply(images, params, noise)
        damage = result if isinstance(result, Damage) else Damage(result)
        check_damage(damage.images, images, self.name)
        kept = damage.images if self.bounded else clamped(damage.images, images)
        return dataclasses.replace(damage, images=kept.to(dtype))


def scaled(params: Any, size: Sequence[int], reference: int | None) -> Any:
    """``params`` with every :data:`Pixels` field multiplied by short side / ``reference``."""
    if reference is None:
        return params
    factor = min(size) / reference
    lengths = {name: getattr(params, name) * factor for name, unit in units(type(params)).items() if unit == "px"}
    return dataclasses.replace(params, **lengths)


def units(parameters: type) -> dict[str, str]:
    """The unit of each parameter of a severity, by name."""
    return _units(parameters)


@lru_cache(maxsize=64)
def _units(parameters: Hashable) -> dict[str, str]:
    hints = get_type_hints(parameters, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items() if hasattr(hint, "__metadata__")}


def _joined(parts: Sequence[Tensor | None]) -> Tensor | None:
    present = [part for part in parts if part is not None]
    if len(present) <= 1:
        return present[0] if present else None
    return torch.cat(present)
