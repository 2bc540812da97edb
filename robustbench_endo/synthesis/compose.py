"""One synthesised picture, a pure function of (seed, index, sources)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from robustbench_endo.errors import SynthesisError
from robustbench_endo.synthesis.background_augment import StagedBackground, aperture, stage, warped
from robustbench_endo.synthesis.backgrounds import Backgrounds
from robustbench_endo.synthesis.cutout import Cutout
from robustbench_endo.synthesis.cutout_collection import Pool
from robustbench_endo.synthesis.harmonization import (
    contact_shadow,
    gains,
    matching_blur,
    mean_colour,
    shading,
    sharpness,
)
from robustbench_endo.synthesis.placement import Placement, place
from robustbench_endo.synthesis.settings import SynthesisConfig
from robustbench_endo.synthesis.utils import Bytes, Flags, Floats, luma
from robustbench_endo.types import IGNORE


class Layer(NamedTuple):
    """An instrument in its place: float32 (H, W, 3) in [0, 1], opacity float32 (H, W), labels uint8 (H, W)."""

    image: Floats
    alpha: Floats
    labels: Bytes

    @property
    def solid(self) -> Flags:
        """bool (H, W): where the instrument is rather than not."""
        return self.alpha >= 0.5


class Scene(NamedTuple):
    """A picture in the making: float32 (H, W, 3) in [0, 1], labels uint8 (H, W)."""

    image: Floats
    labels: Bytes


class Surroundings(NamedTuple):
    """What instruments adapt to: mean colour, slow shading and sharpness of the background."""

    colour: Floats
    shade: Floats
    crisp: float


def surroundings(stage: StagedBackground) -> Surroundings:
    """Measured on the tissue in view."""
    crisp = sharpness(luma(stage.image), stage.view)
    return Surroundings(mean_colour(stage.image, stage.view), shading(stage.image, stage.view), crisp)


def layer(cutout: Cutout, place: Placement, size: tuple[int, int]) -> Layer:
    """The cut-out in its place, with its own colours."""
    back = np.linalg.inv(place.matrix)
    # Pillow counts from the corners of pixels, we from their centres.
    offset = 0.5 + back @ (-place.offset - 0.5)
    parts = {
        "image": warped(cutout.image, back, offset, size, Image.Resampling.BICUBIC),
        "alpha": warped(cutout.alpha, back, offset, size, Image.Resampling.BILINEAR),
        "labels": warped(cutout.labels, back, offset, size, Image.Resampling.NEAREST),
    }
    return Layer(parts["image"].astype(np.float32) / 255, parts["alpha"].astype(np.float32) / 255, parts["labels"])


def adapted(piece: Layer, cutout: Cutout, around: Surroundings, rng: np.random.Generator) -> Layer:
    """The layer under the background's light and as sharp as its texture."""
    blur = matching_blur(cutout.sharpness, around.crisp)
    image, alpha = piece.image, piece.alpha
    if blur:
        image, alpha = gaussian_filter(image, (blur, blur, 0)), gaussian_filter(alpha, blur)
    lit = image * gains(cutout.tissue, around.colour, rng) * around.shade[..., None]
    return Layer(np.clip(lit, 0, 1), alpha, piece.labels)


def lay(scene: Scene, piece: Layer, rng: np.random.Generator) -> Scene:
    """The scene with an instrument on top: a soft shadow, then its colours by its opacity."""
    shaded = scene.image * contact_shadow(piece.alpha, rng)[..., None]
    alpha = piece.alpha[..., None]
    labels = np.where(piece.solid & (piece.labels > 0), piece.labels, scene.labels)
    return Scene(alpha * piece.image + (1 - alpha) * shaded, labels.astype(np.uint8))


_CANDIDATES = 12
"""Cut-outs that are tried for one place in a picture."""

_OVERLAP = 0.25
"""Largest share of either of two instruments that may lie over or under the other."""


