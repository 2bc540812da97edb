"""Corruptions of the suite endo19: speed by severity, and agreement with the CPU."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import torch
from measured_setting import Save, Setting, as_on_a_gpu, counted
from torch import Tensor

from robustbench_endo.corruptions import load_suite
from robustbench_endo.data.synthetic import SyntheticScenes

SIDE = 512
AGREEMENT_SIZES = ((512, 512), (392, 523))
"""Of the second one, cells of noise are not whole pixels."""


@lru_cache(maxsize=4)
def scenes(size: tuple[int, int], count: int) -> Tensor:
    """Synthetic scenes on the CPU, (count, 3, H, W) in [0, 1]."""
    data = SyntheticScenes(split="test", frames=count, size=size)
    return torch.stack([data[i].image for i in range(count)]).float() / 255


def measure(setting: Setting, save: Save) -> None:
    """Milliseconds, frames per second, launches, synchronisations and bytes of each corruption and severity."""
    suite, side = load_suite("endo19"), setting.of(SIDE, 48)
    frames = scenes((side, side), setting.of(4, 1)).to(setting.device)
    batch = frames[torch.arange(setting.batch, device=setting.device) % len(frames)].contiguous()
    ids = [str(i) for i in range(len(batch))]
    result: dict[str, Any] = {"side": side, "batch": len(batch), "rows": {}}
    with as_on_a_gpu(setting.device):
        for name in suite.names[: setting.of(None, 3)]:
            result["rows"][name] = rows = {}
            for severity in setting.of((1, 2, 3, 4, 5), (3,)):

                def call(name: str = name, severity: int = severity) -> Tensor:
                    return suite.corrupt(batch, name, severity, ids).images

                ms = setting.milliseconds(call)
                with setting.peak() as peak:
                    call()
                rows[str(severity)] = {
                    "ms": ms,
                    "frames_per_s": 1e3 * len(batch) / ms,
                    **counted(call, setting),
                    "peak_mib": peak["mib"],
                }
            save(result)
    times = [row["ms"] for rows in result["rows"].values() for row in rows.values()]
    # All frames over all time: a mean of rates would hide what is slow.
    result["frames_per_s"] = 1e3 * len(batch) * len(times) / sum(times)
    result["least_frames_per_s"], result["slowest"] = min(
        (row["frames_per_s"], f"{name} {severity}")
        for name, rows in result["rows"].items()
        for severity, row in rows.items()
    )
    save(result)


def agreement(setting: Setting, save: Save) -> None:
    """The share of values that differ by at most one level of 255 from the CPU, by corruption, severity and size."""
    suite = load_suite("endo19")
    result: dict[str, Any] = {"rows": {}}
    for name in suite.names[: setting.of(None, 3)]:
        result["rows"][name] = rows = {}
        for severity in setting.of((1, 2, 3, 4, 5), (5,)):
            shares = []
            for size in setting.of(AGREEMENT_SIZES, ((49, 65),)):
                frames = scenes(size, 1)
                expected = suite.corrupt(frames, name, severity, ["0"]).images
                with as_on_a_gpu(setting.device):
                    images = suite.corrupt(frames.to(setting.device), name, severity, ["0"]).images.cpu()
                shares.append(float(((images - expected).abs() * 255 <= 1.001).double().mean()))
            rows[str(severity)] = min(shares)
        result["least"], result["worst"] = min(
            (share, f"{name} {severity}") for name, rows in result["rows"].items() for severity, share in rows.items()
        )
        save(result)
