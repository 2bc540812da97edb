"""Noise in Triton, interpreted."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_apply_noise_and_poisson_noise_equal_the_cpu(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_noise_ops"] == ""
