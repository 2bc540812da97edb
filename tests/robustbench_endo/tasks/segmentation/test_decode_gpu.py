"""Label maps and confidences in plain torch and by Triton, compared with the compiled ones."""

import pytest
import torch

from robustbench_endo.tasks.segmentation import confidence, decode_gpu
from robustbench_endo.tasks.segmentation.decode import decode

SIZES = [(20, 26), (131, 97), (7, 9), (33, 40)]


def frames(dtype):
    """Logits of which the last frame has one that is infinite."""
    logits = 3 * torch.randn(3, 5, 20, 26, generator=torch.Generator().manual_seed(0)).to(dtype)
    logits[2, 1, 3, 4] = torch.inf
    return logits


def assert_equal_to_compiled(logits, size, bits):
    expected = decode(logits.cpu(), size)
    valid, mean, entropy = (part.cpu() for part in decode_gpu.summarise(logits))
    assert torch.equal(valid, expected.valid)
    torch.testing.assert_close(mean[:2], expected.confidence[:2], rtol=0, atol=1e-6)
    torch.testing.assert_close(entropy[:2], expected.entropy[:2], rtol=0, atol=3e-6)
    for name, values in zip(confidence.NAMES, confidence.summarise(logits), strict=True):
        torch.testing.assert_close(values.cpu()[:2], expected.confidences[name][:2], rtol=0, atol=1e-6, msg=name)
    sampled = decode_gpu.sampled_confidence(logits, size).cpu()
    torch.testing.assert_close(sampled[:2], expected.sampled_confidence[:2], rtol=0, atol=1e-6)
    differing = (decode_gpu.label_maps(logits, size).cpu() != expected.label_map)[:2]
    assert differing.float().mean() <= (0 if bits else 1e-3)  # torch rounds the positions of pixels


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_decode_in_plain_torch_agrees_with_compiled(size, dtype):
    assert_equal_to_compiled(frames(dtype), size, bits=False)


@pytest.mark.gpu
@pytest.mark.parametrize("triton", [True, False], ids=["triton", "plain"])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_decode_on_a_gpu_agrees_with_compiled(size, dtype, triton, gpu, monkeypatch):
    if not triton:
        monkeypatch.setattr(decode_gpu, "use_triton", lambda device: False)
    assert_equal_to_compiled(frames(dtype).to(gpu), size, bits=triton and gpu.type == "cuda")


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_decode_on_a_gpu_uploads_nothing_again():
    logits = frames(torch.bfloat16).cuda()
    decode(logits, (131, 97))
    torch.cuda.set_sync_debug_mode("error")
    try:
        decode(logits, (131, 97))
    finally:
        torch.cuda.set_sync_debug_mode("default")
