"""Cost of training: memory of a step of EndoARSS at the paper's size, time of a step under each weighting.

    python benchmarks/bench_training.py

Memory is the allocator's peak over one step (forward, backward, Adam) of ViT-B/14, batch 16, 224 px, with the weights.
Without a GPU it is what the same step allocates on the CPU under bf16 autocast, so without what cuDNN adds. The paper
reports 9,858 MiB.
"""

from __future__ import annotations

from typing import Any, ClassVar

import torch
from bench_models import peak_mib
from timing import interleave, machine, save_result

from robustbench_endo.models import build
from robustbench_endo.tasks.registry import TASKS
from robustbench_endo.training import Hardware, TrainConfig
from robustbench_endo.training.activation_checkpointing import activation_checkpointing
from robustbench_endo.training.data import Batch, PrefetchLoader
from robustbench_endo.training.fabric import make_fabric
from robustbench_endo.training.train_step import TrainStep

PAPER_MIB, MAX_MIB = 9858, 6 * 1024
WEIGHTINGS = ("equal", "moco", "aligned_mtl", "stch", "db_mtl")


class NoFrames:
    """Replaces the frames, as the steps below receive a batch."""

    targets: ClassVar = {task.name: torch.zeros_like(task.stack([None], (1, 1))) for task in TASKS}

    def __len__(self) -> int:
        return 1


def batch_of(size: int, side: tuple[int, int]) -> Batch:
    """Random frames with 7 labels and 3 activities."""
    targets = {"segmentation": torch.randint(0, 7, (size, *side)), "activity": torch.arange(size) % 3}
    return Batch(torch.rand(size, 3, *side), targets, tuple(map(str, range(size))))


def train_step(spec: str, config: TrainConfig, device: str) -> TrainStep:
    """A training step without frames."""
    fabric = make_fabric(Hardware(device), config.precision)
    model = fabric.to_device(build(spec, 7, 3)).train()
    return TrainStep(model, PrefetchLoader(NoFrames(), 1, 0, lambda: None), config, fabric)  # type: ignore[arg-type]


def memory(device: str, batch_size: int, checkpointing: bool, weighting: str) -> dict[str, Any]:
    """Peak of the second step, in MiB; the first one creates Adam's state."""
    config = TrainConfig(precision="bf16-mixed", class_weights="none", weighting=weighting, grad_clip=0.0)
    loop, batch = train_step("endoarss/tesla", config, device), batch_of(batch_size, (224, 224))
    weights = sum(p.numel() * p.element_size() for p in loop.model.parameters())
    trained = sum(p.numel() * p.element_size() for p in loop.model.parameters() if p.requires_grad)

    def step() -> None:
        if checkpointing:
            with activation_checkpointing(loop.model):
                loop.step(batch)
        else:
            loop.step(batch)

    if device == "cpu":
        peak = peak_mib(step) + weights / 2**20  # Adam's state and the gradients are made inside the step
    else:
        step()
        torch.cuda.reset_peak_memory_stats()
        step()
        peak = torch.cuda.max_memory_allocated() / 2**20
    return {
        "batch": batch_size,
        "weighting": weighting,
        "activation_checkpointing": checkpointing,
        "weights_mib": round(weights / 2**20),
        "trained_mib": round(trained / 2**20),
        "peak_mib": round(peak),
    }


def step_times(device: str) -> list[dict[str, Any]]:
    """The time of a step with each weighting relative to one with `equal`."""
    batch, rows = batch_of(8, (160, 208)), []
    for spec in ("tiny-resnet/mmoe", "tiny-resnet/dselect_k", "tiny-endoarss/tesla"):
        plain = train_step(spec, TrainConfig(), device)
        for name in WEIGHTINGS[1:]:
            other = train_step(spec, TrainConfig(weighting=name), device)
            theirs, base = interleave(lambda o=other: o.step(batch), lambda p=plain: p.step(batch), 5)
            rows.append(
                {"model": spec, "weighting": name, "ms": round(theirs, 1), "over_equal": round(theirs / base, 2)}
            )
    return rows


def main() -> None:
    """Measure and save."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    torch.set_num_threads(1)
    content = {
        "machine": machine(),
        "device": torch.cuda.get_device_name() if device == "cuda" else "cpu",
        "paper_mib": PAPER_MIB,
        "target_mib": MAX_MIB,
        "memory": [
            memory(device, 16, checkpointing, weighting)
            for checkpointing in (False, True)
            for weighting in ("equal", "db_mtl")
        ],
        "steps": step_times(device),
    }
    save_result("training_gpu" if device == "cuda" else "training_cpu", content)


if __name__ == "__main__":
    main()
