"""Detection of Triton."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from types import ModuleType

import pytest
import torch

from robustbench_endo.corruptions.kernels import triton_support
from robustbench_endo.corruptions.kernels.triton_support import triton_failure, use_triton

WORDS = [[0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]]
GPU, OTHER_GPU = torch.device("cuda", 0), torch.device("cuda", 1)


class FakeTriton(ModuleType):
    """Stands for the module with Triton's random numbers; raises the errors of its list first."""

    def __init__(self, *errors: Exception, words: list[list[int]] = WORDS) -> None:
        super().__init__("philox_triton")
        self.errors, self.words, self.calls = list(errors), words, 0

    def random_numbers(self, distribution, keys, count, stream, device) -> torch.Tensor:
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return torch.tensor(self.words)


@pytest.fixture
def fake_triton(monkeypatch: pytest.MonkeyPatch):
    """Replace Triton's random numbers and forget what was detected."""

    def use(module: FakeTriton | None) -> FakeTriton | None:
        monkeypatch.setattr(triton_support, "_failures", {})
        monkeypatch.setattr(triton_support, "find_spec", lambda name: name if module else None)
        name = "robustbench_endo.corruptions.kernels.rng"
        monkeypatch.setitem(sys.modules, f"{name}.philox_triton", module)
        monkeypatch.setattr(f"{name}.philox_triton", module, raising=False)
        return module

    return use


def test_use_triton_is_false_on_the_cpu() -> None:
    assert not use_triton(torch.device("cpu"))
    assert triton_failure(torch.device("cpu")) is None


def test_use_triton_is_false_without_the_package(fake_triton, caplog) -> None:
    fake_triton(None)
    assert not use_triton(GPU)
    assert triton_failure(GPU) == "the package triton is not installed"
    assert [record.getMessage().partition(". ")[0] for record in caplog.records] == [
        "Cannot use Triton on cuda:0: the package triton is not installed"
    ]


def test_use_triton_detects_once_by_device(fake_triton, caplog) -> None:
    module = fake_triton(FakeTriton())
    assert all(use_triton(device) for device in (GPU, GPU, OTHER_GPU, OTHER_GPU))
    assert module.calls == 2
    assert triton_failure(GPU) is None
    assert not caplog.records


def test_triton_failure_is_logged_once_in_one_line(fake_triton, caplog) -> None:
    fake_triton(FakeTriton(RuntimeError("Failed to find C compiler.\nSet CC.")))
    assert [use_triton(GPU) for _ in range(3)] == [False] * 3
    assert triton_failure(GPU) == "RuntimeError: Failed to find C compiler"
    (record,) = caplog.records
    assert record.levelno == logging.WARNING
    assert "RuntimeError: Failed to find C compiler" in record.getMessage()
    assert "\n" not in record.getMessage()


def test_triton_failure_of_one_device_is_not_that_of_another(fake_triton) -> None:
    fake_triton(FakeTriton(RuntimeError("unsupported")))
    assert not use_triton(GPU)
    assert use_triton(OTHER_GPU)


def test_use_triton_is_false_where_the_numbers_are_wrong(fake_triton) -> None:
    fake_triton(FakeTriton(words=[[1, 2, 3, 4]]))
    assert not use_triton(GPU)
    assert "[[1, 2, 3, 4]]" in str(triton_failure(GPU))


def test_use_triton_tries_again_after_a_lack_of_memory(fake_triton, caplog) -> None:
    module = fake_triton(FakeTriton(torch.OutOfMemoryError("CUDA out of memory"), RuntimeError("CUFFT_ALLOC_FAILED")))
    assert not use_triton(GPU)
    assert "CUFFT_ALLOC_FAILED" in str(triton_failure(GPU))
    assert use_triton(GPU)
    assert module.calls == 3
    assert not caplog.records


def test_use_triton_compiles_in_one_of_several_threads(fake_triton) -> None:
    module = fake_triton(FakeTriton())
    start = threading.Barrier(4)
    results = []

    def detect() -> None:
        start.wait()
        results.append(use_triton(GPU))

    threads = [threading.Thread(target=detect) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [True] * 4
    assert module.calls == 1


@pytest.mark.gpu
def test_use_triton_is_true_on_this_gpu(gpu: torch.device) -> None:
    assert triton_failure(gpu) is None
    assert use_triton(gpu) == (gpu.type == "cuda")


@pytest.mark.slow
def test_importing_the_corruptions_does_not_import_triton() -> None:
    script = "import sys; from robustbench_endo.corruptions import CORRUPTIONS; sys.exit('triton' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
