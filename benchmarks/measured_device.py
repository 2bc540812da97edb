"""The GPU: versions, whether Triton works, and how fast it copies and multiplies."""

from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import torch
from measured_setting import Save, Setting
from timing import cores, machine

from robustbench_endo.corruptions.kernels.triton_support import triton_failure, use_triton

PACKAGES = ("torch", "triton", "timm", "numba", "numpy", "lightning-fabric", "onnxruntime-gpu", "pytest")


def measure(setting: Setting, save: Save) -> None:
    """Versions and device first, then the ceilings."""
    result = about(setting)
    save(result)
    result["ceilings"] = ceilings(setting)
    save(result)


def about(setting: Setting) -> dict[str, Any]:
    """The machine, its software, and whether Triton works on it."""
    device = setting.device
    result: dict[str, Any] = {
        **machine(*(name for name in PACKAGES if _installed(name))),
        "cores": cores(),
        "quick": setting.quick,
        "device": "cpu",
        "triton_kernels": use_triton(device),
        "triton_failure": triton_failure(device),
        "load": os.getloadavg()[0],
    }
    if device.type == "cuda":
        properties = torch.cuda.get_device_properties(device)
        result |= {
            "device": properties.name,
            "capability": f"{properties.major}.{properties.minor}",
            "memory_gib": round(properties.total_memory / 2**30, 1),
            "multiprocessors": properties.multi_processor_count,
            "cuda": torch.version.cuda,
        }
    return result


def _installed(name: str) -> bool:
    try:
        version(name)
    except PackageNotFoundError:
        return False
    return True


def ceilings(setting: Setting) -> dict[str, float]:
    """TB/s of a copy (bytes read and written), and TFLOP/s of products of square matrices."""
    numbers = torch.empty(setting.of(2**30, 2**16), dtype=torch.uint8, device=setting.device)
    other = torch.empty_like(numbers)
    copy = setting.milliseconds(lambda: other.copy_(numbers), 20)
    result = {"copy_tb_s": 2 * numbers.nbytes / copy / 1e9}
    side = setting.of(8192, 64)
    for name, dtype in (("bf16", torch.bfloat16), ("fp32", torch.float32)):
        a, b = (torch.randn(side, side, device=setting.device, dtype=dtype) for _ in range(2))
        ms = setting.milliseconds(lambda a=a, b=b: a @ b, 10)
        result[f"{name}_tflop_s"] = 2 * side**3 / ms / 1e9
    return result
