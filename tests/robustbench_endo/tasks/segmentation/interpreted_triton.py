"""Compares the Triton kernels of decoding with the CPU: see tests/triton_kernels/run_interpreter.py."""

from __future__ import annotations

import torch

from robustbench_endo.tasks.segmentation import decode_triton
from robustbench_endo.tasks.segmentation.decode import decode


def check_decode() -> None:
    random = torch.Generator().manual_seed(0)
    for dtype, shape, size in (
        (torch.float32, (9, 7), (40, 52)),
        (torch.bfloat16, (9, 7), (9, 7)),
        (torch.float16, (20, 33), (7, 9)),
        (torch.float32, (1, 5), (3, 31)),
    ):
        logits = 3 * torch.randn(2, 5, *shape, generator=random).to(dtype)
        logits[1, :, 0, 1:3] = 1.5  # equal: the first class
        expected = decode(logits, size)
        assert torch.equal(decode_triton.label_maps(logits, size), expected.label_map), (dtype, size)
        valid, confidence, entropy = decode_triton.summarise(logits)
        assert valid.all()
        torch.testing.assert_close(confidence, expected.confidence, rtol=0, atol=1e-6)
        torch.testing.assert_close(entropy, expected.entropy, rtol=0, atol=3e-6)
    logits[0, 2, 0, 4], logits[1, 0, 0, 0] = torch.nan, -torch.inf
    assert not decode_triton.summarise(logits)[0].any()
