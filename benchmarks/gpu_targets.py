"""The targets of the measurements on a GPU, and whether a result meets them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

Result = Mapping[str, Any]


class Target(NamedTuple):
    """A number with a limit.

    Attributes:
        name: what is limited.
        sign: ``>=`` or ``<=``.
        limit: of the value.
        value: the value of a result of gpu_all.py.
    """

    name: str
    sign: str
    limit: float
    value: Callable[[Result], float]


TARGETS = (
    Target("Triton works on the GPU", ">=", 1, lambda r: r["device"]["triton_kernels"]),
    Target("tests marked gpu that fail", "<=", 0, lambda r: len(r["tests"]["failed"])),
    Target("tests marked gpu that pass", ">=", 1, lambda r: r["tests"]["passed"]),
    Target("corruptions, frames/s in all", ">=", 5000, lambda r: r["corruptions"]["frames_per_s"]),
    Target("slowest corruption, frames/s", ">=", 2000, lambda r: r["corruptions"]["least_frames_per_s"]),
    Target("agreement with the CPU, % of values", ">=", 99.99, lambda r: 100 * r["agreement"]["least"]),
    Target("surface distances of scenes, ms a frame", "<=", 0.2, lambda r: _metric(r, "scene", "surface_distances")),
    Target("mask SSIM of scenes, ms a frame and model", "<=", 0.05, lambda r: _metric(r, "scene", "mask_ssim")),
    Target("Triton kernels under 1.5 x plain torch", "<=", 0, lambda r: len(r["kernels"]["delete"])),
    Target("evaluation / forward passes, one model", "<=", 1.35, lambda r: r["evaluation"]["alone"]["ratio"]),
    Target("evaluation / forward passes, three models", "<=", 1.2, lambda r: r["evaluation"]["shared"]["ratio"]),
    Target("EndoARSS, images/s", ">=", 1000, lambda r: r["inference"]["images_per_s"]),
    Target("EndoARSS at batch 1, MiB", "<=", 1668, lambda r: r["inference"]["peak_mib_batch_1"]),
    Target("training of EndoARSS at batch 16, MiB", "<=", 6144, lambda r: r["training"]["peak_mib"]),
)
TABLE7_TARGET = Target("Table VII, minutes", "<=", 5, lambda r: r["table7"]["minutes"])


def _metric(result: Result, kind: str, name: str) -> float:
    return float(result["metrics"][kind][name]["ms_per_frame"])


def rows(result: Result, targets: Iterable[Target] = TARGETS) -> list[dict[str, Any]]:
    """One row for each target; what was not measured does not meet its target.

    Args:
        result: by part.
        targets: to compare it with.
    """
    table = []
    for target in targets:
        try:
            value: float | None = float(target.value(result))
        except (KeyError, TypeError):
            value = None
        met = value is not None and (value >= target.limit if target.sign == ">=" else value <= target.limit)
        table.append({"name": target.name, "sign": target.sign, "limit": target.limit, "value": value, "met": met})
    return table
