"""What training costs: memory of a step of EndoARSS at the paper's size, time of a step under each weighting.

    python benchmarks/bench_training.py

Memory is the allocator's peak over one step (forward, backward, Adam) of ViT-B/14, batch 16, 224 px, with the weights.
On a GPU it is measured there; without one it is what the same step allocates on the CPU under bf16 autocast, so that it
says what is kept, not what cuDNN adds. The paper reports 9,858 MiB.
"""

from __future__ import annotations

from typing import Any

import torch
from bench_models import peak_mib
from timing import in_turn, keep, machine

from robustbench_endo.models import build
from robustbench_endo.training import Hardware, TrainConfig
from robustbench_endo.training.activation_checkpointing import activation_checkpointing
from robustbench_endo.training.data import Batch, Loader
from robustbench_endo.training.hardware import make_fabric
from robustbench_endo.training.train_step import Loop

PAPER_MIB, MOST_MIB = 9858, 6 * 1024
WEIGHTINGS = ("equal", "moco", "aligned_mtl", "stch", "db_mtl")


class NoFrames:
    """Stands where the frames would: the steps below are given their batch."""

    masks = torch.zeros(1, 1, 1, dtype=torch.uint8)

    def __len__(self) -> int:
        return 1


def batch_of(size: int, side: tuple[int, int]) -> Batch:
    """Random frames with 7 labels and 3 activities."""
    masks = torch.randint(0, 7, (size, *side))
    return Batch(torch.rand(size, 3, *side), masks, torch.arange(size) % 3, tuple(map(str, range(size))))


def loop_of(spec: str, settings: TrainConfig, device: str) -> Loop:
    """A loop without frames."""
    fabric = make_fabric(Hardware(device), settings.precision)
    model = fabric.to_device(build(spec, 7, 3)).train()
    return Loop(model, Loader(NoFrames(), 1, 0, lambda: None), settings, fabric)  # type: ignore[arg-type]


def memory(device: str, batch_size: int, checkpointing: bool, weighting: str) -> dict[str, Any]:
    """Peak of the second step, in MiB; the first one makes Adam's state."""
    settings = TrainConfig(precision="bf16-mixed", class_weights="none", weighting=weighting, grad_clip=0.0)
    loop, batch = loop_of("endoarss/tesla", settings, device), batch_of(batch_size, (224, 224))
    weights = sum(p.numel() * p.element_size() for p in loop.model.parameters())
    trained = sum(p.numel() * p.element_size() for p in loop.model.parameters() if p.requires_grad)

    def step() -> None:
        if checkpointing:
            with activation_checkpointing(loop.model):
                loop._step(batch, 1.0, 0, 0)
        else:
            loop._step(batch, 1.0, 0, 0)

    if device == "cpu":
        found = peak_mib(step) + weights / 2**20  # Adam's state and the gradients are made inside the step
    else:
        step()
        torch.cuda.reset_peak_memory_stats()
        step()
        found = torch.cuda.max_memory_allocated() / 2**20
    return {
        "batch": batch_size,
        "weighting": weighting,
        "activation_checkpointing": checkpointing,
        "weights_mib": round(weights / 2**20),
        "trained_mib": round(trained / 2**20),
        "peak_mib": round(found),
    }


def step_times(device: str) -> list[dict[str, Any]]:
    """A step of each weighting over one of `equal`, in turn."""
    batch, rows = batch_of(8, (160, 208)), []
    for spec in ("tiny-resnet/mmoe", "tiny-resnet/dselect_k", "tiny-endoarss/tesla"):
        plain = loop_of(spec, TrainConfig(), device)
        for name in WEIGHTINGS[1:]:
            other = loop_of(spec, TrainConfig(weighting=name), device)
            theirs, base = in_turn(
                lambda o=other: o._step(batch, 1.0, 0, 0), lambda p=plain: p._step(batch, 1.0, 0, 0), 5
            )
            rows.append(
                {"model": spec, "weighting": name, "ms": round(theirs, 1), "over_equal": round(theirs / base, 2)}
            )
    return rows


def main() -> None:
    """Measures, prints, keeps."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)
    content = {
        "machine": machine(),
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "paper_mib": PAPER_MIB,
        "target_mib": MOST_MIB,
        "memory": [
            memory(device, 16, checkpointing, weighting)
            for checkpointing in (False, True)
            for weighting in ("equal", "db_mtl")
        ],
        "steps": step_times(device),
    }
    keep("training_gpu" if device == "cuda" else "training_cpu", content)


if __name__ == "__main__":
    main()
