"""One process of several that train a small model: `python two_processes.py RANK WORLD METHOD,METHOD FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from torch import Tensor, nn

from robustbench_endo.training.weighting import TaskGradients, load_weighting


class Small(nn.Module):
    """Without batch norm, which would see half a batch."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.trunk = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 4, 3), nn.ReLU())
        self.heads = nn.ModuleDict({"segmentation": nn.Conv2d(4, 2, 1), "activity": nn.Linear(4, 3)})

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        features = self.trunk(images)
        return {
            "segmentation": self.heads["segmentation"](features),
            "activity": self.heads["activity"](features.mean(dim=(2, 3))),
        }


def mean(flat: Tensor) -> Tensor:
    dist.all_reduce(flat)
    return flat / dist.get_world_size()


def trained(method: str, rank: int, world: int) -> dict[str, Tensor]:
    """The weights after four steps over every world-th frame."""
    generator = torch.Generator().manual_seed(3)
    images = torch.rand(8, 3, 10, 10, generator=generator)[rank::world]
    masks = torch.randint(0, 2, (8, 6, 6), generator=generator)[rank::world]
    activities = torch.randint(0, 3, (8,), generator=generator)[rank::world]
    model, weighting = Small(), load_weighting(method)
    torch.manual_seed(rank)  # processes augment apart; the weighting must not
    gradients = None
    for step in range(4):
        weighting.start_epoch(4 + step // 2)
        logits = model(images)
        losses = {
            "segmentation": F.cross_entropy(logits["segmentation"], masks),
            "activity": F.cross_entropy(logits["activity"], activities),
        }
        gradients = gradients or TaskGradients.of(model, losses, {}, weighting)
        gradients.add(losses)
        gradients.finish(mean if world > 1 else None)
        for parameter in model.parameters():  # torch.optim takes a second and a half to import
            parameter.data -= 0.1 * parameter.grad
    return model.state_dict()


def main() -> None:
    rank, world, folder = int(sys.argv[1]), int(sys.argv[2]), Path(sys.argv[4])
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{folder}/meeting", rank=rank, world_size=world)
    weights = {method: trained(method, rank, world) for method in sys.argv[3].split(",")}
    torch.save(weights, folder / f"{rank}.pt")
    dist.destroy_process_group()


if __name__ == "__main__":
    main()
