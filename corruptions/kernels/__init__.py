"""Numerical kernels of the corruptions."""

from __future__ import annotations

from pathlib import Path

from robustbench_endo.corruptions.kernels.stale_caches import delete_stale_caches

delete_stale_caches(Path(__file__).parent)
