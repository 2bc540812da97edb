"""Local shuffling in Triton, interpreted."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_local_shuffle_agrees_with_the_cpu(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_local_shuffle"] == ""
