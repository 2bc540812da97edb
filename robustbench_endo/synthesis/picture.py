"""One synthesised picture, a pure function of (seed, index, sources)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from robustbench_endo.synthesis.arrays import Bytes, Flags
from robustbench_endo.synthesis.backgrounds import Backgrounds
from robustbench_endo.synthesis.cutout import Cutout
from robustbench_endo.synthesis.errors import SynthesisError
from robustbench_endo.synthesis.layers import Layer, Scene, adapted, lay, layer, surroundings
from robustbench_endo.synthesis.placement import Placement, place
from robustbench_endo.synthesis.pool import Pool
from robustbench_endo.synthesis.settings import Settings
from robustbench_endo.synthesis.stage import Stage, aperture, stage
from robustbench_endo.types import IGNORE

_CANDIDATES = 12
"""Cut-outs that are tried for one place in a picture."""

_OVERLAP = 0.25
"""Largest share of either of two instruments that may lie over or under the other."""


@dataclass(frozen=True)
class Sources:
    """What pictures are made of.

    Attributes:
        rule: `source`, `count` or `none`, see :class:`robustbench_endo.synthesis.settings.Settings`.
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


def picture(sources: Sources, settings: Settings, index: int) -> Picture:
    """The picture of that index; it does not depend on any other.

    Raises:
        SynthesisError: no cut-out could be placed on the background.
    """
    rng = np.random.default_rng([settings.seed, index])
    number = int(rng.integers(len(sources.backgrounds)))
    ground = stage(sources.backgrounds.load(number), sources.pool.size, rng)
    group = sources.backgrounds.group(number)
    placed = _placed(sources, settings, ground, group, rng)
    if not placed:
        raise SynthesisError(
            f"Expected an instrument that can enter the picture {index}, found none of {_CANDIDATES} that fits at "
            f"scales from {settings.scales[0]} to {settings.scales[1]}: allow other scales or another size."
        )
    scene = _composed(ground, placed, sources.empty, rng)
    record = {
        "background": sources.backgrounds.id(number),
        "background_group": group,
        "instruments": [_described(cutout, where) for cutout, where, _ in placed],
    }
    lit = np.rint(255 * np.clip(scene.image, 0, 1)).astype(np.uint8)
    return Picture(lit, scene.labels, _activity(sources.rule, placed), record)


_Placed = list[tuple[Cutout, Placement, Layer]]


def _placed(sources: Sources, settings: Settings, ground: Stage, group: str, rng: np.random.Generator) -> _Placed:
    wanted = int(rng.integers(1, settings.max_instruments + 1))
    pool = [cutout for cutout in sources.pool.cutouts if not settings.within_groups or cutout.origin.group == group]
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


def _composed(ground: Stage, placed: _Placed, empty: int, rng: np.random.Generator) -> Scene:
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
        "group": cutout.origin.group,
        "activity": cutout.origin.activity,
        "piece": cutout.origin.piece,
        "side": where.side,
        "scale": round(where.scale, 4),
        "degrees": round(where.degrees, 2),
        "mirrored": where.mirrored,
    }
