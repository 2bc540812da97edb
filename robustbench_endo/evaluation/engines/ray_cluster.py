"""Joining a Ray cluster, or starting one on this machine for as long as it is needed."""

from __future__ import annotations

import re
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from os import environ
from typing import Any

from robustbench_endo.errors import OptionalDependencyError, RobustEndoError, RunError
from robustbench_endo.evaluation.workers import cores
from robustbench_endo.interruption import reinstall

CONNECT_TIMEOUT_S = 5.0
"""Seconds that an address has to reply."""

LOCAL, AUTO = "local", "auto"
_MODE = "RAY_AUTH_MODE"
_TOKENS = ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")
_SETTINGS = 4
_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes([0, 0, 0, _SETTINGS, 0, 0, 0, 0, 0])
_ADDRESS = re.compile(r"(?:ray://)?(?P<host>[^\s/:]+|\[[0-9a-fA-F:]+\]):(?P<port>\d{1,5})")


def import_ray() -> Any:
    """The package ``ray``.

    Raises:
        OptionalDependencyError: it is not installed.
    """
    try:
        import ray
    except ImportError as error:
        raise OptionalDependencyError(
            "Expected the package ray for --engine ray, got it not installed: install it with pip install "
            "'robustbench-endo[ray]', here and on every machine of the cluster."
        ) from error
    return ray


@contextmanager
def join_cluster(ray: Any, address: str | None, debug: bool = False) -> Iterator[None]:
    """Join a cluster: the one this process is in already, else that of the address, else a new one until the exit.

    Args:
        address: ``auto``, ``HOST:PORT`` or ``ray://HOST:PORT``; None: the environment's ``RAY_ADDRESS``, or a cluster
            on this machine.
        debug: print the output of Ray and the workers.

    Raises:
        RobustEndoError: a text that is no address.
        RunError: no cluster there, or one that Ray cannot use.
    """
    if ray.is_initialized():
        yield
        return
    target = address or environ.get("RAY_ADDRESS") or LOCAL
    check_address(target)
    # By default Ray gives its workers a lower priority than everything else on the machine.
    local_settings = {"num_cpus": cores(), "include_dashboard": False, "_system_config": {"worker_niceness": 0}}
    starting = local_settings if target == LOCAL else {}
    quiet = {"log_to_driver": debug, "logging_level": "info" if debug else "error"}
    with _closed_to_others() if target == LOCAL else nullcontext():
        yield from _connected(ray, target, starting | quiet)


def _connected(ray: Any, target: str, options: Mapping[str, Any]) -> Iterator[None]:
    try:
        ray.init(address=target, **options)
    except (OSError, RuntimeError, ValueError, TimeoutError, ray.exceptions.RayError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise RunError(
            f"Expected a Ray cluster for the address {target}, got {reason}: look at `ray status` there, set "
            "RAY_AUTH_MODE=token here if it asks for a token (~/.ray/auth_token, the same on all machines), or leave "
            "--address out to start one on this machine."
        ) from error
    reinstall()  # Ray replaces the handler of SIGTERM
    try:
        yield
    finally:
        ray.shutdown()  # of a cluster that was there before only the connection


@contextmanager
def _closed_to_others() -> Iterator[None]:
    """Let a cluster that starts here listen on the loopback interface only, and ask for a token of this run.

    A mode, token or file of tokens that the user has set stays.
    """
    settings = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # what Ray calls a cluster of one machine, on any system
    if not any(name in environ for name in (*_TOKENS, _MODE)):
        settings[_TOKENS[0]] = secrets.token_hex(32)
    if _MODE not in environ:
        settings[_MODE] = "token"
    before = {name: environ.get(name) for name in settings}
    environ.update(settings)
    restore = _reload_settings()
    try:
        yield
    finally:
        for name, value in before.items():
            environ.pop(name) if value is None else environ.update({name: value})
        restore()


def _reload_settings() -> Callable[[], None]:
    """Let Ray read the settings again, which it does when it is imported.

    Returns:
        A function that undoes this.
    """
    from ray._private import ray_constants
    from ray._raylet import AuthenticationTokenLoader, Config  # type: ignore[attr-defined]  # compiled

    before = ray_constants.ENABLE_RAY_CLUSTER

    def read(cluster: bool) -> None:
        ray_constants.ENABLE_RAY_CLUSTER = cluster
        Config.initialize("")  # before the token: a thread that still runs may read it
        AuthenticationTokenLoader.instance().reset_cache()

    read(False)
    return lambda: read(before)


def check_address(address: str) -> None:
    """Check that a cluster replies at an address, before Ray waits for minutes.

    Raises:
        RobustEndoError: a text that is no address.
        RunError: no reply, or not that of a cluster.
    """
    if address in (LOCAL, AUTO):
        return
    match = _ADDRESS.fullmatch(address)
    if match is None:
        raise RobustEndoError(
            f"Expected an address such as auto, HOST:6379 or ray://HOST:10001, got {address!r}: `ray status` on the "
            "cluster prints it."
        )
    try:
        is_grpc = _speaks_grpc(match["host"].strip("[]"), int(match["port"]))
    except (OSError, OverflowError) as error:
        raise RunError(
            f"Expected a Ray cluster at {address}, got no reply within {CONNECT_TIMEOUT_S:.0f} s ({error}): start "
            "it there (ray start --head), or leave --address out to start one on this machine."
        ) from error
    if not is_grpc:
        raise RunError(
            f"Expected a Ray cluster at {address}, got something else there: `ray status` on the cluster prints its "
            "address."
        )


def _speaks_grpc(host: str, port: int) -> bool:
    """Whether the other end replies to the preface of HTTP/2, which gRPC uses, with its own (RFC 9113, 3.4)."""
    with socket.create_connection((host, port), CONNECT_TIMEOUT_S) as link:
        if environ.get("RAY_USE_TLS", "0") == "1":
            return True
        link.sendall(_HTTP2_PREFACE)
        reply = link.recv(9)
    return len(reply) == 9 and reply[3] == _SETTINGS


def count_slots(ray: Any, device: str) -> int:
    """Tasks that the cluster computes at a time: one per GPU, or one per CPU core.

    Raises:
        RobustEndoError: a device that Ray does not assign.
        RunError: the cluster has none of it.
    """
    if device not in ("cpu", "cuda"):
        raise RobustEndoError(f"Expected the device cpu or cuda with --engine ray, got {device}: use --engine local.")
    kind = "GPU" if device == "cuda" else "CPU"
    number = int(ray.cluster_resources().get(kind, 0))
    if number < 1:
        raise RunError(
            f"Expected a Ray cluster with a {kind} for --device {device}, got none: add a machine that has one, or "
            "choose another --device."
        )
    return number
