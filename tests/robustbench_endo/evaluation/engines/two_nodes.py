"""A run here and on a Ray cluster of two nodes of which one is lost during the run: ``two_nodes.py DATA OUT``.

It runs in a separate process (see test_ray_nodes.py): Ray ends a process a minute after its cluster was removed.
"""

import json
import sys
import time
from pathlib import Path

import ray
import torch
from ray.cluster_utils import Cluster
from torch import Tensor, nn

import robustbench_endo as rb
from robustbench_endo.data import FolderDataset
from robustbench_endo.evaluation.engines.ray import RayEngine

TIMEOUT_S = 60.0


class Signing(nn.Module):
    """A model that writes the name of the node that called it, if one did, into a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        if ray.is_initialized():
            (self.folder / ray.get_runtime_context().get_node_id()).touch()
        light = images.mean(1, keepdim=True) - 0.6
        return {"segmentation": torch.cat((-20 * light, 20 * light, torch.full_like(light, -9)), 1)}


def main(data: Path, out: Path) -> None:
    """Write which nodes computed, and whether both runs gave the same bytes, into got.json."""
    (out / "signed").mkdir(parents=True)

    models, corruptions = {"signing": Signing(out / "signed")}, ("gaussian_noise", "contrast")
    rb.evaluate(models, FolderDataset(data), corruptions, (1, 5), out / "here", device="cpu")
    options = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=options)
    mortal = cluster.add_node(**options)
    nodes = [cluster.head_node.node_id, mortal.node_id]

    def lose(done: int, total: int) -> None:
        if done and mortal in cluster.worker_nodes:
            deadline = time.monotonic() + TIMEOUT_S
            while not (out / "signed" / mortal.node_id).exists():
                assert time.monotonic() < deadline, "the second node received no task"
                time.sleep(0.05)
            cluster.remove_node(mortal, allow_graceful=False)

    engine = RayEngine(address=cluster.address)
    rb.evaluate(
        models, FolderDataset(data), corruptions, (1, 5), out / "there", device="cpu", engine=engine, progress=lose
    )
    here, there = ((out / name / "results.parquet").read_bytes() for name in ("here", "there"))
    content = {
        "signed": sorted(path.name for path in (out / "signed").iterdir()),
        "nodes": sorted(nodes),
        "removed": mortal not in cluster.worker_nodes,
        "same": here == there,
    }
    cluster.head_node = None  # it ends with this process: Ray does not end a node that it has joined
    cluster.shutdown()
    (out / "got.json").write_text(json.dumps(content), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
