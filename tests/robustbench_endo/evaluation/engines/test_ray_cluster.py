"""Addresses of Ray clusters, and joining them."""

import socket
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
def test_check_address_without_a_listener_raises(form, listening):
    address = "{}:{}".format(*listening.getsockname())
    listening.close()
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
