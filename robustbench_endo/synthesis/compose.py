"""Composition of one synthesized image, a pure function of (seed, index, sources)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis.background_augment import (
    AugmentedBackground,
    augment_background,
    soft_aperture,
    warp_affine,
)
from robustbench_endo.synthesis.backgrounds import Backgrounds
from robustbench_endo.synthesis.config import SynthesisConfig
from robustbench_endo.synthesis.cutout import Cutout
from robustbench_endo.synthesis.cutout_collection import CutoutCollection
from robustbench_endo.synthesis.harmonization import (
    colour_gains,
    contact_shadow,
    illumination,
    matching_blur,
    mean_colour,
    sharpness,
)
from robustbench_endo.synthesis.placement import Placement, sample_placement
from robustbench_endo.synthesis.utils import Bytes, Flags, Floats, luma
from robustbench_endo.types import IGNORE

_CANDIDATES = 12
"""Number of cut-outs that are tried for an image."""

_MAX_OVERLAP = 0.25
"""Largest share of either of two instruments that the other may cover."""


class Layer(NamedTuple):
    """A placed instrument.

    Attributes:
        image: float32 (H, W, 3) in [0, 1].
        alpha: opacity, float32 (H, W).
        labels: uint8 (H, W).
    """

    image: Floats
    alpha: Floats
    labels: Bytes

    @property
    def solid(self) -> Flags:
        """bool (H, W): where the opacity is at least one half."""
        return self.alpha >= 0.5


class PlacedCutout(NamedTuple):
    """A cut-out, its placement, and the layer that results."""

    cutout: Cutout
    placement: Placement
    layer: Layer


class Composite(NamedTuple):
    """An unfinished image: float32 (H, W, 3) in [0, 1], labels uint8 (H, W)."""

    image: Floats
    labels: Bytes


class BackgroundStats(NamedTuple):
    """Properties of a background that instruments adapt to: mean colour, illumination and sharpness."""

    colour: Floats
    illumination: Floats
    sharpness: float


@dataclass(frozen=True)
class SynthesisSources:
    """Sources and rules of a synthesis.

    Attributes:
        collection: the instruments.
        backgrounds: the tissue.
        rule: `source`, `count` or `none`, the activity rule of
            :class:`robustbench_endo.synthesis.config.SynthesisConfig`.
        background_label: label of pixels without instrument: 0, or 255 where it is unknown which tissue they show.
    """

    collection: CutoutCollection
    backgrounds: Backgrounds
    rule: str
    background_label: int


@dataclass(frozen=True)
class SyntheticImage:
    """An image with its targets.

    Attributes:
        image: uint8 (H, W, 3).
        mask: uint8 (H, W), the data set's labels.
        activity: name of its folder; None for a data set without activities.
        record: sources and placements of everything in the image, for JSON.
    """

    image: Bytes
    mask: Bytes
    activity: str | None
    record: dict[str, Any]


def compose(sources: SynthesisSources, config: SynthesisConfig, index: int) -> SyntheticImage:
    """The image of an index, independent of all other images.

    Raises:
        SynthesisError: no cut-out could be placed on the background.
    """
    rng = np.random.default_rng([config.seed, index])
    number = int(rng.integers(len(sources.backgrounds)))
    background = augment_background(sources.backgrounds.load(number), sources.collection.size, rng)
    subject = sources.backgrounds.subject_id(number)
    placed = _place_cutouts(sources, config, background, subject, rng)
    if not placed:
        raise SynthesisError(
            f"Cannot place an instrument in image {index}: none of {_CANDIDATES} fits at scales from "
            f"{config.scales[0]} to {config.scales[1]}. Allow other scales or another size."
        )
    composite = _blend_layers(background, placed, sources.background_label, rng)
    record = {
        "background": sources.backgrounds.id(number),
        "background_subject": subject,
        "instruments": [_describe(item) for item in placed],
    }
    pixels = np.rint(255 * np.clip(composite.image, 0, 1)).astype(np.uint8)
    return SyntheticImage(pixels, composite.labels, _activity(sources.rule, placed), record)


def background_stats(background: AugmentedBackground) -> BackgroundStats:
    """Statistics of the tissue in view."""
    sharp = sharpness(luma(background.image), background.view)
    colour = mean_colour(background.image, background.view)
    return BackgroundStats(colour, illumination(background.image, background.view), sharp)


def warp_cutout(cutout: Cutout, placement: Placement, size: tuple[int, int]) -> Layer:
    """The cut-out at its placement in a frame of ``size`` (height, width), with its original colours."""
    inverse = np.linalg.inv(placement.matrix)
    # Pillow's coordinates refer to the corners of pixels, the placement's to their centres.
    offset = 0.5 + inverse @ (-placement.offset - 0.5)
    image = warp_affine(cutout.image, inverse, offset, size, Image.Resampling.BICUBIC)
    alpha = warp_affine(cutout.alpha, inverse, offset, size, Image.Resampling.BILINEAR)
    labels = warp_affine(cutout.labels, inverse, offset, size, Image.Resampling.NEAREST)
    return Layer(image.astype(np.float32) / 255, alpha.astype(np.float32) / 255, labels)


def harmonize(layer: Layer, cutout: Cutout, background: BackgroundStats, rng: np.random.Generator) -> Layer:
    """The layer under the background's light and not sharper than its texture."""
    blur = matching_blur(cutout.sharpness, background.sharpness)
    image, alpha = layer.image, layer.alpha
    if blur:
        image, alpha = gaussian_filter(image, (blur, blur, 0)), gaussian_filter(alpha, blur)
    lit = image * colour_gains(cutout.tissue, background.colour, rng) * background.illumination[..., None]
    return Layer(np.clip(lit, 0, 1), alpha, layer.labels)


