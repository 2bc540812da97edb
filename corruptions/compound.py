"""Compound corruptions: several at once, in the order in which light, optics, sensor and codec act."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor

from robustbench_endo.corruptions.base import CorruptedBatch, Corruption
from robustbench_endo.corruptions.errors import CorruptionError
from robustbench_endo.corruptions.rng import Noise
from robustbench_endo.corruptions.severity import SEVERITIES
from robustbench_endo.corruptions.surround import Areas

SEPARATOR = "+"
"""Between the names of the parts of a compound corruption."""

COMPOUND = "compound"
"""The category of compound corruptions."""

_ORDER = (
    *("bleeding", "smoke", "bubbles"),  # scene
    *("brightness", "specular_glare"),  # light
    *("lens_fog", "spatter", "elastic_transform", "lens_distortion", "vignetting"),  # lens
    *("defocus_blur", "depth_defocus", "gaussian_blur", "glass_blur"),
    *("zoom_blur", "motion_blur"),  # motion
    *("low_light", "shot_noise", "gaussian_noise", "speckle_noise", "impulse_noise"),  # sensor
    *("white_balance", "gamma_correction", "contrast", "saturate", "edge_enhancement"),  # processor
    *("interlacing", "pixelate", "jpeg2000", "jpeg_compression", "video_compression"),  # codec
)
_LAST_OF_CATEGORY = {
    "occlusion": "bubbles",
    "blur": "glass_blur",
    "noise": "impulse_noise",
    "digital": "edge_enhancement",
}
"""Where corruptions that :data:`_ORDER` does not name act, such as a user's own: after this one."""


@dataclass(frozen=True)
class CompoundParams:
    """Parameters of a compound corruption.

    Attributes:
        severity: of each part.
    """

    severity: Annotated[int, "of each part"]


@dataclass(frozen=True, init=False)
class CompoundCorruption(Corruption):
    """Several corruptions in physical order, each with its own random numbers and all at one severity.

    Attributes:
        parts: at least two corruptions of different names, sorted by the constructor.

    Raises:
        CorruptionError: fewer parts, or two of one name.

    >>> from robustbench_endo.corruptions import load_suite
    >>> suite = load_suite("endo19")
    >>> compound = CompoundCorruption((suite.get("jpeg_compression"), suite.get("smoke")))
    >>> compound.name
    'smoke+jpeg_compression'
    >>> compound(torch.rand(1, 3, 32, 32), 3, ids=["a.png"]).images.shape
    torch.Size([1, 3, 32, 32])
    """

    parts: tuple[Corruption, ...] = ()
    severities: tuple[Any, ...] = tuple(CompoundParams(severity) for severity in SEVERITIES)

    def __init__(self, parts: Sequence[Corruption]) -> None:
        object.__setattr__(self, "parts", tuple(sorted(parts, key=physical_order)))
        object.__setattr__(self, "severities", type(self).severities)
        names = [part.name for part in self.parts]
        if len(set(names)) < max(2, len(names)):
            raise CorruptionError(
                f"Expected at least two different corruptions in a compound, got {SEPARATOR.join(names)}: write for "
                "example smoke+defocus_blur."
            )
        described = {
            "name": SEPARATOR.join(names),
            "category": COMPOUND,
            "cause": f"Several causes at once, in physical order: {', '.join(names)}.",
            "citation": "Parts as cited; pairs by covering arrays (Colbourn, 2004).",
            "stochastic": any(part.stochastic for part in self.parts),
            "moves": any(part.moves for part in self.parts),
            "bounded": True,
        }
        for name, value in described.items():
            object.__setattr__(self, name, value)

    def apply(self, images: Tensor, params: CompoundParams, noise: Noise) -> CorruptedBatch:
        """Not used: a call applies the parts with their own parameters and random numbers."""
        raise NotImplementedError

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
        """Corrupt a batch by each part in turn, see :meth:`.base.Corruption.__call__`.

        The displacements of the parts are composed; the scene is hidden by 1 - (1 - opacity of each part).
        """
        result = CorruptedBatch(images)
        content = self._areas(images, areas)  # of the image before it is corrupted
        for part in self.parts:
            step = part(result.images, severity, ids, seed, replicate, reference_size, content)
            result = combine(result, step)
        return result


def physical_order(corruption: Corruption) -> int:
    """The position of a corruption on the way of the light from the scene to the file."""
    name = corruption.name if corruption.name in _ORDER else _LAST_OF_CATEGORY.get(corruption.category, _ORDER[-1])
    return 2 * _ORDER.index(name) + (corruption.name not in _ORDER)


def combine(first: CorruptedBatch, second: CorruptedBatch) -> CorruptedBatch:
    """What two corruptions did together, the second of which was applied to the images of the first."""
    grid = _sampled(first.grid.movedim(3, 1), second.grid).movedim(1, 3) if first.grid is not None else second.grid
    opacity = second.opacity
    if first.opacity is not None:
        opacity = _sampled(first.opacity, second.grid)
        if second.opacity is not None:
            opacity = 1 - (1 - opacity) * (1 - second.opacity)
    return CorruptedBatch(second.images, grid, opacity)


def _sampled(values: Tensor, grid: Tensor | None) -> Tensor:
    """Values (B, C, H, W) at the positions of a grid, bilinear; the nearest ones outside."""
    if grid is None:
        return values
    sampled = torch.nn.functional.grid_sample(
        values.double(), grid.double(), mode="bilinear", padding_mode="border", align_corners=False
    )
    return sampled.to(values.dtype)
