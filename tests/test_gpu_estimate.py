"""The estimate of the GPU path counts what a GPU would do, and gives the numbers of the CPU."""

import functools
import sys
from importlib.util import find_spec

import pytest
import torch
from docs_pages import ROOT

BENCHMARKS = ROOT / "benchmarks"


@pytest.fixture
def emulated(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import emulated_gpu

    return emulated_gpu


def kinds(run):
    return [(item.kind, item.name) for item in run.operations]


def test_emulated_gpu_records_launches_and_copies(emulated):
    values = torch.arange(6.0)

    def call():
        on_gpu = values.to("cuda")
        result = (on_gpu.view(2, 3) * 2 + torch.ones(3, device="cuda")).cpu()
        assert on_gpu.device.type == "cuda"
        assert torch.equal(result, values.view(2, 3) * 2 + 1)

    with emulated.emulated_gpu():
        run = emulated.record(call)
    assert kinds(run) == [("upload", "copy"), *[("torch", name) for name in ("mul", "ones", "add")], ("sync", "copy")]
    assert [item.moved for item in run.operations] == [24, 48, 12, 60, 24]


def test_emulated_gpu_waits_where_sizes_depend_on_data(emulated):
    def call():
        mask = emulated.to_gpu(torch.tensor([True, False, True]))
        assert bool(mask.any())
        assert len(mask.nonzero()) == 2
        assert mask[mask].tolist() == [True, True]

    with emulated.emulated_gpu():
        run = emulated.record(call)
    assert [name for kind, name in kinds(run) if kind == "sync"] == ["item", "size", "size", "copy"]


def test_emulated_gpu_does_not_wait_for_pinned_memory(emulated):
    with emulated.emulated_gpu():
        run = emulated.record(lambda: torch.ones(4).pin_memory().to("cuda", non_blocking=True))
    assert kinds(run) == [("copy", "copy")]


def test_estimate_for_a_batch_grows_with_the_frames(emulated):
    from gpu_machine import BANDWIDTH, SHORTEST, Operation, Run, for_batch

    small, large = (Run([Operation("torch", "add", 10.0 + 5e9 * n), Operation("torch", "sum", 8)]) for n in (1, 3))
    add, total = for_batch(small, large, (1, 3), 32).operations
    assert add.moved == pytest.approx(10 + 32 * 5e9)
    assert add.gpu_s == pytest.approx(add.moved / BANDWIDTH)
    assert total.gpu_s == SHORTEST


def test_estimate_counts_the_bytes_of_expanded_tensors_once(emulated):
    from operation_cost import size

    assert size(torch.zeros(1, 3).expand(100, 3)) == 12


@pytest.fixture
def empty_caches():
    """Tables of the emulated GPU do not stay for tests that use a real or a fake one."""

    def clear():
        for name, module in list(sys.modules.items()):
            if name.startswith("robustbench_endo.") and not name.startswith("robustbench_endo.reports"):
                for function in vars(module).values():
                    if isinstance(function, functools._lru_cache_wrapper):
                        function.cache_clear()

    clear()
    yield
    clear()


@pytest.mark.skipif(find_spec("triton") is None, reason="needs Triton")
def test_estimate_of_a_corruption_counts_triton_kernels(emulated, empty_caches):
    from gpu_corruptions import corruptions

    row = corruptions(["pixelate"], [3], 64)["rows"]["pixelate"]["3"]
    assert row["triton"] >= 1
    assert row["ms"] > row["gpu_ms"] > 0
    assert row["syncs"] == 0
