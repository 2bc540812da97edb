"""A Ray cluster of two nodes, each with processes of its own, of which one is lost while it computes."""

import gc
import time
import warnings
from dataclasses import replace

import pytest
from torch import nn

from robustbench_endo.evaluation import run
from robustbench_endo.evaluation.engines.ray import RayEngine

PATIENCE = 60.0


class Signed(nn.Module):
    """A model that leaves the name of the node that asked it in a folder."""

    def __init__(self, inner, folder):
        super().__init__()
        self.inner, self.folder = inner, folder

    def forward(self, images):
        import ray

        (self.folder / ray.get_runtime_context().get_node_id()).touch()
        return self.inner(images)


@pytest.fixture
def nodes():
    """A cluster and the node of it that can be lost."""
    pytest.importorskip("ray", reason="the extra `ray` is not installed")
    from ray.cluster_utils import Cluster

    options = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=options)
    yield cluster, cluster.add_node(**options)
    for node in cluster.list_all_nodes():  # Cluster.shutdown() refuses to end a node that this process had joined
        node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)
    cluster.head_node = None
    cluster.worker_nodes.clear()
    cluster.shutdown()  # which forgets the address, too
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()  # as in test_ray.py


def test_a_node_is_lost_in_the_middle(nodes, make_request, tmp_path):
    cluster, mortal = nodes
    request = make_request(frames=12)
    run(replace(request, out=tmp_path / "here"))
    signed = tmp_path / "signed"
    signed.mkdir()
    models = {**request.models, "low": Signed(request.models["low"], signed)}

    def lose(done, total):
        if done and mortal in cluster.worker_nodes:
            deadline = time.monotonic() + PATIENCE
            while not (signed / mortal.node_id).exists():
                assert time.monotonic() < deadline, "the second node was given nothing to do"
                time.sleep(0.05)
            cluster.remove_node(mortal, allow_graceful=False)

    run(replace(request, models=models), lose, RayEngine(address=cluster.address))
    assert {path.name for path in signed.iterdir()} == {cluster.head_node.node_id, mortal.node_id}
    assert mortal not in cluster.worker_nodes
    assert (request.out / "results.parquet").read_bytes() == (tmp_path / "here" / "results.parquet").read_bytes()
