"""Addresses of Ray clusters, and joining them."""

import json
import os
import socket
import subprocess
import sys
from types import SimpleNamespace

import pytest

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation.engines import ray_cluster
from robustbench_endo.evaluation.engines.ray_cluster import check_address, count_slots, join_cluster


@pytest.fixture
def listening():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.mark.parametrize("address", ["auto", "local"])
def test_check_address_accepts_words(address):
    check_address(address)


@pytest.mark.parametrize("address", ["", "here", "host", "host:", "host:port", "http://host:1", "ray://host"])
def test_check_address_rejects_other_text(address):
    with pytest.raises(RobustEndoError, match=f"Expected an address such as auto, HOST:6379 .* got '{address}'"):
        check_address(address)


@pytest.mark.parametrize("form", ["{}", "ray://{}"])
def test_check_address_without_a_listener_raises(form):
    with socket.socket() as bound:  # it holds the port, which another process could otherwise listen on
        bound.bind(("127.0.0.1", 0))
        address = "{}:{}".format(*bound.getsockname())
        with pytest.raises(RunError, match="Expected a Ray cluster at .* got no reply within 5 s"):
            check_address(form.format(address))


def test_check_address_without_a_reply_raises(listening, monkeypatch):
    monkeypatch.setattr(ray_cluster, "CONNECT_TIMEOUT_S", 0.2)
    with pytest.raises(RunError, match="got no reply within 0 s .*timed out"):
        check_address("{}:{}".format(*listening.getsockname()))


@pytest.mark.parametrize(("reply", "fits"), [(bytes([0, 0, 6, 4, 0, 0, 0, 0, 0]), True), (b"SSH-2.0-x\r\n", False)])
def test_check_address_distinguishes_replies(monkeypatch, reply, fits):
    class Link:
        def __init__(self, address, timeout):
            assert timeout == ray_cluster.CONNECT_TIMEOUT_S

        def __enter__(self):
            return self

        def __exit__(self, *error):
            return None

        def sendall(self, greeting):
            assert greeting.startswith(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")

        def recv(self, count):
            return reply[:count]

    monkeypatch.setattr(ray_cluster.socket, "create_connection", Link)
    if fits:
        check_address("somewhere:6379")
    else:
        with pytest.raises(RunError, match="got something else there"):
            check_address("somewhere:6379")


class RefusedError(Exception):
    """An error of Ray."""


@pytest.mark.parametrize("error", [RefusedError, ConnectionError, RuntimeError])
def test_join_cluster_that_rejects_the_token_raises(error):
    def init(**options):
        raise error("InvalidAuthToken: missing or incorrect\nand more")

    ray = SimpleNamespace(
        is_initialized=lambda: False, init=init, exceptions=SimpleNamespace(RayError=RefusedError), shutdown=None
    )
    sentence = "got InvalidAuthToken: missing or incorrect: look at .* RAY_AUTH_MODE=token here if it asks"
    with pytest.raises(RunError, match=sentence), join_cluster(ray, "auto"):
        pass


@pytest.mark.parametrize(("device", "slots"), [("cpu", 4), ("cuda", 2)])
def test_count_slots_are_cores_or_gpus(device, slots):
    assert count_slots(SimpleNamespace(cluster_resources=lambda: {"CPU": 4.0, "GPU": 2.0}), device) == slots


LISTENING = """
import json, os, subprocess, sys
from pathlib import Path
import ray
from robustbench_endo.evaluation.engines.ray_cluster import join_cluster

WITHOUT_TOKEN = '''
import sys
from ray._raylet import GcsClient
try:
    GcsClient(address=sys.argv[1]).internal_kv_keys(b"", timeout=5)
except Exception as error:
    print(type(error).__name__)
else:
    print("accepted")
'''

def descendants():
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(folder.name)] = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            pass
    family = {os.getpid()}
    for _ in range(10):
        family |= {child for child, parent in parents.items() if parent in family}
    return family

def addresses():
    ports = {}
    for table in ("tcp", "tcp6"):
        for line in Path("/proc/net", table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A":
                ports[fields[9]] = fields[1].partition(":")[0]
    files = [file for pid in descendants() for file in Path(f"/proc/{pid}/fd").iterdir()]
    links = [os.readlink(file) for file in files if file.is_symlink()]
    return sorted({ports[link[8:-1]] for link in links if link[8:-1] in ports})

before = {name: os.environ.get(name) for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN")}
with join_cluster(ray, None):
    assert ray.get(ray.remote(num_cpus=1)(lambda: 1).remote()) == 1
    listening, gcs = addresses(), ray.get_runtime_context().gcs_address
    bare = {name: value for name, value in os.environ.items() if "RAY_AUTH" not in name} | {"HOME": sys.argv[1]}
    other = subprocess.run([sys.executable, "-c", WITHOUT_TOKEN, gcs], env=bare, capture_output=True, text=True)
assert before == {name: os.environ.get(name) for name in before}
print(json.dumps([listening, other.stdout.strip(), sorted(map(str, Path(sys.argv[1]).rglob("*")))]))
"""


@pytest.mark.slow
@pytest.mark.ray
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads the sockets of processes in /proc")
def test_join_cluster_that_it_starts_is_closed_to_others(tmp_path, tmp_path_factory):
    pytest.importorskip("ray")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("RAY_")}
    environment["HOME"] = str(tmp_path)
    environment["ROBUST_ENDO_CACHE"] = str(tmp_path_factory.mktemp("cache"))  # compiled kernels are no secret
    result = subprocess.run(
        [sys.executable, "-c", LISTENING, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=300
    )
    assert result.returncode == 0, result.stderr
    listening, without_token, written = json.loads(result.stdout.splitlines()[-1])
    assert listening, "no process of the cluster listens"
    assert set(listening) <= {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
    assert without_token == "AuthenticationError"
    assert written == []
