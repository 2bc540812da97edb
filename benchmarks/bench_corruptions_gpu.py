"""Corruptions on a GPU, 512 x 512 in batches of 32: frames per second, memory, operations, agreement with the CPU.

Run with ``make bench-gpu`` or ``python benchmarks/bench_corruptions_gpu.py``; needs a CUDA device.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any

import torch
from nvjpeg import nvjpeg_round_trip, psnr
from op_counter import OpCounter
from timing import machine, save_result
from torch import Tensor

from robustbench_endo.corruptions import Suite, load_suite
from robustbench_endo.corruptions.kernels.jpeg.codec import jpeg_round_trip
from robustbench_endo.corruptions.kernels.triton_support import use_triton
from robustbench_endo.data.synthetic import SyntheticScenes

MIN_FRAMES_PER_S = 5000  # frames per second, mean over the corruptions
QUALITY = 15


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, print and save."""
    options = parsed(arguments)
    if not torch.cuda.is_available():
        sys.exit("bench_corruptions_gpu: expected a CUDA device, got none: nothing was measured.")
    suite, frames = load_suite("endo19"), scenes(options.size)
    batch = frames.cuda()[torch.arange(options.batch) % len(frames)].contiguous()
    print("corruption            frames/s      ms  memory launches  full  agreement")
    rows = {}
    for name in suite.names:
        rows[name] = row = measured(suite, name, batch, frames, options)
        print(
            f"{name:20s} {row['frames_per_s']:9.0f} {row['ms']:7.2f} {row['memory']:6.1f}x {row['launches']:8d} "
            f"{row['full_passes']:5d} {100 * row['agreement']:9.4f}%"
        )
    result = {**summary(rows, options.batch), "jpeg": codecs(batch), "corruptions": rows}
    print(
        f"mean {result['mean_frames_per_s']:.0f} frames/s (at least {MIN_FRAMES_PER_S}), over all of them "
        f"{result['throughput_frames_per_s']:.0f}; memory at most {result['memory']:.1f}x (at most 12x); "
        f"agreement at least {100 * result['agreement']:.4f}% (at least 99.99%)"
    )
    for name, row in result["jpeg"].items():
        print(f"jpeg codec only, {name}: {row}")
    about = {"size": options.size, "batch": options.batch, "severities": options.severities, **device(batch)}
    print(save_result("corruptions_gpu", {**machine("torch", "numba", "numpy"), **about, **result}))


def parsed(arguments: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=512, help="side of the frames in pixels")
    parser.add_argument("--batch", type=int, default=32, help="frames per batch")
    parser.add_argument("--severities", type=int, nargs="+", default=[1, 3, 5])
    parser.add_argument("--rounds", type=int, default=10, help="timed calls per severity")
    return parser.parse_args(arguments)


def scenes(size: int) -> Tensor:
    """Four synthetic scenes on the CPU, (4, 3, size, size) in [0, 1]."""
    data = SyntheticScenes(split="test", frames=4, size=(size, size))
    return torch.stack([data[i].image for i in range(4)]).float() / 255


def device(batch: Tensor) -> dict[str, Any]:
    """The GPU and its software."""
    properties = torch.cuda.get_device_properties(batch.device)
    return {
        "device": properties.name,
        "capability": f"{properties.major}.{properties.minor}",
        "cuda": torch.version.cuda,
        "triton_kernels": use_triton(batch.device),
    }


def measured(suite: Suite, name: str, batch: Tensor, frames: Tensor, options: argparse.Namespace) -> dict[str, Any]:
    """Time, memory, operations and agreement of one corruption: the mean, or the worst, of the severities."""
    ids = [str(i) for i in range(len(batch))]
    times, memory, agreement, counts = [], [], [], []
    for severity in options.severities:

        def call(severity: int = severity) -> Tensor:
            return suite.corrupt(batch, name, severity, ids).images

        times.append(milliseconds(call, options.rounds))
        memory.append(memory_of(call, batch))
        with OpCounter(batch.numel() // 3) as counter:
            call()
        counts.append(counter)
        expected = suite.corrupt(frames, name, severity, ids[: len(frames)]).images
        images = suite.corrupt(frames.to(batch.device), name, severity, ids[: len(frames)]).images.cpu()
        agreement.append(float(((images - expected).abs() * 255 <= 1.001).double().mean()))
    mean = statistics.mean(times)
    return {
        "ms": mean,
        "frames_per_s": 1e3 * len(batch) / mean,
        "memory": max(memory),
        "launches": max(item.launches for item in counts),
        "full_passes": max(item.full for item in counts),
        "touched": max(item.touched for item in counts) / batch.nbytes,
        "agreement": min(agreement),
    }


def milliseconds(call: Callable[[], Any], rounds: int) -> float:
    """Median wall time of ``call``, synchronised with the device, after three calls that compile and warm up."""
    times = []
    for _ in range(3 + rounds):
        torch.cuda.synchronize()
        start = time.perf_counter()
        call()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1e3)
    return statistics.median(times[3:])


def memory_of(call: Callable[[], Any], batch: Tensor) -> float:
    """The peak of the memory in use, batch included, in multiples of the batch; without what earlier calls left."""
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated() - batch.nbytes
    call()
    return (torch.cuda.max_memory_allocated() - before) / batch.nbytes


def summary(rows: dict[str, dict[str, Any]], batch: int) -> dict[str, Any]:
    """The quantities with a target, over all corruptions."""
    return {
        "mean_frames_per_s": statistics.mean(row["frames_per_s"] for row in rows.values()),
        "throughput_frames_per_s": 1e3 * batch * len(rows) / sum(row["ms"] for row in rows.values()),
        "memory": max(row["memory"] for row in rows.values()),
        "agreement": min(row["agreement"] for row in rows.values()),
    }


def codecs(batch: Tensor) -> dict[str, dict[str, Any]]:
    """Our JPEG codec and NVIDIA's compared with libjpeg on the CPU."""
    original = batch[:4].cpu()
    expected = jpeg_round_trip(original, QUALITY)
    rows: dict[str, dict[str, Any]] = {}
    for name, codec in (("ours", jpeg_round_trip), ("nvjpeg", nvjpeg_round_trip)):
        try:
            decoded = codec(batch[:4], QUALITY).cpu()
        except (ImportError, RuntimeError) as error:
            rows[name] = {"absent": str(error).splitlines()[0]}
            continue
        rows[name] = {
            "ms": milliseconds(lambda codec=codec: codec(batch, QUALITY), 5),
            "agreement": float(((decoded - expected).abs() * 255 <= 1.001).double().mean()),
            "psnr_off_libjpeg_db": psnr(decoded, original) - psnr(expected, original),
        }
    return rows


if __name__ == "__main__":
    main()
