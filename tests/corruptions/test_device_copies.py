"""What corruptions copy to a GPU and wait for, recorded on the emulated GPU of the benchmarks."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType

import pytest
import torch

from robustbench_endo.corruptions import CORRUPTIONS, Corruption
from robustbench_endo.corruptions.kernels.device_tables import device_table
from robustbench_endo.corruptions.surgical import SURGICAL_CORRUPTIONS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
HOST_CODECS = ("jpeg2000", "video_compression")


def clear_tables() -> None:
    """Empty every cache that may hold a tensor, as none may hold one of the emulated GPU."""
    for name, module in list(sys.modules.items()):
        if name.startswith("robustbench_endo.") and not name.startswith("robustbench_endo.reports"):
            for item in vars(module).values():
                if isinstance(item, type(device_table)):
                    item.cache_clear()


@pytest.fixture(scope="module")
def emulator() -> Iterator[ModuleType]:
    """The emulated GPU."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(BENCHMARKS))
        import emulated_gpu

    clear_tables()
    yield emulated_gpu
    clear_tables()


def operations_of_second_call(
    corruption: Corruption, triton: bool, emulator: ModuleType, severity: int = 1
) -> Counter[str]:
    """What a call does by kind, after one of other names, for which tables are made."""
    with emulator.emulated_gpu(triton):
        images, areas = emulator.to_gpu(torch.rand(2, 3, 48, 57)), (None, None)
        emulator.record(lambda: corruption(images, severity, ["a", "b"], areas=areas))
        run = emulator.record(lambda: corruption(images, severity, ["c", "d"], areas=areas))
    return Counter(operation.kind for operation in run.operations)


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda item: item.name)
def test_corruption_never_waits_for_a_gpu_after_its_first_call(corruption: Corruption, emulator: ModuleType) -> None:
    kinds = operations_of_second_call(corruption, find_spec("triton") is not None, emulator)
    assert kinds["torch"] + kinds["triton"] > 0
    assert kinds["upload"] == kinds["sync"] == 0
    assert kinds["copy"] <= 4


@pytest.mark.parametrize("name", ["glass_blur", "motion_blur", "spatter"])
def test_corruption_without_triton_never_waits_either(name: str, emulator: ModuleType) -> None:
    (corruption,) = (item for item in CORRUPTIONS if item.name == name)
    kinds = operations_of_second_call(corruption, False, emulator)
    assert kinds["torch"] > 0
    assert kinds["upload"] == kinds["sync"] == kinds["triton"] == 0
    assert kinds["copy"] <= 4


@pytest.mark.parametrize("corruption", SURGICAL_CORRUPTIONS, ids=lambda item: item.name)
def test_surgical_corruption_waits_for_a_gpu_only_to_code_on_the_host(
    corruption: Corruption, emulator: ModuleType
) -> None:
    if corruption.name == "video_compression":
        pytest.importorskip("av")
    kinds = operations_of_second_call(corruption, find_spec("triton") is not None, emulator, severity=5)
    assert kinds["upload"] == 0  # an upload that waits: copies from pinned memory do not
    assert kinds["sync"] == (corruption.name in HOST_CODECS)
    assert kinds["copy"] <= 2  # keys and parameters
    assert 0 < kinds["torch"] + kinds["triton"] <= 200
