"""Devices, precision and stages."""

import threading
import warnings
from contextlib import contextmanager

import pytest
import torch

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation import device as device_module
from robustbench_endo.evaluation.device import (
    Stream,
    autocast,
    choose_device,
    choose_precision,
    deterministic,
    device_errors,
    finish,
    streams_on,
    upload,
    use_device,
)
from robustbench_endo.evaluation.full_float32 import _has_newer


def test_choose_device_of_auto_and_cpu():
    assert choose_device("cpu").type == "cpu"
    assert choose_device("auto").type == ("cuda" if torch.cuda.is_available() else "cpu")


def test_choose_device_rejects_a_missing_gpu():
    with pytest.raises(RobustEndoError, match=r"Expected a CUDA device for 'cuda:77', got \d+ on this machine"):
        choose_device("cuda:77")


@pytest.mark.parametrize("name", ["gpu", "meta", "vulkan", "cuda:x", ""])
def test_choose_device_rejects_what_cannot_compute(name):
    with pytest.raises(RobustEndoError, match=f"such as auto, cpu, cuda:0 or mps, got '{name}': use --device"):
        choose_device(name)


@pytest.mark.parametrize(("name", "index"), [("auto", 1), ("cuda", 1), ("cuda:0", 0), ("cuda:1", 1)])
def test_choose_device_numbers_the_current_gpu(name, index, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "current_device", lambda: 1)
    assert choose_device(name) == torch.device("cuda", index)


@pytest.mark.parametrize(("supported", "precision"), [(True, "bf16"), (False, "fp32")])
def test_choose_precision_asks_the_gpu_of_the_run(supported, precision, monkeypatch):
    current = []

    @contextmanager
    def on_device(device):
        current.append(device)
        yield
        current.pop()

    def is_bf16_supported(including_emulation):
        assert current == [torch.device("cuda", 1)]
        return supported

    monkeypatch.setattr(device_module, "on_device", on_device)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", is_bf16_supported)
    assert choose_precision("auto", torch.device("cuda", 1)) == precision
    assert choose_precision("fp32", torch.device("cuda", 1)) == "fp32"


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


def test_deterministic_training_warns_of_all_but_attention(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with deterministic(backward=True):
            warnings.warn("Memory Efficient attention defaults to a non-deterministic algorithm. To", stacklevel=1)
            warnings.warn("Flash Attention defaults to a non-deterministic algorithm. To", stacklevel=1)
            warnings.warn("put_ does not have a deterministic implementation", stacklevel=1)
    assert [str(warning.message)[:4] for warning in caught] == ["put_"]


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


def test_streams_on_a_gpu_let_small_kernels_go_before_the_model(monkeypatch):
    created = []
    monkeypatch.setattr(torch.cuda, "Stream", lambda device, priority: created.append((str(device), priority)))
    streams_on(torch.device("cuda", 1))
    assert created == [("cuda:1", -1), ("cuda:1", 0), ("cuda:1", -1)]


class Uploaded:
    """Stands for a tensor; lists what is done with it."""

    def __init__(self, calls):
        self.calls = calls

    def pin_memory(self):
        self.calls.append("pin")
        return self

    def to(self, device, **options):
        self.calls.append((str(device), options))
        return self


def test_upload_to_a_gpu_pins_on_it_and_does_not_wait(monkeypatch):
    calls = []

    @contextmanager
    def on_device(device):
        calls.append(f"on {device}")
        yield
        calls.append("off")

    monkeypatch.setattr(device_module, "on_device", on_device)
    upload(Uploaded(calls), torch.device("cuda", 1))
    assert calls == ["on cuda:1", "pin", ("cuda:1", {"non_blocking": True}), "off"]


def test_use_device_and_finish_touch_only_gpus(monkeypatch):
    calls = []

    class CurrentStream:
        def synchronize(self):
            calls.append("synchronize")

    monkeypatch.setattr(torch.cuda, "set_device", calls.append)
    monkeypatch.setattr(torch.cuda, "current_stream", lambda device: calls.append(device) or CurrentStream())
    use_device(torch.device("cpu"))
    finish(torch.device("cpu"))
    assert calls == []
    gpu = torch.device("cuda", 1)
    use_device(gpu)
    finish(gpu)
    assert calls == [gpu, gpu, "synchronize"]


def test_device_errors_report_a_lost_device_in_one_sentence():
    gpu = torch.device("cuda:0")
    message = r"Lost device cuda:0: CUDA error: unspecified launch failure\. Completed work"
    with pytest.raises(RunError, match=message), device_errors(gpu):
        raise RuntimeError("CUDA error: unspecified launch failure\nSearch for cudaErrorLaunchFailure")
    with pytest.raises(RuntimeError, match="mat1"), device_errors(gpu):
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        getattr(torch, "AcceleratorError", RuntimeError)("CUDA error: out of memory\nSearch for cudaErrorMemory"),
    ],
)
def test_device_errors_do_not_call_a_lack_of_memory_a_lost_device(error):
    with pytest.raises(RunError, match=r"^Cannot go on: out of memory on cuda:0 \(.*\)\. .*--batch-size"):  # noqa: SIM117
        with device_errors(torch.device("cuda:0")):
            raise error


@pytest.mark.gpu
def test_streams_of_a_gpu_have_the_priorities_asked_for(gpu):
    if gpu.type != "cuda":
        pytest.skip("only CUDA has streams")
    assert [stream._stream.priority for stream in streams_on(gpu)] == [-1, 0, -1]
