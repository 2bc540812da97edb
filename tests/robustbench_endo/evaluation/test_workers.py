"""Threads and batch sizes: results depend on neither, memory is used as far as it goes."""

import hashlib
import subprocess
import sys

import numpy as np
import pytest
import torch
from torch import nn

from robustbench_endo.errors import RobustEndoError, RunError
from robustbench_endo.evaluation import plan as plan_module
from robustbench_endo.evaluation import workers as workers_module
from robustbench_endo.evaluation.batch import read_batches
from robustbench_endo.evaluation.workers import (
    AdaptiveBatchSize,
    Workers,
    limit_malloc_arenas,
    run_with_oom_fallback,
)
from robustbench_endo.models import load_model

SCRIPT = """
import ctypes, sys, threading
from robustbench_endo.evaluation.workers import limit_malloc_arenas

libc = ctypes.CDLL(None)
libc.fopen.restype = libc.malloc.restype = ctypes.c_void_p
libc.malloc_info.argtypes, libc.fclose.argtypes = (ctypes.c_int, ctypes.c_void_p), (ctypes.c_void_p,)

def heaps():
    file = libc.fopen(sys.argv[1].encode(), b"w")
    libc.malloc_info(0, file)
    libc.fclose(file)
    return open(sys.argv[1]).read().count("<heap nr=")

def take():
    libc.malloc(ctypes.c_size_t(4096))
    gate.wait()

shared, before, gate = limit_malloc_arenas(), heaps(), threading.Barrier(7)
threads = [threading.Thread(target=take) for _ in range(7)]
for thread in threads: thread.start()
for thread in threads: thread.join()
print(shared, heaps() - before)
"""


@pytest.fixture(autouse=True)
def _one_chunk(monkeypatch):
    """All frames of a run in one chunk, so that a batch may be as large."""
    monkeypatch.setattr(plan_module, "split_chunks", lambda indices, device: [indices])


class Small(nn.Module):
    """A model on a device that holds ``capacity`` frames; it treats each pixel by itself, so batches do not matter."""

    sizes: list[int] = []  # noqa: RUF012 - every copy appends to the same list

    def __init__(self, capacity: int) -> None:
        super().__init__()
        self.capacity = capacity

    def forward(self, images):
        if len(images) > self.capacity:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB.")
        self.sizes.append(len(images))
        light = images.mean(1, keepdim=True) - 0.6
        return {"segmentation": torch.cat((-light, light, torch.full_like(light, -9)), 1)}


