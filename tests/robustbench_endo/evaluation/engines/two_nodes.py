"""A run here and on a Ray cluster of two nodes of which one is lost while it computes: ``two_nodes.py DATA OUT``.

A process of its own (see test_ray_nodes.py): Ray ends one whose cluster is gone a minute later.
"""

import json
import sys
import time
from pathlib import Path

import ray
import torch
from ray.cluster_utils import Cluster
from torch import Tensor, nn

from robustbench_endo.corruptions import load_suite
from robustbench_endo.data import FolderDataset
from robustbench_endo.evaluation import Request
from robustbench_endo.evaluation.engines.ray import RayEngine
from robustbench_endo.evaluation.run import run

PATIENCE = 60.0


class Signing(nn.Module):
    """A model that leaves the name of the node that asked it, if one did, in a folder."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        if ray.is_initialized():
            (self.folder / ray.get_runtime_context().get_node_id()).touch()
        light = images.mean(1, keepdim=True) - 0.6
        return {"segmentation": torch.cat((-20 * light, 20 * light, torch.full_like(light, -9)), 1)}


def main(data: Path, out: Path) -> None:
    """Writes who computed, and whether both runs gave the same bytes, into found.json."""
    (out / "signed").mkdir(parents=True)

    def request(name: str) -> Request:
        return Request(
            {"signing": Signing(out / "signed")},
            FolderDataset(data),
            load_suite("endo19"),
            corruptions=("gaussian_noise", "contrast"),
            severities=(1, 5),
            out=out / name,
        )

    run(request("here"))
    options = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=options)
    mortal = cluster.add_node(**options)
    nodes = [cluster.head_node.node_id, mortal.node_id]

    def lose(done: int, total: int) -> None:
        if done and mortal in cluster.worker_nodes:
            deadline = time.monotonic() + PATIENCE
            while not (out / "signed" / mortal.node_id).exists():
                assert time.monotonic() < deadline, "the second node was given nothing to do"
                time.sleep(0.05)
            cluster.remove_node(mortal, allow_graceful=False)

    run(request("there"), lose, RayEngine(address=cluster.address))
    here, there = ((out / name / "results.parquet").read_bytes() for name in ("here", "there"))
    found = {
        "signed": sorted(path.name for path in (out / "signed").iterdir()),
        "nodes": sorted(nodes),
        "lost": mortal not in cluster.worker_nodes,
        "same": here == there,
    }
    cluster.head_node = None  # it ends with this process: Ray refuses to end a node that it had joined
    cluster.shutdown()
    (out / "got.json").write_text(json.dumps(found), "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
