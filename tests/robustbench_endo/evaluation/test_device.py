"""Devices, precision and stages."""

import threading

import pytest
import torch

from robustbench_endo.errors import RobustEndoError
from robustbench_endo.evaluation.device import (
    Stream,
    autocast,
    choose_device,
    choose_precision,
    deterministic,
    streams_on,
    upload,
)
from robustbench_endo.evaluation.full_float32 import _has_newer


def test_choose_device_of_auto_and_cpu():
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_choose_device_rejects_a_missing_gpu():
    with pytest.raises(RobustEndoError, match=r"Expected a CUDA device for 'cuda:77', got \d+ on this machine"):
        choose_device("cuda:77")
    with pytest.raises(RobustEndoError, match="Expected a device such as auto"):
        choose_device("gpu")


@pytest.mark.parametrize(("name", "precision"), [("auto", "fp32"), ("fp32", "fp32"), ("bf16", "bf16")])
def test_choose_precision_on_the_cpu_rounds_only_on_request(name, precision):
    assert choose_precision(name, torch.device("cpu")) == precision


def test_autocast_computes_in_bf16_only_on_request():
    layer, images = torch.nn.Linear(2, 2), torch.ones(1, 2)
    for precision, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16)):
        with autocast(precision, torch.device("cpu")):
            assert layer(images).dtype == dtype


@pytest.mark.parametrize("backward", [False, True])
def test_deterministic_restores_the_settings(backward):
    before = torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision()
    with deterministic(backward=backward):
        pass
    assert before == (torch.are_deterministic_algorithms_enabled(), torch.get_float32_matmul_precision())


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.skipif(not _has_newer(), reason="torch < 2.9 has only the older interface")
def test_deterministic_on_a_gpu_accepts_the_newer_precision_interface(backward, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    matmul, convolutions, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn.conv, torch.backends.cudnn
    before = matmul.fp32_precision
    matmul.fp32_precision = "tf32"
    try:
        settings = cudnn.benchmark, cudnn.deterministic, cudnn.enabled
        with deterministic(backward=backward):
            assert matmul.fp32_precision == ("tf32" if backward else "ieee")
            assert convolutions.fp32_precision == ("tf32" if backward else "ieee")
            assert (cudnn.benchmark, cudnn.deterministic) == (False, settings[1] if backward else True)
        assert matmul.fp32_precision == "tf32"
        assert settings == (cudnn.benchmark, cudnn.deterministic, cudnn.enabled)
    finally:
        matmul.fp32_precision = before


def test_stream_on_the_cpu_lets_threads_compute_in_parallel():
    stream, gate = Stream(torch.device("cpu")), threading.Barrier(2, timeout=10)

    def compute():
        with stream.acquire():
            gate.wait()

    threads = [threading.Thread(target=compute) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not gate.broken
    assert stream.record() is None


def test_streams_on_a_device_are_independent():
    streams = streams_on(torch.device("cpu"))
    assert len({id(stream) for stream in streams}) == 3


def test_upload_to_the_cpu_returns_the_tensor():
    tensor = torch.ones(3)
    assert upload(tensor, torch.device("cpu")) is tensor
