"""The kernels that decode logits, run by Triton's interpreter, compared with the CPU."""

from __future__ import annotations

import pytest


@pytest.mark.slow
def test_decode_in_triton_agrees_with_the_cpu(triton_failures: dict[str, str]) -> None:
    assert triton_failures["check_decode"] == ""
