"""Instruments laid over a background, one after the other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter

from robustbench_endo.synthesis.arrays import Bytes, Flags, Floats, luma
from robustbench_endo.synthesis.cutout import Cutout
from robustbench_endo.synthesis.light import contact_shadow, gains, matching_blur, mean_colour, shading, sharpness
from robustbench_endo.synthesis.placement import Placement
from robustbench_endo.synthesis.stage import Stage, warped


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


def surroundings(stage: Stage) -> Surroundings:
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
