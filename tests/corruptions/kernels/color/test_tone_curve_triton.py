"""Interpolated tables in Triton, interpreted."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_interpolate_tables_agrees_with_the_cpu(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_interpolate_tables"] == ""
