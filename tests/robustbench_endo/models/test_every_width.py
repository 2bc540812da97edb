"""Every width of the zoo's networks trains a step on the installed torch, in a process that a crash ends."""

from __future__ import annotations

import subprocess
import sys

import pytest

SIZE = "input_size=48x64"

SPECS = [
    *(f"tiny-resnet/hps@width={width},{SIZE}" for width in (4, 6, 8, 10, 12, 16, 24, 32)),
    *(f"tiny-resnet/tesla@width={width},{SIZE}" for width in (6, 8, 12)),
    *(f"tiny-resnet/mmoe@width=6,fine={c},head_channels={c},{SIZE}" for c in (4, 8, 12)),
    f"tiny-resnet/dselect_k@width=8,fine=8,head_channels=8,{SIZE}",
    *(f"tiny-endoarss/tesla@early={c},fine={c},head_channels={c},depth=1,{SIZE}" for c in (8, 12, 32)),
    *(f"resnet101/hps@depth=1,stride={stride},head_channels=8,{SIZE}" for stride in (8, 32)),
    *(f"{name}/tesla@size=s,depth=1,head_channels=8,input_size=any" for name in ("dinov2", "dinov3")),
    "endoarss/dselect_k@size=s,depth=1,head_channels=8,sma_dim=8,input_size=any",
]
"""Odd and even multiples of the 8 and 16 channels that vectorised kernels treat apart, and every backbone."""

TRAINING = """
import sys
import torch
from robustbench_endo.models import build
from robustbench_endo.models.contiguous_convolutions import use_contiguous_convolutions

torch.manual_seed(0)
for spec in sys.argv[1:]:
    print(spec, flush=True)
    network = build(spec, 7, 3).train()
    use_contiguous_convolutions({spec: network}, torch.device("cpu"))
    images = torch.rand(2, 3, 56, 70)
    logits, auxiliary = network.with_auxiliary(images)
    loss = sum(value.square().mean() for value in [*logits.values(), *auxiliary.values()])
    loss.backward()
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    assert all(parameter.grad is not None and parameter.grad.isfinite().all() for parameter in trained), spec
    torch.optim.Adam(trained).step()
    assert all(parameter.isfinite().all() for parameter in trained), spec
print("done", flush=True)
"""


@pytest.mark.slow
def test_every_width_trains_a_step():
    done = subprocess.run([sys.executable, "-c", TRAINING, *SPECS], capture_output=True, text=True, check=False)
    last = done.stdout.splitlines()[-1:]
    assert (done.returncode, last) == (0, ["done"]), f"{last}: {done.stderr[-2000:]}"