def test_run_with_oom_fallback_halves_the_batch_and_remembers_it(make_plan, run, tmp_path):
    run(make_plan(frames=5, models={"m": Small(99)}, batch_size=10, out=tmp_path / "full"))
    Small.sizes.clear()
    halves = {"batch_size": 10, "workers": 1, "gallery_frames": 0}
    run(make_plan(frames=5, models={"m": Small(3)}, out=tmp_path / "halves", **halves))
    assert max(Small.sizes) == 3
    assert sum(Small.sizes) == 10 * 5
    first, second = (tmp_path / name / "results.parquet" for name in ("full", "halves"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize(
    "error", [RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate`"), MemoryError()]
)
def test_run_with_oom_fallback_knows_the_errors_of_every_library(make_plan, error):
    plan = make_plan(frames=2)
    (batch,), _ = read_batches(plan.dataset, range(4), plan.suite.resolution, plan.tasks)

    def compute(batch, item):
        if len(batch) > 1:
            raise error
        return [(batch.ids[0], item)]

    size = AdaptiveBatchSize(None)
    assert run_with_oom_fallback(compute, batch, size, "clean") == [(name, "clean") for name in batch.ids]
    assert size.max == 1


def test_run_with_oom_fallback_of_a_single_frame_raises(make_plan, run):
    message = r"Out of memory for a single frame of \(48, 64\) px.*CUDA out of memory.*--resolution"
    with pytest.raises(RunError, match=message):
        run(make_plan(frames=2, models={"m": Small(0)}))


def test_adaptive_batch_size_is_reduced_and_never_raised():
    size = AdaptiveBatchSize(None)
    assert size.split(5, 10**9) == [[0, 1, 2, 3, 4]]
    size.reduce(2)
    size.reduce(4)
    assert size.split(5, 10**9) == [[0, 1], [2, 3], [4]]


@pytest.mark.parametrize(("pixels", "longest"), [(10, 4), (50, 2), (51, 1), (1000, 1)])
def test_adaptive_batch_size_in_pixels_holds_at_least_one_frame(pixels, longest):
    size = AdaptiveBatchSize(4, 100)
    assert [len(part) for part in size.split(5, pixels)] == [longest] * (5 // longest) + [5 % longest] * (longest > 1)
    size.reduce(1)
    assert size.split(2, pixels) == [[0], [1]]


class Hashing(nn.Module):
    """Collects the SHA-256 of every image."""

    hashes: list[str] = []  # noqa: RUF012 - every copy appends to the same list

    def forward(self, images):
        self.hashes += [hashlib.sha256(image.contiguous().numpy().tobytes()).hexdigest() for image in images]
        return {"activity": images.mean((2, 3))}


@pytest.mark.parametrize(
    ("batch", "pixels", "sizes"),
    [(1, None, {1}), (7, None, {7, 3}), (32, None, {10}), (None, 3 * 48 * 64, {3, 1}), (None, 10**9, {10})],
)
def test_batch_size_is_the_number_of_frames_that_a_model_sees(make_plan, run, monkeypatch, batch, pixels, sizes):
    Small.sizes.clear()
    monkeypatch.setattr(plan_module, "MAX_PIXELS", pixels)
    options = {"corruptions": ("contrast",), "severities": (1,), "batch_size": batch, "gallery_frames": 0}
    run(make_plan(models={"m": Small(99)}, **options))
    assert set(Small.sizes) == sizes


@pytest.mark.parametrize("batch", [1, 7])
def test_batch_size_does_not_change_the_images(make_plan, run, tmp_path, batch):
    corruptions = ("smoke", "elastic_transform", "shot_noise", "jpeg_compression")
    hashes = []
    for size in (32, batch):
        Hashing.hashes.clear()
        options = {"corruptions": corruptions, "batch_size": size, "out": tmp_path / str(size)}
        run(make_plan(frames=5, models={"m": Hashing()}, **options))
        hashes.append(sorted(Hashing.hashes))
    assert len(hashes[0]) == 10 * (1 + 4 * 2)
    assert hashes[0] == hashes[1]


@pytest.mark.slow
def test_batch_size_changes_confidences_by_less_than_1e_5_only(make_plan, run, tmp_path):
    models = {"tiny": load_model("tiny-resnet/mmoe", num_classes=3, num_activities=2, weights=None)}
    few = {"frames": 4, "models": models, "corruptions": ("contrast",), "severities": (3,), "gallery_frames": 0}
    frames = [run(make_plan(**few, batch_size=size, out=tmp_path / str(size))).frame for size in (1, 7, 32)]
    for other in frames[1:]:
        for name in frames[0]:
            first, second = frames[0][name], other[name]
            if any(word in name for word in ("confidence", "entropy", "brier")):
                np.testing.assert_allclose(first, second, atol=1e-5, err_msg=name)
            else:
                assert first.equals(second), name


def test_batch_size_below_one_and_compilation_for_the_cpu_are_rejected(make_plan):
    with pytest.raises(RobustEndoError, match="Expected a batch of at least 1 frame, got 0"):
        make_plan(frames=1, batch_size=0)
    with pytest.raises(RobustEndoError, match="Expected a CUDA device to compile models for, got cpu"):
        make_plan(frames=1, compile=True)


def test_workers_give_each_thread_a_copy_that_shares_the_weights():
    model = nn.Linear(2, 2)
    with Workers({"m": model}, torch.device("cpu"), 2) as workers:
        assert len(workers) == 2
        with workers.models() as models:
            assert models["m"].weight is model.weight or models["m"].weight.data_ptr() == model.weight.data_ptr()
        assert torch.get_num_threads() == 1


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc has one heap per thread")
@pytest.mark.slow
def test_limit_malloc_arenas_lets_threads_share_a_heap(tmp_path):
    command = [sys.executable, "-c", SCRIPT, str(tmp_path / "heaps.xml")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    shared, new = done.stdout.split()
    if shared == "False":
        pytest.skip("this C library has no heap per thread")
    assert int(new) == 0


def test_limit_malloc_arenas_does_nothing_elsewhere(monkeypatch):
    monkeypatch.setattr(workers_module.sys, "platform", "darwin")
    assert not limit_malloc_arenas()