def blend_layer(composite: Composite, layer: Layer, rng: np.random.Generator) -> Composite:
    """The composite with an instrument on top: a soft shadow, then the instrument's colours by its opacity."""
    shaded = composite.image * contact_shadow(layer.alpha, rng)[..., None]
    alpha = layer.alpha[..., None]
    labels = np.where(layer.solid & (layer.labels > 0), layer.labels, composite.labels)
    return Composite(alpha * layer.image + (1 - alpha) * shaded, labels.astype(np.uint8))


def _place_cutouts(
    sources: SynthesisSources,
    config: SynthesisConfig,
    background: AugmentedBackground,
    subject_id: str,
    rng: np.random.Generator,
) -> list[PlacedCutout]:
    """Randomly selected cut-outs at random placements, the lowest first."""
    count = int(rng.integers(1, config.max_instruments + 1))
    candidates = [
        cutout
        for cutout in sources.collection.cutouts
        if not config.within_subjects or cutout.origin.subject_id == subject_id
    ]
    placed: list[PlacedCutout] = []
    for number in rng.permutation(len(candidates))[:_CANDIDATES]:
        cutout = candidates[number]
        if placed and sources.rule == "source" and cutout.origin.activity != placed[0].cutout.origin.activity:
            continue
        placement = sample_placement(cutout, background.view, config.scales, rng)
        if placement is None:
            continue
        layer = warp_cutout(cutout, placement, sources.collection.size)
        if not any(_overlap(layer.solid, other.layer.solid) for other in placed):
            placed.append(PlacedCutout(cutout, placement, layer))
        if len(placed) == count:
            break
    return placed


def _overlap(one: Flags, other: Flags) -> bool:
    """Whether either of two areas covers too much of the other."""
    return bool((one & other).sum() > _MAX_OVERLAP * min(one.sum(), other.sum()))


def _blend_layers(
    background: AugmentedBackground, placed: list[PlacedCutout], background_label: int, rng: np.random.Generator
) -> Composite:
    stats = background_stats(background)
    composite = Composite(background.image, np.full(background.view.shape, background_label, np.uint8))
    for item in placed:
        composite = blend_layer(composite, harmonize(item.layer, item.cutout, stats, rng), rng)
    outside = 0 if background_label != IGNORE else background_label
    labels = np.where(background.view, composite.labels, outside).astype(np.uint8)
    return Composite(composite.image * soft_aperture(background.view)[..., None], labels)


def _activity(rule: str, placed: list[PlacedCutout]) -> str | None:
    if rule == "count":
        return "1" if len(placed) == 1 else "2"
    return placed[0].cutout.origin.activity if rule == "source" else None


def _describe(item: PlacedCutout) -> dict[str, Any]:
    origin, placement = item.cutout.origin, item.placement
    return {
        "frame": origin.frame,
        "subject_id": origin.subject_id,
        "activity": origin.activity,
        "piece": origin.piece,
        "side": placement.side,
        "scale": round(placement.scale, 4),
        "degrees": round(placement.degrees, 2),
        "mirrored": placement.mirrored,
    }
