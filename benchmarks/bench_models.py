"""Speed and memory of the model zoo: TESLA compared with plain DINOv2, SMA with its plain form.

    python benchmarks/bench_models.py

One thread, batch 1, 224 x 224, random weights (no number here depends on their values).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import timm
import torch
from timing import interleave, machine, save_result
from torch import nn

from robustbench_endo.models import build
from robustbench_endo.models.layers.lora import repeat_for_tasks
from robustbench_endo.models.layers.sma import SMA

SIDE = 224
MAX_TESLA, MAX_SMA = 1.15, 0.5
"""Targets: time of two tasks over two plain forwards, memory of SMA over its plain form."""


def peak_mib(call: Callable[[], Any]) -> float:
    """The peak of the memory that was allocated while ``call`` ran."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CPU], profile_memory=True) as profiler:
            call()
    changes = [event for event in profiler.profiler.kineto_results.events() if event.name() == "[memory]"]
    current = peak = 0
    for change in sorted(changes, key=lambda event: event.start_ns()):
        current += change.nbytes()
        peak = max(peak, current)
    return peak / 2**20


def tesla(size: str, rounds: int) -> dict[str, Any]:
    """Two tasks through the merged encoder of ``endoarss/tesla``, without SMA, over two plain DINOv2 forwards."""
    names = {"s": "vit_small_patch14_dinov2", "b": "vit_base_patch14_dinov2"}
    plain = timm.create_model(names[size], num_classes=0, img_size=SIDE).eval()
    network = build(f"endoarss/tesla@size={size}", 7, 3).eval()
    images = torch.rand(1, 3, SIDE, SIDE)
    row: dict[str, Any] = {"model": f"endoarss/tesla@size={size}"}
    for form, encoder in (("adapters", network.trunk.encoder), ("merged", network.merged().trunk.encoder)):
        patches = encoder.stem[1]

        def both(patches: nn.Module = patches, encoder: nn.Module = encoder) -> Any:
            return encoder.body(repeat_for_tasks(patches(images), 2))

        ours, theirs = interleave(
            both, lambda: (plain.forward_features(images), plain.forward_features(images)), rounds
        )
        row[form] = {"ours_ms": round(ours, 1), "two_plain_ms": round(theirs, 1), "ratio": round(ours / theirs, 3)}
    return row


def sma(dim: int = 512, patch: int = 7) -> dict[str, Any]:
    """The factorised form over the plain one."""
    plain, factorised = SMA(dim, patch, factorised=False).eval(), SMA(dim, patch).eval()
    factorised.load_state_dict(plain.state_dict())
    images = torch.rand(1, 3, SIDE, SIDE)
    difference = (factorised(images) - plain(images)).abs().max().item()
    ours, theirs = interleave(lambda: factorised(images), lambda: plain(images), rounds=3)
    memory = peak_mib(lambda: factorised(images)), peak_mib(lambda: plain(images))
    return {
        "factorised_ms": round(ours, 1),
        "plain_ms": round(theirs, 1),
        "factorised_peak_mib": round(memory[0], 1),
        "plain_peak_mib": round(memory[1], 1),
        "memory_ratio": round(memory[0] / memory[1], 4),
        "largest_difference": difference,
    }


def main() -> None:
    """Measure, print and save."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    with torch.inference_mode():
        result = {"machine": machine("torch", "timm"), "sma": sma(), "tesla": [tesla("s", 9), tesla("b", 5)]}
    print("SMA, d = 512:", result["sma"])
    for row in result["tesla"]:
        print(row["model"], "two tasks, without SMA:", row["adapters"], "merged:", row["merged"])
    print("saved in", save_result("models", result))
    assert result["sma"]["memory_ratio"] < MAX_SMA
    assert all(row["merged"]["ratio"] <= MAX_TESLA for row in result["tesla"])


if __name__ == "__main__":
    main()
