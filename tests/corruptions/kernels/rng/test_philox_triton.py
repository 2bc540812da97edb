"""Philox in Triton, interpreted."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_random_numbers_equal_the_cpu(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_philox"] == ""