@dataclass(frozen=True)
class Sources:
    """What pictures are made of.

    Attributes:
        rule: `source`, `count` or `none`, see :class:`robustbench_endo.synthesis.settings.SynthesisConfig`.
        empty: label of what is no instrument: 0, or 255 where it is unknown which of several tissues it is.
    """

    pool: Pool
    backgrounds: Backgrounds
    rule: str
    empty: int


@dataclass(frozen=True)
class Picture:
    """A picture with its answers.

    Attributes:
        image: uint8 (H, W, 3).
        mask: uint8 (H, W), the data set's labels.
        activity: name of its folder; None for a data set without activities.
        record: the sources and places of all that is in it, for JSON.
    """

    image: Bytes
    mask: Bytes
    activity: str | None
    record: dict[str, Any]


def picture(sources: Sources, settings: SynthesisConfig, index: int) -> Picture:
    """The picture of that index; it does not depend on any other.

    Raises:
        SynthesisError: no cut-out could be placed on the background.
    """
    rng = np.random.default_rng([settings.seed, index])
    number = int(rng.integers(len(sources.backgrounds)))
    ground = stage(sources.backgrounds.load(number), sources.pool.size, rng)
    subject = sources.backgrounds.subject_id(number)
    placed = _placed(sources, settings, ground, subject, rng)
    if not placed:
        raise SynthesisError(
            f"Expected an instrument that can enter the picture {index}, got none of {_CANDIDATES} that fits at "
            f"scales from {settings.scales[0]} to {settings.scales[1]}: allow other scales or another size."
        )
    scene = _composed(ground, placed, sources.empty, rng)
    record = {
        "background": sources.backgrounds.id(number),
        "background_subject": subject,
        "instruments": [_described(cutout, where) for cutout, where, _ in placed],
    }
    lit = np.rint(255 * np.clip(scene.image, 0, 1)).astype(np.uint8)
    return Picture(lit, scene.labels, _activity(sources.rule, placed), record)


_Placed = list[tuple[Cutout, Placement, Layer]]


def _placed(
    sources: Sources, settings: SynthesisConfig, ground: StagedBackground, subject_id: str, rng: np.random.Generator
) -> _Placed:
    wanted = int(rng.integers(1, settings.max_instruments + 1))
    pool = [
        cutout
        for cutout in sources.pool.cutouts
        if not settings.within_subjects or cutout.origin.subject_id == subject_id
    ]
    placed: _Placed = []
    for choice in rng.permutation(len(pool))[:_CANDIDATES]:
        cutout = pool[choice]
        if placed and sources.rule == "source" and cutout.origin.activity != placed[0][0].origin.activity:
            continue
        where = place(cutout, ground.view, settings.scales, rng)
        if where is None:
            continue
        piece = layer(cutout, where, sources.pool.size)
        if all(_apart(piece.solid, other.solid) for _, _, other in placed):
            placed.append((cutout, where, piece))
        if len(placed) == wanted:
            break
    return placed


def _apart(one: Flags, other: Flags) -> bool:
    return bool((one & other).sum() <= _OVERLAP * min(one.sum(), other.sum()))


def _composed(ground: StagedBackground, placed: _Placed, empty: int, rng: np.random.Generator) -> Scene:
    around = surroundings(ground)
    scene = Scene(ground.image, np.full(ground.view.shape, empty, np.uint8))
    for cutout, _, piece in placed:
        scene = lay(scene, adapted(piece, cutout, around, rng), rng)
    labels = np.where(ground.view, scene.labels, 0 if empty != IGNORE else empty).astype(np.uint8)
    return Scene(scene.image * aperture(ground.view)[..., None], labels)


def _activity(rule: str, placed: _Placed) -> str | None:
    if rule == "count":
        return "1" if len(placed) == 1 else "2"
    return placed[0][0].origin.activity if rule == "source" else None


def _described(cutout: Cutout, where: Placement) -> dict[str, Any]:
    return {
        "frame": cutout.origin.frame,
        "subject_id": cutout.origin.subject_id,
        "activity": cutout.origin.activity,
        "piece": cutout.origin.piece,
        "side": where.side,
        "scale": round(where.scale, 4),
        "degrees": round(where.degrees, 2),
        "mirrored": where.mirrored,
    }
