"""The Triton kernels of the surface distances, run by Triton's interpreter, compared with torch."""

import subprocess
import sys
from collections.abc import Callable

import pytest
import torch


@pytest.mark.slow
def test_interpreted_kernels_equal_torch(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_surface"] == ""


@pytest.mark.slow
def test_importing_the_metrics_does_not_import_triton() -> None:
    script = "import sys; from robustbench_endo.metrics import surface_distances; sys.exit('triton' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0


def test_steps_of_more_pairs_than_a_grid_has_along_a_further_axis(monkeypatch: pytest.MonkeyPatch) -> None:
    surface_triton = pytest.importorskip("robustbench_endo.metrics.surface_triton", reason="Triton is not installed")
    grids = []

    class Kernel:
        def __getitem__(self, grid: tuple[int, ...]) -> Callable[..., None]:
            grids.append(grid)
            return lambda *arguments, **options: None

    monkeypatch.setattr(surface_triton, "_steps", Kernel())
    pairs = torch.zeros(65_536, dtype=torch.int64)
    surface_triton.steps_to_site(torch.zeros(2, 1, 1, 65, dtype=torch.uint8), pairs, pairs)
    assert grids == [(2 * 65_536 * 2,)]


@pytest.mark.parametrize("module", ["surface_triton", "overlap_triton"])
def test_kernels_of_metrics_have_one_variant_for_all_sizes(module: str) -> None:
    kernels = vars(pytest.importorskip(f"robustbench_endo.metrics.{module}", reason="Triton is not installed")).values()
    parameters = [parameter for kernel in kernels for parameter in getattr(kernel, "params", ())]
    assert parameters
    assert all(parameter.is_constexpr or parameter.do_not_specialize for parameter in parameters)
